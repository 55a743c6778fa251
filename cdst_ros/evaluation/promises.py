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
"""Counts where an enlarged image breaks what it promises: a check of the bound from outside."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32

_SQUARE = np.ones((3, 3), np.uint8)


class BrokenPromises(NamedTuple):
    """
    What broke, in pixels; all 0 is as it should be.

    :param outside: output pixels outside the depths measured in their 3x3 neighbourhood
    :param invented: output pixels with a depth, where that neighbourhood holds none
    :param erased: input pixels whose surface is nowhere in their block, nor anything nearer
    """

    outside: int
    invented: int
    erased: int

    def __add__(self, other: object) -> BrokenPromises:
        """Return the sums; two counts together are the counts of both."""
        if not isinstance(other, BrokenPromises):
            return NotImplemented
        return BrokenPromises(*(a + b for a, b in zip(self, other, strict=True)))


def check_promises(high: F32, low: F32, slack: F32 | float) -> BrokenPromises:
    """
    Check one frame.

    It is written plainly, and shares nothing with ``superres.bound``, which it is to check.

    :param high: (sH, sW) [m], NaN = unknown
    :param low: (H, W) [m], NaN = unknown
    :param slack: [m], one for all or (H, W): what the sensor's noise and the encoding allow
    :raises ValueError: when ``high`` is not a whole number of times as large as ``low``
    """
    scale = _scale(high, low)
    known = np.isfinite(low)
    room = np.broadcast_to(np.asarray(slack, np.float32), low.shape)
    floor = cv2.erode(np.where(known, low - room, np.inf).astype(np.float32), _SQUARE)
    ceiling = cv2.dilate(np.where(known, low + room, -np.inf).astype(np.float32), _SQUARE)
    floor, ceiling = (_repeat(limit, scale) for limit in (floor, ceiling))
    given = np.isfinite(high)
    reached = ceiling >= floor

    blocks = np.where(given, high, np.inf).reshape(low.shape[0], scale, low.shape[1], scale)
    nearest = blocks.min(axis=(1, 3))
    erased = known & ~(nearest <= low + room)
    outside = given & reached & ~((high >= floor) & (high <= ceiling))
    return BrokenPromises(
        outside=int(np.count_nonzero(outside)),
        invented=int(np.count_nonzero(given & ~reached)),
        erased=int(np.count_nonzero(erased)),
    )


def _scale(high: F32, low: F32) -> int:
    scale = int(high.shape[0] // low.shape[0])
    if high.shape != (scale * low.shape[0], scale * low.shape[1]):
        raise ValueError(
            f'an output of {high.shape} does not belong to an input of {low.shape}: its sides '
            'are not the same whole number of times as long'
        )
    return scale


def _repeat(image: F32, scale: int) -> F32:
    return np.repeat(np.repeat(image, scale, axis=0), scale, axis=1)
