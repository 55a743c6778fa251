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
"""How much may be collected."""

from __future__ import annotations

from dataclasses import dataclass

from cdst_ros.recordings.collecting.rejection import Reason, Rejection

GIGABYTE = 1e9


@dataclass(frozen=True)
class Budget:
    """
    What a recording may take.

    :param frames: at most; 0 for any number
    :param gigabytes: of the recording, at most; 0 for any size
    :param disk_gigabytes: that have to stay free on the disk
    """

    frames: int = 0
    gigabytes: float = 0.0
    disk_gigabytes: float = 0.0

    def exceeded(self, frames: int, size: int, free: int | None) -> Rejection | None:
        """
        Refuse what would be too much.

        :param frames: that the recording has
        :param size: of the recording [bytes]
        :param free: on its disk, for us [bytes]; None where it does not tell
        """
        if self.frames and frames >= self.frames:
            return self._refusal(
                f'the recording has {frames} frames, and max_frames is {self.frames}'
            )
        if self.gigabytes and size >= self.gigabytes * GIGABYTE:
            return self._refusal(
                f'the recording has {size / GIGABYTE:.3g} GB, and max_gigabytes is '
                f'{self.gigabytes:g}'
            )
        if free is not None and free < self.disk_gigabytes * GIGABYTE:
            return Rejection(
                Reason.OVER_BUDGET,
                f'{free / GIGABYTE:.3g} GB are left on the disk, and min_disk_gigabytes is '
                f'{self.disk_gigabytes:g}: free some space, and collecting goes on by itself',
            )
        return None

    @staticmethod
    def _refusal(what: str) -> Rejection:
        return Rejection(
            Reason.OVER_BUDGET, f'{what}: train on what there is, raise the budget, or stop'
        )
