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
"""Depth and errors as colours."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8, AnyArray

#: Grey of unknown depth, in OpenCV's order; no scale here has it.
UNKNOWN = (92, 84, 78)


@dataclass(frozen=True)
class ColourScale:
    """
    Colours for ``low`` to ``high`` [m]: entries ``first`` to ``last`` of a colour map.

    :param colours: one of OpenCV's ``COLORMAP_...``
    """

    low: float
    high: float
    colours: int
    first: int = 0
    last: int = 255

    def paint(self, values: F32) -> U8:
        """Return (H, W, 3) BGR; NaN is painted in a grey that the scale does not have."""
        known = np.isfinite(values)
        span = max(self.high - self.low, 1e-6)
        share = np.clip((np.nan_to_num(values) - self.low) / span, 0, 1)
        level = self.first + share * (self.last - self.first)
        painted = cv2.applyColorMap(level.astype(np.uint8), self.colours)
        painted[~known] = UNKNOWN
        return np.asarray(painted, dtype=np.uint8)

    def bar(self, width: int, height: int) -> U8:
        """Return (height, width, 3) BGR: the scale from left to right."""
        ramp = np.linspace(self.low, self.high, width, dtype=np.float32)
        return self.paint(np.repeat(ramp[None], height, axis=0))


def depth_scale(depth: F32) -> ColourScale:
    """Return a scale over nearly all of a depth image (H, W) [m]."""
    known = depth[np.isfinite(depth)]
    low, high = np.percentile(known, (0.5, 99.5)) if known.size else (0.0, 1.0)
    # Both ends of Turbo are too dark to show shape.
    return ColourScale(float(low), float(high), cv2.COLORMAP_TURBO, first=22, last=236)


@dataclass(frozen=True)
class RampScale:
    """
    Colours for 0 to ``high`` [m], or -``high`` to ``high``, mixed of a few.

    Of the square root of the value: what errs by a centimetre is to be seen beside what errs by a
    metre.

    :param stops: at equal steps from the low end to the high one, in OpenCV's order
    :param signed: whether there are negative values
    """

    high: float
    stops: tuple[tuple[int, int, int], ...]
    signed: bool = False

    def paint(self, values: F32) -> U8:
        """Return (H, W, 3) BGR; NaN is painted in grey."""
        known = np.isfinite(values)
        share = np.nan_to_num(values) / self.high
        return self._colours(np.sign(share) * np.sqrt(np.abs(share)), known)

    def bar(self, width: int, height: int) -> U8:
        """Return (height, width, 3) BGR: the scale from left to right, ``value`` by ``value``."""
        roots = np.linspace(-1 if self.signed else 0, 1, width)
        return self._colours(
            np.repeat(roots[None], height, axis=0), np.ones((height, width), bool)
        )

    def value(self, place: float) -> float:
        """Return the value at a place of the bar, 0 (left) to 1 [m]."""
        root = 2 * place - 1 if self.signed else place
        return float(np.sign(root) * root**2 * self.high)

    def _colours(self, roots: AnyArray, known: AnyArray) -> U8:
        places = np.linspace(-1 if self.signed else 0, 1, len(self.stops))
        channels = [np.interp(roots, places, stop) for stop in zip(*self.stops, strict=True)]
        painted = np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
        painted[~known] = UNKNOWN
        return np.asarray(painted, dtype=np.uint8)
