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


class Spans(NamedTuple):
    """
    How the levels of a map are scaled.

    :param least: of its span, from the least to the greatest level
    :param most: and of its span again; that of a map in whole levels never grows, as its steps
        would not be of one level any more
    """

    least: float
    most: float

    def scaled(self, rng: np.random.Generator, levels: F32, whole: Span) -> F32:
        """
        Return a map of another span, put anywhere within 8 bits, not rounded.

        :param levels: (H, W), or a part of it, NaN = unknown
        :param whole: what is known of the whole map
        """
        wanted = float(np.exp(rng.uniform(np.log(self.least), np.log(self.most))))
        wanted = min(wanted, whole.span) if whole.rounded else wanted
        base = rng.uniform(0.0, MOST - wanted)
        gain = wanted / max(whole.span, 1e-6)
        return np.asarray((levels - whole.least) * np.float32(gain) + np.float32(base))


class Span(NamedTuple):
    """
    The levels of a whole map.

    :param least: [levels]
    :param greatest: [levels]
    :param rounded: whether all are whole
    """

    least: float
    greatest: float
    rounded: bool

    @classmethod
    def of(cls, levels: F32) -> Span:
        """Return that of a map (H, W), NaN = unknown, some of it known."""
        known = levels[np.isfinite(levels)]
        rounded = bool((known == np.rint(known)).all())
        return cls(float(known.min()), float(known.max()), rounded)

    @property
    def span(self) -> float:
        """From the least to the greatest level."""
        return self.greatest - self.least


def rounded(levels: F32) -> F32:
    """Return levels as 8 bits hold them, in whole numbers; NaN stays."""
    return np.asarray(np.rint(levels).clip(0.0, MOST), dtype=np.float32)
