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
"""The two surfaces that meet near an edge, each a plane fitted locally."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32, F64, AnyArray, Bool

#: Depth lies off a surface when it differs by more than this [m], and by more than this share.
OFF_M = 0.05
OFF_SHARE = 0.02
#: Planes are fitted to the pixels within so many rows and columns.
REACH_PX = 5
#: Keeps slopes that few pixels tell from growing wild; a share of the window's squared reach.
_RIDGE = 1e-4
#: Windows that are held in memory at a time.
_CHUNK = 8192


class TwoSurfaces(NamedTuple):
    """
    Depths (N,) [m] that the near and the far surface have, or would have, at N pixels.

    NaN where there is no such surface, or its plane passes behind the camera.
    """

    near: F64
    far: F64


def tolerance(depth: AnyArray) -> AnyArray:
    """Return by how much depth [m] may be off a surface at ``depth``: 5 cm or 2 % [m]."""
    return np.asarray(np.maximum(OFF_M, OFF_SHARE * depth))


def is_on(depth: AnyArray, surface: AnyArray) -> Bool:
    """Return where depth [m] lies on a surface of that depth; False where either is unknown."""
    with np.errstate(invalid='ignore'):
        return np.asarray(np.abs(depth - surface) <= tolerance(surface))


def fit_two_surfaces(depth: F32, where: Bool, reach: int = REACH_PX) -> TwoSurfaces:
    """
    Fit two planes around each pixel of ``where``, in the order of ``np.nonzero``.

    Planes are linear in 1/z over the image, so each is a least-squares fit of 1/z = a u + b v + c,
    to the pixels around that are nearer, or farther, than half way (in 1/z) between the nearest
    and the farthest of them.

    :param depth: (H, W) [m], NaN = unknown
    :param reach: the window has so many pixels to each side
    """
    inverse = 1.0 / depth.astype(np.float64)
    width = depth.shape[1] + 2 * reach
    padded = np.pad(inverse, reach, constant_values=np.nan).ravel()
    steps = np.arange(-reach, reach + 1)
    y, x = (step.ravel() for step in np.meshgrid(steps, steps, indexing='ij'))
    rows, columns = np.nonzero(where)
    centres = (rows + reach) * width + columns + reach
    parts = [
        _fit(padded[centres[start : start + _CHUNK, None] + (y * width + x)], x / reach, y / reach)
        for start in range(0, max(centres.size, 1), _CHUNK)
    ]
    near, far = np.concatenate(parts, axis=1)
    return TwoSurfaces(near, far)


def _fit(inverse: F64, x: F64, y: F64) -> F64:
    """
    Return the depths of the near and the far surface in the middle of N windows, (2, N) [m].

    :param inverse: 1/z of the K pixels of each window, NaN = unknown, (N, K)
    :param x: place of the pixels in the window, -1 to 1, (K,)
    """
    known = np.isfinite(inverse)
    values = np.where(known, inverse, 0.0)
    greatest = values.max(axis=1, keepdims=True)
    least = np.where(known, inverse, np.inf).min(axis=1, keepdims=True)
    is_near = values >= (greatest + least) / 2
    squares = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    near, far = (
        _depth_at_centre((chosen @ squares).T, ((chosen * values) @ squares[:, :3]).T)
        for chosen in (is_near.astype(np.float64), (known & ~is_near).astype(np.float64))
    )
    return np.stack([near, far])


def _depth_at_centre(places: F64, values: F64) -> F64:
    """
    Return 1/c of N least-squares planes; NaN without a pixel, or behind the camera.

    :param places: sums of 1, x, y, xx, xy, yy, (6, N)
    :param values: sums of g, xg, yg with g = 1/z, (3, N)
    """
    with np.errstate(divide='ignore', invalid='ignore'):
        x, y, xx, xy, yy = places[1:] / places[0]
        g, xg, yg = values / places[0]
        xx, xy, yy = xx - x * x + _RIDGE, xy - x * y, yy - y * y + _RIDGE
        xg, yg = xg - x * g, yg - y * g
        determinant = xx * yy - xy * xy
        a, b = (yy * xg - xy * yg) / determinant, (xx * yg - xy * xg) / determinant
        centre = g - a * x - b * y
        return np.asarray(np.where(centre > 0, 1 / centre, np.nan))
