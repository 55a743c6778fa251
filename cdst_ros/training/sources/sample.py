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
"""One sample: input and truth, its picture where there is one."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.training.sources.levels import LevelMapping


class Sample(NamedTuple):
    """
    One sample.

    :param low: (h, w) [m], NaN = unknown
    :param high: (sh, sw) [m], NaN = unknown
    :param rgb: (sh, sw, 3), of the truth's view, where there is a picture
    :param mapping: of the levels, where it is disparity
    """

    low: F32
    high: F32
    rgb: U8 | None = None
    mapping: LevelMapping | None = None


class Source(Protocol):
    """Where samples come from."""

    def samples(self, rng: np.random.Generator, count: int) -> list[Sample]:
        """Return so many samples, which depend on ``rng`` alone."""
