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
Bicubic reduction as the depth super-resolution literature has it.

Two reductions are both called bicubic, and give other figures: ``cv2.resize`` samples 4x4 pixels
whatever the factor (Middlebury-6 is reduced like that), Pillow widens the kernel by the factor, as
MATLAB's ``imresize`` does (NYU v2 is). The second one is in floating point here.
"""

from __future__ import annotations

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, Bool

#: Of the cubic kernel (Keys, IEEE Trans. ASSP 29(6), 1981).
_A = -0.5


def reduce_known(image: F32, scale: int, eight_bits: bool) -> F32:
    """
    Return an image (H / scale, W / scale) as ``cv2.resize`` makes it, NaN where a hole touches it.

    :param image: (H, W), NaN = unknown, sides multiples of ``scale``
    :param eight_bits: reduce in the arithmetic of 8 bits
    """
    size = (image.shape[1] // scale, image.shape[0] // scale)
    filled = np.nan_to_num(image).astype(np.uint8 if eight_bits else np.float32)
    low = cv2.resize(filled, size, interpolation=cv2.INTER_CUBIC)
    untouched = _untouched(np.isfinite(image), scale)
    return np.asarray(np.where(untouched, low, np.nan), dtype=np.float32)


def reduce_antialiased(image: F32, factor: int) -> F32:
    """
    Return an image (H / factor, W / factor), the kernel ``factor`` times as wide.

    Columns first, then rows, rounded to float32 in between, as Pillow does on float images.

    :param image: (H, W), finite
    :raises ValueError: when the sides are no multiples of ``factor``
    """
    height, width = image.shape
    if height % factor or width % factor:
        raise ValueError(f'{width}x{height} is no multiple of {factor}')
    across = (image.astype(np.float64) @ _weights(width, factor).T).astype(np.float32)
    down = _weights(height, factor) @ across.astype(np.float64)
    return np.ascontiguousarray(down, dtype=np.float32)


def _untouched(known: Bool, scale: int) -> Bool:
    """Return where all 4x4 pixels are known that ``cv2.resize``, cubic, takes a pixel from."""
    unknown = cv2.dilate((~known).astype(np.uint8), np.ones((4, 4), np.uint8), anchor=(2, 2))
    # An output pixel lies between input pixels scale / 2 - 1 and scale / 2 of its block; it is
    # made of those and one more on each side: the 4x4 window that ends at scale / 2 + 1.
    rows, columns = (np.arange(n // scale) * scale + scale // 2 for n in known.shape)
    return np.asarray(unknown[np.ix_(rows, columns)] == 0)


def _weights(size: int, factor: int) -> F64:
    """Return the weight of each of ``size`` pixels in each reduced one, (size / factor, size)."""
    centres = (np.arange(size // factor) + 0.5) * factor
    offsets = (np.arange(size)[None] + 0.5 - centres[:, None]) / factor
    weights = _cubic(np.abs(offsets))
    normalised: F64 = weights / weights.sum(axis=1, keepdims=True)
    return normalised


def _cubic(x: F64) -> F64:
    """Return the cubic kernel at distances of 0 and more."""
    inner = ((_A + 2) * x - (_A + 3)) * x * x + 1
    outer = (((x - 5) * x + 8) * x - 4) * _A
    return np.asarray(np.where(x < 1, inner, np.where(x < 2, outer, 0.0)))
