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
"""Fill narrow holes from the surface around them, when asked to."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cdst_ros.depth.arrays import F32, F64, U8, AnyArray, Bool
from cdst_ros.depth.noise import NoiseModel

# Root mean square distance from the plane, as a share of depth and in sigma. A step of height h
# across the window leaves 0.16 h, so 2.5 % of the depth, or 8 sigma, is a discontinuity.
_FLATNESS = 0.004
_FLATNESS_SIGMAS = 1.25

# A plane has three parameters; twice as many samples leave something to judge it by.
_LEAST_SAMPLES = 6
_LEAST_DETERMINANT = 1e-3

# Numbers in a temporary array: what many holes cost in memory.
_CHUNK = 1 << 20


def fill_holes(depth: F32, valid: Bool, width: int, noise: NoiseModel) -> tuple[F32, Bool]:
    """
    Fill holes of up to ``width`` pixels, never across a discontinuity.

    A hole (8-connected) is narrow when no square of ``width + 1`` pixels fits into it. Each of its
    pixels is filled when the samples within ``width + 1`` pixels of it lie on one plane (linear
    in 1/z, as planes are), up to noise; their plane gives the depth, kept within their range. A
    hole at the image border is treated alike: what is beyond the border is neither hole nor
    sample, so a narrow strip along it is filled where what lies beside it is flat, and a wider
    one stays.

    :param depth: (H, W) [m], 0 where not ``valid``
    :param valid: (H, W)
    :param width: [px]
    :return: both anew, with what was filled
    """
    reach = width + 1
    row, column = np.nonzero(_narrow_holes(valid, width))
    samples, known = _windows(depth, reach), _windows(valid, reach)
    depth, valid = depth.copy(), valid.copy()
    step = max(1, _CHUNK // (2 * reach + 1) ** 2)
    for start in range(0, len(row), step):
        at = row[start : start + step], column[start : start + step]
        filled, is_flat = _fit_planes(samples[at], known[at], noise)
        at = at[0][is_flat], at[1][is_flat]
        depth[at] = filled[is_flat]
        valid[at] = True
    return depth, valid


def _narrow_holes(valid: Bool, width: int) -> Bool:
    """Return the pixels (H, W) of the holes that no square of width + 1 fits into."""
    holes: U8 = (~valid).view(np.uint8)
    square = np.ones((width + 1, width + 1), np.uint8)
    # Beyond the border nothing is a hole.
    wide = cv2.erode(holes, square, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    count, labels = cv2.connectedComponents(holes, connectivity=8)
    is_narrow = np.ones(count, np.bool_)
    is_narrow[labels[wide.view(np.bool_)]] = False
    is_narrow[0] = False
    return np.asarray(is_narrow[labels])


def _windows(image: AnyArray, reach: int) -> AnyArray:
    """Return (H, W, n, n): the window of each pixel, n = 2 reach + 1, 0 beyond the border."""
    size = 2 * reach + 1
    return sliding_window_view(np.pad(image, reach), (size, size))


def _fit_planes(samples: F32, known: Bool, noise: NoiseModel) -> tuple[F32, Bool]:
    """
    Fit a plane to each window and evaluate it in the middle.

    :param samples: (N, n, n) [m]
    :param known: (N, n, n)
    :return: depth [m] (N,), and (N,) whether the samples agree with their plane
    """
    side = samples.shape[1]
    known = known.reshape(-1, side * side)
    depth = np.where(known, samples.reshape(-1, side * side), 1.0).astype(np.float64)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].reshape(2, -1)
    basis = np.stack([np.ones_like(x), x, y], axis=1)
    normal: F64 = np.einsum('ns,si,sj->nij', known.astype(np.float64), basis, basis, optimize=True)
    number = known.sum(axis=1)
    # Samples on one line determine no plane.
    solvable = (number >= _LEAST_SAMPLES) & (np.linalg.det(normal) > _LEAST_DETERMINANT)
    normal[~solvable] = np.eye(3)
    right = np.where(known, 1.0 / depth, 0.0) @ basis
    plane: F64 = np.linalg.solve(normal, right[..., None])[..., 0]
    with np.errstate(divide='ignore', invalid='ignore', over='ignore'):
        off = np.where(known, 1.0 / (plane @ basis.T) - depth, 0.0)
        spread = np.sqrt((off**2).sum(axis=1) / np.maximum(number - 3, 1))
        middle = 1.0 / plane[:, 0]
        tolerance = np.maximum(
            _FLATNESS * middle, _FLATNESS_SIGMAS * noise.sigma(middle.astype(np.float32))
        )
        agrees = solvable & (middle > 0) & (spread <= tolerance)
    lowest = np.where(known, depth, np.inf).min(axis=1)
    highest = np.where(known, depth, 0.0).max(axis=1)
    return np.clip(middle, lowest, highest).astype(np.float32), agrees
