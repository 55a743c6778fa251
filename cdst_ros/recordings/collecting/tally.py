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
"""Counts of what came, what was kept, and why the rest was not."""

from __future__ import annotations

import threading
from collections import Counter
from typing import NamedTuple

from cdst_ros.recordings.collecting.rejection import Reason


class Counts(NamedTuple):
    """
    What became of the frames by now.

    :param offered: frames that came
    :param kept: of these
    :param dropped: the others, by reason; what still waits is neither
    """

    offered: int
    kept: int
    dropped: dict[str, int]

    def since(self, before: Counts) -> Counts:
        """Return what was counted after ``before``."""
        dropped = {
            reason: number - before.dropped.get(reason, 0)
            for reason, number in self.dropped.items()
        }
        return Counts(
            self.offered - before.offered,
            self.kept - before.kept,
            {reason: number for reason, number in dropped.items() if number},
        )


class Tally:
    """Counts; any thread may."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offered = 0
        self._kept = 0
        self._dropped: Counter[str] = Counter()

    def offer(self) -> None:
        """Count a frame that came."""
        with self._lock:
            self._offered += 1

    def keep(self) -> None:
        """Count one that was kept."""
        with self._lock:
            self._kept += 1

    def drop(self, reason: Reason) -> None:
        """Count one that was not."""
        with self._lock:
            self._dropped[reason.value] += 1

    def counts(self) -> Counts:
        """Return the counts of this moment."""
        with self._lock:
            return Counts(self._offered, self._kept, dict(sorted(self._dropped.items())))
