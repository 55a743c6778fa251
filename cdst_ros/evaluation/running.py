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
"""Figures of a live output as it comes: of all frames so far, and of the last ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.evaluation.metrics.accuracy import accuracy_figures, accuracy_sums
from cdst_ros.evaluation.metrics.sums import Sums, add_up

#: Frames that count as the last ones.
RECENT = 30


class RunningFigures:
    """
    Errors of an output against its reference, over the pixels that both know.

    The figures are those of ``accuracy_figures``. Floors are not run here, so pixels that only a
    floor does not know count, too: the report at the end compares, this one watches.
    """

    def __init__(self, recent: int = RECENT) -> None:
        self._all: Sums = {}
        self._recent: deque[Sums] = deque(maxlen=recent)
        self.frames = 0

    def add(self, output: F32, reference: F32) -> None:
        """
        Count a frame.

        :param output: (H, W) [m], NaN = unknown
        :param reference: likewise
        """
        sums = accuracy_sums(output, reference, np.isfinite(output) & np.isfinite(reference))
        self._all = {name: self._all.get(name, 0.0) + value for name, value in sums.items()}
        self._recent.append(sums)
        self.frames += 1

    def overall(self) -> dict[str, float]:
        """Return the figures of all frames by name; none without a frame."""
        return _figures([self._all])

    def recent(self) -> dict[str, float]:
        """Return the figures of the last frames by name; none without a frame."""
        return _figures(self._recent)


def _figures(frames: Iterable[Sums]) -> dict[str, float]:
    counted = [sums for sums in frames if sums]
    made = accuracy_figures(add_up(counted)) if counted else {}
    return {name: float(value) for name, value in made.items()}
