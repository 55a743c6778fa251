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
"""A fused volume as a camera sees it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32, F64, AnyArray, Bool
from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.guard.volume import SIDE, Volume

#: Nothing nearer is looked at [m].
_NEAREST = 0.05
_TILE = 8
#: A ball away from the axis covers more pixels than one on it; at 55 degrees off it 3 times.
_OBLIQUE = 3.0
_CORNERS = np.stack(np.meshgrid(*[np.arange(2)] * 3, indexing='ij'), axis=-1).reshape(8, 3)


class Seen(NamedTuple):
    """
    What is seen.

    :param depth: along Z [m], NaN = unknown, (H, W)
    :param hits: how many frames measured that surface there, 0 where unknown, (H, W)
    """

    depth: F32
    hits: F32


def raycast(volume: Volume, camera: CameraModel, pose: F64, wanted: Bool | None = None) -> Seen:
    """
    Return what a camera sees of a volume: where a ray first goes from before to behind a surface.

    A ray that comes to the back of a surface first sees nothing. The crossing is found between
    two steps of half a truncation, and then bisected in the trilinearly interpolated distances.
    Rays begin and end where the blocks do that lie on their way.

    :param pose: camera to world, (4, 4)
    :param wanted: pixels to look at, (H, W); None: all
    """
    camera = camera.reduced()
    rays = camera.back_project(np.ones((camera.height, camera.width), np.float32)).reshape(-1, 3)
    directions = rays.astype(np.float64) @ pose[:3, :3].T
    origin, step = pose[:3, 3], volume.blocks.truncation / 2
    z, far = _limits(volume, camera, pose)
    after, last = np.full(len(rays), np.nan), np.full(len(rays), np.nan)
    looked = np.bool_(True) if wanted is None else wanted.ravel()
    alive = np.flatnonzero((z <= far) & looked)
    while len(alive):
        value = _nearest(volume, origin + z[alive, None] * directions[alive])
        with np.errstate(invalid='ignore'):
            behind = value < 0
            crossed = behind & (last[alive] >= 0)
        after[alive[crossed]] = z[alive[crossed]]
        last[alive] = value
        alive = alive[~behind]
        z[alive] += step
        alive = alive[z[alive] <= far[alive] + step]
    depth, hits = np.full(len(rays), np.nan, np.float32), np.zeros(len(rays), np.float32)
    found = np.flatnonzero(np.isfinite(after))
    at, sure = _refined(volume, origin, directions[found], after[found] - step, after[found])
    depth[found[sure]] = at[sure]
    voxels = _voxels(volume, origin + at[sure, None] * directions[found[sure]])
    hits[found[sure]] = np.where(voxels >= 0, volume.hits.reshape(-1)[voxels], 0)
    shape = camera.height, camera.width
    return Seen(depth.reshape(shape), hits.reshape(shape))


def _limits(volume: Volume, camera: CameraModel, pose: F64) -> tuple[F64, F64]:
    """Return from where to where along Z [m] there are blocks on each ray (H * W,)."""
    blocks = volume.blocks
    radius = SIDE * blocks.voxel * np.sqrt(3) / 2
    centres = blocks.corner + SIDE * blocks.voxel * (blocks.places + 0.5)
    local = (centres - pose[:3, 3]) @ pose[:3, :3]
    local = local[local[:, 2] > _NEAREST + radius]
    pixels, z = camera.project(local), local[:, 2]
    reach = max(camera.intrinsics()[:2]) * radius / (z - radius) * _OBLIQUE
    first = np.floor((pixels - reach[:, None]) / _TILE).astype(np.int64)
    last = np.floor((pixels + reach[:, None]) / _TILE).astype(np.int64)
    rows, columns = -(-camera.height // _TILE), -(-camera.width // _TILE)
    near, far = np.full((rows, columns), np.inf), np.full((rows, columns), -np.inf)
    widest = int((last - first).max(initial=0)) + 1
    for down in range(widest):
        for across in range(widest):
            x, y = first[:, 0] + across, first[:, 1] + down
            on = (x <= last[:, 0]) & (y <= last[:, 1])
            on &= (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
            np.minimum.at(near, (y[on], x[on]), z[on] - radius)
            np.maximum.at(far, (y[on], x[on]), z[on] + radius)
    spread = [
        np.repeat(np.repeat(one, _TILE, axis=0), _TILE, axis=1)[: camera.height, : camera.width]
        for one in (near, far)
    ]
    return spread[0].ravel(), spread[1].ravel()


def _refined(
    volume: Volume, origin: F64, directions: F64, before: F64, after: F64
) -> tuple[F64, Bool]:
    """Return depths (N,) [m] of crossings, and which of them are sure."""
    # What the nearest voxel calls before may be behind by interpolation: half a voxel's way more.
    margin = volume.blocks.voxel
    low, high = before - margin, after + margin
    at_low = _linear(volume, origin + low[:, None] * directions)
    at_high = _linear(volume, origin + high[:, None] * directions)
    for tight, value in ((before, at_low), (after, at_high)):
        unknown = np.isnan(value)
        value[unknown] = _linear(volume, origin + tight[unknown, None] * directions[unknown])
        (low if tight is before else high)[unknown] = tight[unknown]
    with np.errstate(invalid='ignore'):
        sure = (at_low >= 0) & (at_high < 0)
    for _ in range(4):
        middle = (low + high) / 2
        value = _linear(volume, origin + middle[:, None] * directions)
        with np.errstate(invalid='ignore'):
            ahead, behind = value >= 0, value < 0
        low, at_low = np.where(ahead, middle, low), np.where(ahead, value, at_low)
        high, at_high = np.where(behind, middle, high), np.where(behind, value, at_high)
    with np.errstate(invalid='ignore', divide='ignore'):
        z = low + (high - low) * at_low / (at_low - at_high)
    return np.where(sure, z, np.nan), sure


def _voxels(volume: Volume, points: F64) -> AnyArray:
    blocks = volume.blocks
    return blocks.voxels_at(np.floor((points - blocks.corner) / blocks.voxel).astype(np.int64))


def _nearest(volume: Volume, points: F64) -> F64:
    """Return the distance (N,) of the voxels that points (N, 3) [m] lie in, NaN = unknown."""
    return _mean(volume, _voxels(volume, points))


def _linear(volume: Volume, points: F64) -> F64:
    """Return the distance (N,) between eight voxels, NaN where one of them is unknown."""
    blocks = volume.blocks
    at = (points - blocks.corner) / blocks.voxel - 0.5
    first = np.floor(at).astype(np.int64)
    share = at - first
    total = np.zeros(len(points))
    for corner in _CORNERS:
        weight = np.prod(np.where(corner, share, 1 - share), axis=1)
        total += weight * _mean(volume, blocks.voxels_at(first + corner))
    return total


def _mean(volume: Volume, voxels: AnyArray) -> F64:
    weight = np.where(voxels >= 0, volume.weights.reshape(-1)[voxels], 0)
    with np.errstate(invalid='ignore', divide='ignore'):
        mean = volume.distances.reshape(-1)[voxels] / weight
    return np.asarray(np.where(weight > 0.5, mean, np.nan), np.float64)
