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
"""Where a depth image jumps from one surface to another."""

from __future__ import annotations

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8, Bool

#: Neighbouring pixels whose depths differ by more than this [m], and more than this share of the
#: nearer one, lie on different surfaces. 5 cm and 2 % are where BENCHMARKS' flying pixels begin;
#: the share is wider here, for grazing planes change by more than 2 % from pixel to pixel.
JUMP_M = 0.05
JUMP_SHARE = 0.05
#: "Near an edge" is within so many pixels of a discontinuity.
EDGE_RADIUS_PX = 3


def is_jump(a: F32, b: F32) -> Bool:
    """Return where two depths [m] lie on different surfaces; False where either is unknown."""
    apart = np.abs(a - b)
    return np.asarray(apart > np.maximum(JUMP_M, JUMP_SHARE * np.minimum(a, b)))


def near_discontinuity(depth: F32, radius: int = EDGE_RADIUS_PX) -> Bool:
    """
    Return the pixels (H, W) within ``radius`` of a depth discontinuity, in rows and columns.

    A discontinuity lies between two horizontal or vertical neighbours, both known, that
    ``is_jump`` tells apart; both of them are at distance 0 from it. The border of a hole is none.

    :param depth: (H, W) [m], NaN = unknown
    """
    edge = np.zeros(depth.shape, np.uint8)
    across = is_jump(depth[:, 1:], depth[:, :-1])
    down = is_jump(depth[1:], depth[:-1])
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    reach = 2 * radius + 1
    near: U8 = cv2.dilate(edge, np.ones((reach, reach), np.uint8))
    return near.astype(np.bool_)
