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
"""
Where an enlarged image is valid: the contour of its holes.

The rule, for networks and classical methods alike. An output pixel is valid if and only if

1. ``m >= 0.5``, where ``m`` is the bilinear enlargement of the 0/1 mask of valid input pixels, on
   the model's grid alignment, edges replicated (a tie, which only ``PICKED`` grids know, is
   valid); and
2. it lies in the s x s block of a valid input pixel; or it lies in that of an invalid one, whose
   3x3 neighbourhood holds valid samples that span no discontinuity:
   ``highest - lowest <= max(0.02 lowest, 4 sigma(lowest))``, sigma by the model's noise.

So holes keep their contour instead of growing or shrinking by whole blocks, a lone valid pixel
keeps its inner output pixels (all four at x2), and nothing is invented across an edge.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8, AnyArray, Bool
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.superres.fill import where
from cdst_ros.superres.scratch import Scratch

#: Samples that differ by less than this share of the nearest are one surface.
SURFACE_SPAN = 0.02
#: Or by less than this many sigma.
SURFACE_SIGMAS = 4.0

_SQUARE: U8 = np.ones((3, 3), np.uint8)
# Bit k of a code tells whether the k-th pixel of the 3x3 neighbourhood, row by row, is valid.
_BITS: F32 = (2.0 ** np.arange(9, dtype=np.float32)).reshape(3, 3)


def smooth_valid(
    valid: Bool, scale: int, alignment: GridAlignment, scratch: Scratch | None = None
) -> Bool:
    """
    Apply part 1 of the rule: the bilinear contour alone.

    :param valid: (H, W)
    :param scratch: where the result lives, None for an array of its own
    :return: (sH, sW)
    """
    return _look_up(_codes(valid), scale, alignment, scratch or Scratch())


def valid_contour(
    depth: F32,
    valid: Bool,
    scale: int,
    *,
    alignment: GridAlignment,
    noise: NoiseModel,
    scratch: Scratch | None = None,
) -> Bool:
    """
    Apply the whole rule.

    :param depth: (H, W) [m]; does not matter where not ``valid``
    :param valid: (H, W)
    :param scratch: where the result lives, None for an array of its own
    :return: (sH, sW)
    """
    codes = _codes(valid)
    codes *= valid | spans_one_surface(depth, valid, noise)
    return _look_up(codes, scale, alignment, scratch or Scratch())


def spans_one_surface(depth: F32, valid: Bool, noise: NoiseModel) -> Bool:
    """Tell for each pixel (H, W) whether the valid samples around it span no discontinuity."""
    lowest, highest = lowest_and_highest(depth, depth, valid)
    # Where there is no sample, lowest is +inf; the answer does not matter there.
    with np.errstate(over='ignore', invalid='ignore'):
        tolerance = np.maximum(SURFACE_SPAN * lowest, SURFACE_SIGMAS * noise.sigma(lowest))
        return np.asarray(highest - lowest <= tolerance)


def lowest_and_highest(low: F32, high: F32, valid: Bool) -> tuple[F32, F32]:
    """
    Return the least ``low`` and the greatest ``high`` of the valid pixels of each 3x3 window.

    All are (H, W). Where a window holds no valid pixel the least exceeds the greatest.
    """
    lowest: F32 = cv2.erode(where(valid, low, np.inf), _SQUARE)
    highest: F32 = cv2.dilate(where(valid, high, -np.inf), _SQUARE)
    return lowest, highest


def _codes(valid: Bool) -> AnyArray:
    """Return (H, W) int16: the 3x3 neighbourhood of each pixel as nine bits."""
    codes: AnyArray = cv2.filter2D(
        np.ascontiguousarray(valid).view(np.uint8),
        cv2.CV_16S,
        _BITS,
        borderType=cv2.BORDER_REPLICATE,
    )
    return codes


def _look_up(codes: AnyArray, scale: int, alignment: GridAlignment, scratch: Scratch) -> Bool:
    height, width = codes.shape
    rows = scratch.array('contour', (height, scale, width), np.dtype((np.void, scale)))
    index = codes.astype(np.intp)
    found = scratch.array('patterns', codes.shape, rows.dtype)
    for k, patterns in enumerate(_patterns(scale, alignment)):
        # No code is out of range; of NumPy's modes this one is the fastest.
        np.take(patterns, index, out=found, mode='wrap')
        rows[:, k] = found
    return rows.view(np.bool_).reshape(height * scale, width * scale)


@lru_cache(maxsize=8)
def _patterns(scale: int, alignment: GridAlignment) -> tuple[AnyArray, ...]:
    """
    Return for each of the s rows of a block: by code, its s bytes of 0 and 1.

    Looking them up is exact for every alignment, and costs what one resize does.
    """
    offsets = alignment.sub_pixels(scale)
    # (s, 3): bilinear weights of the previous, own and next pixel.
    weights = np.maximum(0.0, 1.0 - np.abs(offsets[:, None] - np.arange(-1.0, 2.0)))
    masks = (np.arange(512)[:, None] >> np.arange(9) & 1).reshape(512, 3, 3)
    enlarged = np.einsum('ki,lj,cij->kcl', weights, weights, masks)
    inside = (enlarged >= 0.5 - 1e-9).astype(np.uint8)
    return tuple(np.ascontiguousarray(row).view(f'V{scale}')[:, 0] for row in inside)
