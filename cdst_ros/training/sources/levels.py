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
"""Disparity: how its levels are taken for depth, and how they are scaled and rounded anew."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32, U8

#: Most that 8 bits hold [levels].
MOST = 255.0
#: Range of random offsets [levels], and of random steps [m].
_OFFSET = (30.0, 100.0)
_STEP = (0.004, 0.03)


class LevelMapping(NamedTuple):
    """
    Disparity is taken for depth as (level + offset) * step.

    :param offset: [levels]
    :param step: metres a level
    """

    offset: float
    step: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> LevelMapping:
        """Return a random one."""
        offset = rng.uniform(*_OFFSET)
        return cls(float(offset), float(np.exp(rng.uniform(*np.log(_STEP)))))

    def to_metres(self, levels: U8 | F32) -> F32:
        """Return depth [m]; NaN stays."""
        shifted = (levels.astype(np.float32) + np.float32(self.offset)).astype(np.float64)
        return np.asarray(shifted * self.step, dtype=np.float32)


#: As the evaluation of Middlebury does it.
PROTOCOL = LevelMapping(offset=64.0, step=0.01)
