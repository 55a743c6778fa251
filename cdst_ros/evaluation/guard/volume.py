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
A truncated signed distance function (TSDF) of a few depth frames with poses.

Curless and Levoy, "A volumetric method for building complex models from range images", SIGGRAPH
1996; voxels in blocks where there is a surface, as in Niessner et al., "Real-time 3D
reconstruction at scale using voxel hashing", SIGGRAPH Asia 2013. It is made here, and not with
Open3D, because every judged frame has to be taken out again, and the halves have to be told apart:
the sums of a TSDF are linear, and what a frame has contributed can be
taken back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cdst_ros.depth.arrays import F32, F64, AnyArray, Bool
from cdst_ros.evaluation.guard.held_frame import HeldFrame
from cdst_ros.evaluation.metrics.edges import is_jump

#: Voxels of a block, each way.
SIDE = 8
_BLOCKS_AT_ONCE = 256
_MOST_BLOCKS = 40_000_000


class UnfusableError(ValueError):
    """Frames of which no volume can be made; the message says why."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """
    Where surfaces were measured.

    :param voxel: size of a voxel [m]
    :param truncation: how far from a surface distances are kept [m]
    :param corner: of the first voxel's cell, (3,) [m]
    :param rows: number of each block, -1 where there is none, (X, Y, Z)
    :param places: of each block, in blocks, (N, 3)
    """

    voxel: float
    truncation: float
    corner: F64
    rows: AnyArray
    places: AnyArray

    @classmethod
    def around(cls, frames: Iterable[HeldFrame], voxel: float, truncation: float) -> Blocks:
        """
        Return the blocks that the frames' surfaces touch.

        :raises UnfusableError: when there is no measured depth, or it reaches too far for voxels
            of this size
        """
        points = [_points(frame, truncation) for frame in frames]
        found = [one for one in points if len(one)]
        if not found:
            raise UnfusableError('there is no measured depth to fuse')
        side = SIDE * voxel
        low = np.min([one.min(axis=0) for one in found], axis=0) - side
        high = np.max([one.max(axis=0) for one in found], axis=0) + side
        shape = np.ceil((high - low) / side).astype(np.int64)
        if np.prod(shape.astype(np.float64)) > _MOST_BLOCKS:
            raise UnfusableError(
                f'the frames reach over {" x ".join(f"{size:.0f}" for size in high - low)} m, too '
                f'far for voxels of {100 * voxel:.1f} cm'
            )
        touched = np.zeros(shape, np.bool_)
        for one in found:
            touched[tuple(((one - low) / side).astype(np.int64).T)] = True
        places = np.argwhere(touched)
        rows = np.full(shape, -1, np.int64)
        rows[touched] = np.arange(len(places))
        return cls(voxel, truncation, low, rows, places)

    def touched_by(self, frame: HeldFrame) -> AnyArray:
        """Return the numbers (N,) of the blocks that a frame's surfaces touch."""
        points = (_points(frame, self.truncation) - self.corner) / (SIDE * self.voxel)
        inside = np.ones(len(points), np.bool_)
        for one, size in zip(points.T, self.rows.shape, strict=True):
            inside &= (one >= 0) & (one < size)
        rows = np.unique(self.rows[tuple(points[inside].astype(np.int64).T)])
        return rows[rows >= 0]

    def centres(self, rows: AnyArray) -> F64:
        """Return the centres of the voxels of blocks, (N, SIDE^3, 3) [m]."""
        inside = np.stack(np.meshgrid(*[np.arange(SIDE)] * 3, indexing='ij'), axis=-1)
        voxels = SIDE * self.places[rows][:, None] + inside.reshape(1, -1, 3)
        centres: F64 = self.corner + self.voxel * (voxels + 0.5)
        return centres

    def voxels_at(self, indices: AnyArray) -> AnyArray:
        """Return the flat numbers (N,) of voxels (N, 3), counted from the corner; -1: none."""
        # Axis by axis, for reducing over a last axis of three is slow.
        inside, blocks, flat = np.ones(len(indices), np.bool_), [], np.zeros(len(indices), int)
        for one, size in zip(indices.T, self.rows.shape, strict=True):
            block = one // SIDE
            within = (block >= 0) & (block < size)
            inside &= within
            blocks.append(np.where(within, block, 0))
            flat = flat * SIDE + (one - SIDE * block)
        row = self.rows[tuple(blocks)]
        return np.asarray(np.where(inside & (row >= 0), row * SIDE**3 + flat, -1))


@dataclass(eq=False)
class Volume:
    """
    Sums over frames, a row a block.

    :param distances: of truncated distances, -1 to 1, (N, SIDE^3)
    :param weights: how many frames looked at a voxel or through it, (N, SIDE^3)
    :param hits: how many saw a surface within the truncation of it, (N, SIDE^3)
    """

    blocks: Blocks
    distances: F32
    weights: F32
    hits: F32

    @classmethod
    def empty(cls, blocks: Blocks) -> Volume:
        """Return the volume of no frame."""
        shape = len(blocks.places), SIDE**3
        return cls(blocks, *(np.zeros(shape, np.float32) for _ in range(3)))

    def __add__(self, other: Volume) -> Volume:
        return Volume(
            self.blocks,
            self.distances + other.distances,
            self.weights + other.weights,
            self.hits + other.hits,
        )

    def add(self, share: Contribution, weight: float = 1.0) -> None:
        """Add what a frame contributes, or take it out again with a weight of -1."""
        self.distances[share.rows] += weight * share.distances
        self.weights[share.rows] += weight * share.looked
        self.hits[share.rows] += weight * share.hit


@dataclass(frozen=True, eq=False)
class Contribution:
    """
    What one frame says of the N blocks that its surfaces touch.

    :param rows: numbers of the blocks, (N,)
    :param distances: truncated, -1 to 1, 0 where it does not look, (N, SIDE^3)
    :param looked: whether it looked at a voxel or through it, (N, SIDE^3)
    :param hit: whether it saw a surface within the truncation, (N, SIDE^3)
    """

    rows: AnyArray
    distances: F32
    looked: Bool
    hit: Bool

    @classmethod
    def of(cls, frame: HeldFrame, blocks: Blocks) -> Contribution:
        """Return what a frame with camera and pose contributes."""
        rows = blocks.touched_by(frame)
        shape = len(rows), SIDE**3
        distances = np.empty(shape, np.float32)
        looked, hit = np.empty(shape, np.bool_), np.empty(shape, np.bool_)
        for first in range(0, len(rows), _BLOCKS_AT_ONCE):
            part = slice(first, first + _BLOCKS_AT_ONCE)
            z, seen = _seen(frame, blocks.centres(rows[part]).reshape(-1, 3))
            distance = ((seen - z) / blocks.truncation).reshape(-1, SIDE**3)
            with np.errstate(invalid='ignore'):
                looked[part] = distance >= -1
                hit[part] = looked[part] & (distance <= 1)
            distances[part] = np.where(looked[part], np.minimum(distance, 1), 0)
        return cls(rows, distances, looked, hit)


def _points(frame: HeldFrame, reach: float) -> F64:
    """Return points of the world (N, 3) [m] along the truncated parts of the frame's rays."""
    assert frame.camera is not None
    assert frame.pose is not None
    points = frame.camera.back_project(frame.depth).reshape(-1, 3).astype(np.float64)
    points = points[np.isfinite(points[:, 2])]
    steps = np.linspace(-reach, reach, 7)
    along = (1 + steps[:, None] / points[:, 2])[..., None] * points
    world: F64 = along.reshape(-1, 3) @ frame.pose[:3, :3].T + frame.pose[:3, 3]
    return world


def _seen(frame: HeldFrame, points: F64) -> tuple[F64, F64]:
    """Return along Z [m] where points (N, 3) are, and what the frame measured there, or NaN."""
    assert frame.camera is not None
    assert frame.pose is not None
    local = (points - frame.pose[:3, 3]) @ frame.pose[:3, :3]
    z = local[:, 2]
    ahead = z > 0
    pixels = np.full((len(points), 2), -1.0)
    pixels[ahead] = frame.camera.project(local[ahead])
    return z, _between(frame.depth, pixels)


def _between(depth: F32, pixels: F64) -> F64:
    """
    Return depth (N,) [m] at pixels (N, 2), NaN where there is none.

    On one surface it is bilinear in 1/z, in which planes are linear; beside a discontinuity or a
    hole it is that of the nearest pixel.
    """
    height, width = depth.shape
    nearest = np.rint(pixels).astype(np.int64)
    column, row = nearest.T
    inside: Bool = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    out = np.full(len(pixels), np.nan)
    at, whole = pixels[inside], nearest[inside]
    own = depth[whole[:, 1], whole[:, 0]].astype(np.float64)
    first = np.clip(np.floor(at).astype(np.int64), 0, (max(width - 2, 0), max(height - 2, 0)))
    across, down = np.clip(at - first, 0, 1).T
    (x, y), right, below = first.T, min(1, width - 1), min(1, height - 1)
    corners = np.stack(
        [depth[y, x], depth[y, x + right], depth[y + below, x], depth[y + below, x + right]]
    ).astype(np.float64)
    shares = [(1 - across) * (1 - down), across * (1 - down), (1 - across) * down, across * down]
    inverse = (np.stack(shares) / corners).sum(axis=0)
    least, greatest = corners.min(axis=0), corners.max(axis=0)
    with np.errstate(invalid='ignore'):
        smooth = np.isfinite(inverse) & ~is_jump(
            least.astype(np.float32), greatest.astype(np.float32)
        )
    out[inside] = np.where(smooth, 1 / np.where(smooth, inverse, 1), own)
    return out
