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
"""Where one surface ends in front of another, told from depth alone."""

from __future__ import annotations

import numpy as np

from cdst_ros.depth.arrays import F32, Bool

#: A step in depth of more than this share, where no plane explains it, parts two surfaces.
SURFACE_GAP = 0.02


def beside_edges(depth: F32) -> Bool:
    """
    Return the pixels on either side of a discontinuity of depth, or of the unknown, (h, w).

    Inverse depth of a plane is affine in the pixel, however steep the plane, so what is looked
    for is a second difference of it.
    """
    with np.errstate(divide='ignore'):
        inverse: F32 = np.float32(1) / depth
    return np.asarray(_bends(inverse) | _bends(inverse.T).T)


def _bends(inverse: F32) -> Bool:
    """Return the pixels where inverse depth is not affine along the rows, or not known."""
    before, middle, after = inverse[:, :-2], inverse[:, 1:-1], inverse[:, 2:]
    if inverse.shape[1] == 2:
        # of two pixels nobody can tell whether a plane or a step joins them
        before, middle, after = inverse, inverse, inverse[:, ::-1]
    bends = np.zeros(inverse.shape, dtype=bool)
    inner = bends if middle.shape == bends.shape else bends[:, 1:-1]
    inner[:] = ~(np.abs(before - 2 * middle + after) <= SURFACE_GAP * middle)
    return bends


def steps(inverse: F32) -> tuple[Bool, Bool]:
    """
    Return where in a row the left neighbour stands in front of the right one, and the other way.

    A step is a jump of inverse depth, by more than ``SURFACE_GAP``, that the slope of neither side
    explains: a crease between two walls is none. Nothing steps down to the unknown.

    :param inverse: inverse depth [1/m], NaN = unknown, (h, w)
    :return: two masks of the pairs of neighbours, (h, w - 1)
    """
    jump = inverse[:, :-1] - inverse[:, 1:]
    slope = np.nan_to_num(np.pad(jump, ((0, 0), (1, 1))))
    odd = np.minimum(np.abs(jump - slope[:, :-2]), np.abs(jump - slope[:, 2:]))
    with np.errstate(invalid='ignore'):
        step = odd > SURFACE_GAP * np.maximum(inverse[:, :-1], inverse[:, 1:])
        return np.asarray(step & (jump > 0)), np.asarray(step & (jump < 0))
