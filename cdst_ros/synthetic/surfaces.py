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
"""Where on its surface each pixel looks: local position, normal, angle of incidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cdst_ros.depth.arrays import F32, F64
from cdst_ros.synthetic.raycast import FIRST_SHAPE, Hits, View
from cdst_ros.synthetic.room import FACES, Room
from cdst_ros.synthetic.shapes import Shape


@dataclass(frozen=True, eq=False)
class Surfaces:
    """
    The surface at each pixel; all of it undefined where nothing is seen.

    :param rays: world directions of length 1 along Z, (H, W, 3)
    :param local: position in the coordinates of the shape, or of the room [m], (H, W, 3)
    :param normals: in the world, of length 1, towards the camera, (H, W, 3)
    :param axis: the local axis nearest to the normal, 0 to 2, (H, W)
    :param cosine: between the normal and the way back to the camera, NaN for nothing, (H, W)
    """

    rays: F32
    local: F32
    normals: F32
    axis: NDArray[np.int8]
    cosine: F32


def pixels_by_surface(surface: NDArray[np.int16]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield each surface that is seen, with the flat indices of its pixels."""
    flat = surface.ravel()
    order = np.argsort(flat, kind='stable')
    ranked = flat[order]
    starts = np.flatnonzero(np.diff(ranked, prepend=ranked[0] - 1))
    for start, end in zip(starts, [*starts[1:], flat.size], strict=True):
        yield int(ranked[start]), order[start:end]


def surface_normals(room: Room, shapes: Sequence[Shape], view: View, hits: Hits) -> Surfaces:
    """Return the surface that each pixel sees."""
    shape = hits.inverse.shape
    v, u = np.indices(shape, dtype=np.float32)
    rays = np.stack([u, v, np.ones_like(u)], axis=-1) @ view.rays.T.astype(np.float32)
    flat_rays, inverse = rays.reshape(-1, 3), hits.inverse.ravel()
    local = np.zeros_like(flat_rays)
    normals = np.zeros_like(flat_rays)
    axes = np.zeros(inverse.size, dtype=np.int8)
    for number, pixels in pixels_by_surface(hits.surface):
        if number < 0:
            continue
        frame: Room | Shape = room if number < FIRST_SHAPE else shapes[number - FIRST_SHAPE]
        rotation = frame.rotation.astype(np.float32)
        origin = (frame.rotation.T @ (view.origin - frame.centre)).astype(np.float32)
        depth = (1.0 / inverse[pixels]).astype(np.float32)[:, None]
        points = origin + (flat_rays[pixels] @ rotation) * depth
        local[pixels] = points
        if isinstance(frame, Room):
            axis, sign = FACES[number]
            normals[pixels] = -sign * rotation[:, axis]
            axes[pixels] = axis
        else:
            inner = _shape_normals(frame, points)
            axes[pixels] = np.argmax(np.abs(inner), axis=1)
            normals[pixels] = inner @ rotation.T
    along = np.einsum('ij,ij->i', flat_rays, normals)
    normals *= np.where(along > 0, np.float32(-1), np.float32(1))[:, None]
    with np.errstate(invalid='ignore'):
        cosine = np.abs(along) / np.linalg.norm(flat_rays, axis=1)
    cosine[inverse == 0] = np.nan
    return Surfaces(
        rays,
        local.reshape(*shape, 3),
        normals.reshape(*shape, 3),
        axes.reshape(shape),
        cosine.reshape(shape).astype(np.float32),
    )


def _shape_normals(shape: Shape, points: F32) -> F32:
    """Return local unit normals at local ``points``, (N, 3): of the face or quadric nearest."""
    half = shape.half.astype(np.float32)
    residual = np.full((len(points), 4), np.inf, dtype=np.float32)
    if not shape.shell:
        for axis in shape.cut:
            residual[:, axis] = np.abs(np.abs(points[:, axis]) - half[axis])
    gradient = np.zeros_like(points)
    if shape.quadric is not None:
        gradient, residual[:, 3] = _quadric_normals(shape.quadric, points)
    nearest = np.argmin(residual, axis=1)
    normals = gradient
    for axis in range(3):
        here = nearest == axis
        normals[here] = 0.0
        normals[here, axis] = np.sign(points[here, axis])
    return normals


def _quadric_normals(quadric: F64, points: F32) -> tuple[F32, F32]:
    """Return unit gradients of a quadric (N, 3), and the distance to it to first order (N,)."""
    block, linear = quadric[:3, :3].astype(np.float32), quadric[:3, 3].astype(np.float32)
    half_gradient = points @ block + linear
    value = np.einsum('ij,ij->i', points, half_gradient + linear) + np.float32(quadric[3, 3])
    length = np.linalg.norm(half_gradient, axis=1) + np.float32(1e-20)
    return half_gradient / length[:, None], np.abs(value) / (2 * length)
