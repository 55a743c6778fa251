# Copyright 2026 cdst_ros authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""Frames that were left out, and why."""

from __future__ import annotations

#: Reasons that are kept apart; a long bag must not fill the screen.
_KEPT = 10


class Skipped:
    """Counts frames by the reason for which they were left out."""

    def __init__(self) -> None:
        self.count = 0
        self._frames: dict[str, int] = {}
        self._first: dict[str, str] = {}
        self._notes: list[str] = []

    def add(self, reason: str, frame: str = '') -> None:
        """Count a frame."""
        self.count += 1
        if reason in self._frames or len(self._frames) < _KEPT:
            self._frames[reason] = self._frames.get(reason, 0) + 1
            self._first.setdefault(reason, frame)

    def note(self, reason: str, count: int = 0) -> None:
        """Add a sentence about ``count`` frames that have not been counted yet, or about none."""
        self.count += count
        if reason not in self._notes:
            self._notes.append(reason)

    @property
    def reasons(self) -> list[str]:
        """Why frames were left out, and other damage, a sentence each."""
        told = [self._told(reason, frames) for reason, frames in self._frames.items()]
        untold = self.count - sum(self._frames.values())
        if len(self._frames) == _KEPT and untold > 0:
            told.append(f'and {untold} more')
        return told + self._notes

    def _told(self, reason: str, frames: int) -> str:
        first = self._first[reason]
        if frames > 1:
            return f'{reason} ({frames} frames{", the first " + first if first else ""})'
        return f'{first}: {reason}' if first else reason
