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
"""Depth registered to a colour camera: seen from beside it, moved over, and repeated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdst_ros.depth.arrays import F32, AnyArray


@dataclass(frozen=True)
class Registration:
    """
    A driver that enlarges depth to the pixels of a colour camera.

    :param factor: pixels of the colour camera for one of the depth camera, each way
    :param baseline: from the colour camera to the depth camera, positive to the right [m]
    """

    factor: int
    baseline: float

    def __post_init__(self) -> None:
        if self.factor < 1:
            raise ValueError(f'registration needs a factor of 1 or more, got {self.factor}')


def from_beside(depth: F32, shift: float, *others: AnyArray | None) -> list[AnyArray | None]:
    """
    Return depth, and other images of the same view, as a camera beside it would see them.

    What is hidden from this view is unknown there, and cannot be missed afterwards: moved back,
    it is hidden again. Where the other camera sees a surface stretched, single columns stay
    unknown.

    :param depth: [m], NaN = nothing there, (H, W)
    :param shift: focal length times baseline, positive to the right [px m]
    :param others: images of the same size, floating point or None
    """
    height, width = depth.shape
    v, u = np.nonzero(np.isfinite(depth))
    there = np.rint(u - shift / depth[v, u]).astype(np.int64)
    inside = (there >= 0) & (there < width)
    v, u, there = v[inside], u[inside], there[inside]
    # the last one written stays: let it be the nearest
    order = np.argsort(-depth[v, u], kind='stable')
    v, u, there = v[order], u[order], there[order]
    out: list[AnyArray | None] = []
    for image in (depth, *others):
        moved = None
        if image is not None:
            moved = np.full((height, width), np.nan, dtype=np.float32)
            moved[v, there] = image[v, u]
        out.append(moved)
    return out


def register(depth: F32, factor: int, shift: float, size: tuple[int, int]) -> F32:
    """
    Return depth moved over to the grid of the colour camera, its samples repeated, (h, w).

    As librealsense's ``align_images`` (src/proc/align.cpp): each depth pixel fills the block that
    its corners span on the colour image, both ends included, at one depth; where blocks overlap
    the nearer stays. Nothing is interpolated. What the depth camera did not see is unknown, such
    as the shadows beside near things.

    :param depth: of the depth camera [m], NaN = unknown, (h', w')
    :param factor: pixels of the colour image for one of depth, each way
    :param shift: focal length of the colour camera times baseline [px m]
    :param size: of the colour image, (h, w)
    """
    height, width = size
    v, u = np.nonzero(np.isfinite(depth))
    z = depth[v, u]
    left = np.floor(u * factor + shift / z).astype(np.int64)
    flat = np.full(height * width, np.inf, dtype=np.float32)
    for down in range(factor + 1):
        row = v * factor + down
        for across in range(factor + 1):
            column = left + across
            inside = (row < height) & (column >= 0) & (column < width)
            np.minimum.at(flat, row[inside] * width + column[inside], z[inside])
    flat[np.isinf(flat)] = np.nan
    return flat.reshape(height, width)
