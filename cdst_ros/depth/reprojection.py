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
"""Depth that one camera measured, as another camera sees it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from cdst_ros.depth.arrays import F32, F64, AnyArray
from cdst_ros.depth.camera import CameraModel

#: Samples a pixel of the target and way, at least: fewer leave cracks.
_DENSITY = 1.5
#: Neighbouring depths that differ by more than this share lie on different surfaces ...
JUMP_SHARE = 0.05
#: ... if they differ by more than this as well [m].
JUMP_M = 0.05
#: Samples within this share of the nearest one of their pixel are of the same surface.
_SAME_SHARE = 0.02
#: Rows of the source that are held at a time.
_ROWS = 32


#: Takes pixels (N, 2) and their depths (N,) [m] to points (N, 3) [m].
BackProjection = Callable[[F64, F64], F64]


def reproject(
    depth: F32,
    camera: CameraModel,
    target: CameraModel,
    to_target: F64,
    back_project: BackProjection | None = None,
) -> F32:
    """
    Return a depth image as another camera sees it, (H', W') [m], NaN = unknown.

    Surfaces are sampled more densely than the target's pixels: between four neighbours on one
    surface bilinearly in 1/z, in which planes are linear; elsewhere each pixel stays a square
    of constant depth, so that nothing is spanned over a discontinuity or a hole. A target pixel
    takes the nearest surface that falls into it (z-buffer), as the mean of 1/z of its samples.
    What only the target can see is unknown; where the source has far fewer pixels, that it
    cannot resolve an edge better than its own pixels stays true.

    :param depth: (H, W) [m], NaN = unknown
    :param camera: that measured it
    :param target: that it shall be seen by
    :param to_target: (4, 4), takes points of ``camera`` to ``target``
    :param back_project: tells where ``camera`` looks, whose lens is straight by default
    :raises ValueError: when a camera is uncalibrated, or ``camera`` not one of this image
    """
    target = target.reduced()
    steps = _steps(camera, target)
    size = target.width * target.height
    points_of = back_project or camera.back_project_pixels
    nearest = np.full(size, np.inf)
    for pixels, z in _seen(depth, points_of, target, to_target, steps):
        np.minimum.at(nearest, pixels, z)
    total, count = np.zeros(size), np.zeros(size)
    for pixels, z in _seen(depth, points_of, target, to_target, steps):
        front = z <= nearest[pixels] * (1 + _SAME_SHARE)
        total += np.bincount(pixels[front], 1 / z[front], size)
        count += np.bincount(pixels[front], minlength=size)
    with np.errstate(invalid='ignore', divide='ignore'):
        seen = np.where(count > 0, count / total, np.nan)
    return np.asarray(seen.reshape(target.height, target.width), np.float32)


def _steps(camera: CameraModel, target: CameraModel) -> int:
    """Return into how many samples a pixel of the source is divided, each way."""
    ours, theirs = camera.intrinsics(), target.intrinsics()
    return math.ceil(_DENSITY * max(theirs[0] / ours[0], theirs[1] / ours[1], 1.0))


def _seen(
    depth: F32, points_of: BackProjection, target: CameraModel, to_target: F64, steps: int
) -> Iterator[tuple[AnyArray, F64]]:
    """Yield flat pixels of the target and the depths (N,) [m] that fall there, part by part."""
    for u, v, z in _samples(depth, steps):
        points = points_of(np.stack([u, v], axis=1), z) @ to_target[:3, :3].T + to_target[:3, 3]
        points = points[points[:, 2] > 0]
        columns, rows = np.rint(target.project(points)).astype(np.int64).T
        inside = (columns >= 0) & (columns < target.width) & (rows >= 0) & (rows < target.height)
        yield (rows * target.width + columns)[inside], points[inside, 2]


def _samples(depth: F32, steps: int) -> Iterator[tuple[F64, F64, F64]]:
    """Yield columns, rows [px] and depths (N,) [m] of samples, ``steps`` a pixel and way."""
    # The outer half of border pixels has no neighbour: it continues the pixel itself.
    padded = np.pad(depth, 1, constant_values=np.nan).astype(np.float64)
    shares = (np.arange(steps) + 0.5) / steps
    for first in range(0, padded.shape[0] - 1, _ROWS):
        corners = padded[first : first + _ROWS + 1]
        smooth = _is_smooth(corners)
        inverse = 1 / corners
        for down in shares:
            above, below = inverse[:-1], inverse[1:]
            left, right = (
                above[:, side] * (1 - down) + below[:, side] * down
                for side in (slice(None, -1), slice(1, None))
            )
            own = above if down < 0.5 else below
            for across in shares:
                between = left * (1 - across) + right * across
                nearby = own[:, :-1] if across < 0.5 else own[:, 1:]
                value = np.where(smooth, between, nearby)
                rows, columns = np.nonzero(np.isfinite(value))
                yield columns - 1 + across, rows + first - 1 + down, 1 / value[rows, columns]


def _is_smooth(corners: F64) -> AnyArray:
    """Return where four neighbouring depths are known and of one surface, (H - 1, W - 1)."""
    four = np.stack([corners[:-1, :-1], corners[:-1, 1:], corners[1:, :-1], corners[1:, 1:]])
    least, greatest = four.min(axis=0), four.max(axis=0)
    return np.asarray(greatest - least <= np.maximum(JUMP_M, JUMP_SHARE * least))
