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
"""Hole filling as depth camera drivers offer it."""

from __future__ import annotations

from enum import Enum

import numpy as np

from cdst_ros.depth.arrays import F32


class HoleFilling(str, Enum):
    """
    What a driver puts where nothing was measured.

    The modes of librealsense's ``hole_filling_filter`` (src/proc/hole-filling-filter.h):
    ``LEFT`` the left neighbour, ``FARTHEST`` and ``NEAREST`` that of the five neighbours above,
    left and below which is farthest or nearest.
    """

    NONE = 'none'
    LEFT = 'left'
    FARTHEST = 'farthest'
    NEAREST = 'nearest'


def fill_holes(depth: F32, mode: HoleFilling) -> F32:
    """
    Return depth with its holes filled from the left on, (h, w).

    Rows are filled at once, column after column, where librealsense goes row after row: a hole
    may take a value from another of its neighbours than there. What has no known pixel on its
    left stays unknown.
    """
    if mode is HoleFilling.NONE:
        return depth
    out = depth.T.copy()
    with np.errstate(invalid='ignore'):
        for column in range(1, len(out)):
            hole = np.isnan(out[column])
            if not hole.any():
                continue
            value = out[column - 1]
            if mode is not HoleFilling.LEFT:
                value = _of_five(out[column - 1], out[column], mode)
            np.copyto(out[column], value, where=hole)
    return np.ascontiguousarray(out.T)


def _of_five(left: F32, column: F32, mode: HoleFilling) -> F32:
    """Return the chosen one of the neighbours of each pixel of a column, (h,)."""
    choose = np.fmax if mode is HoleFilling.FARTHEST else np.fmin
    value = left.copy()
    for side in (left, column):
        value[1:] = choose(value[1:], side[:-1])
    value[:-1] = choose(value[:-1], left[1:])
    value[:-1] = choose(value[:-1], column[1:])
    return np.asarray(value)
