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
Where on its surface each pixel looks: local position, normal, angle of incidence.

Pixels are kept in the order of their surfaces, so that each surface is one slice of every array;
vectors are kept as three rows, one a coordinate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cdst_ros.depth.arrays import F32, F64, AnyArray
from cdst_ros.synthetic.raycast import FIRST_SHAPE, NOTHING, Hits, View
from cdst_ros.synthetic.room import FACES, Room
from cdst_ros.synthetic.scenes import Scene
from cdst_ros.synthetic.shapes import Shape


@dataclass(frozen=True, eq=False)
class Surfaces:
    """
    What the N pixels that see something look at, ordered by surface.

    :param shape: H, W of the image
    :param pixels: flat index of each pixel, (N,)
    :param numbers: of the surfaces that are seen, ascending, (S,)
    :param counts: of the pixels of each, (S,)
    :param depth: [m], (N,)
    :param points: in the world, relative to the camera [m], (3, N)
    :param local: in the coordinates of the shape, or of the room [m], (3, N)
    :param normals: in the world, of length 1, towards the camera, (3, N)
    :param axis: the local axis nearest to the normal, 0 to 2, (N,)
    :param cosine: between the normal and the way back to the camera, (N,)
    """

    shape: tuple[int, int]
    pixels: NDArray[np.int64]
    numbers: NDArray[np.int64]
    counts: NDArray[np.int64]
    depth: F32
    points: F32
    local: F32
    normals: F32
    axis: NDArray[np.int8]
    cosine: F32

    def slices(self) -> Iterator[tuple[int, slice]]:
        """Yield the number of each surface with its pixels' place in the arrays."""
        end = 0
        for number, count in zip(self.numbers.tolist(), self.counts.tolist(), strict=True):
            start, end = end, end + count
            yield number, slice(start, end)

    def spread(self, values: AnyArray) -> AnyArray:
        """Return a value a surface, (S,), as a value a pixel, (N,)."""
        return np.repeat(values, self.counts)

    def image(self, values: AnyArray, background: object) -> AnyArray:
        """Return values (N,) or (N, C) as an image (H, W) or (H, W, C)."""
        height, width = self.shape
        out = np.empty((height * width, *values.shape[1:]), dtype=values.dtype)
        out[:] = background
        out[self.pixels] = values
        return out.reshape(height, width, *values.shape[1:])


def look_closely(scene: Scene, view: View, hits: Hits) -> Surfaces:
    """Return the surface behind each pixel of ``hits``."""
    pixels, numbers, counts = _by_surface(hits.surface.ravel())
    depth = (1 / hits.inverse.ravel()[pixels]).astype(np.float32)
    v, u = np.divmod(pixels, view.width)
    rays = view.rays.astype(np.float32)
    points = rays[:, :1] * u.astype(np.float32) + rays[:, 1:2] * v.astype(np.float32)
    points += rays[:, 2:]
    points *= depth
    local, normals = np.empty_like(points), np.empty_like(points)
    axis = np.empty(pixels.size, dtype=np.int8)
    seen = Surfaces(
        (view.height, view.width),
        pixels,
        numbers,
        counts,
        depth,
        points,
        local,
        normals,
        axis,
        np.empty_like(depth),
    )
    for number, part in seen.slices():
        body: Room | Shape = scene.room
        if number >= FIRST_SHAPE:
            body = scene.shapes[number - FIRST_SHAPE]
        turn = body.rotation.astype(np.float32)
        origin = (body.rotation.T @ (view.origin - body.centre)).astype(np.float32)
        local[:, part] = turn.T @ points[:, part] + origin[:, None]
        if isinstance(body, Room):
            axis[part], sign = FACES[number]
            normals[:, part] = -sign * turn[:, FACES[number][0], None]
        else:
            inner = _shape_normals(body, local[:, part])
            axis[part] = np.abs(inner).argmax(axis=0)
            normals[:, part] = turn @ inner
    _face_camera(seen)
    return seen


def _by_surface(
    surface: NDArray[np.int16],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the pixels that see something by surface, those surfaces, and their pixel counts."""
    order = np.argsort(surface, kind='stable')
    counts = np.bincount(surface - NOTHING, minlength=1)
    numbers = np.flatnonzero(counts[1:])
    return order[counts[0] :], numbers, counts[1:][numbers]


def _face_camera(seen: Surfaces) -> None:
    """Turn the normals to the camera, and set their angles to the rays."""
    points, normals = seen.points, seen.normals
    along = points[0] * normals[0] + points[1] * normals[1] + points[2] * normals[2]
    normals *= np.where(along > 0, np.float32(-1), np.float32(1))
    distance2 = points[0] ** 2 + points[1] ** 2 + points[2] ** 2
    np.divide(np.abs(along), np.sqrt(distance2), out=seen.cosine)


def _shape_normals(shape: Shape, points: F32) -> F32:
    """Return local unit normals at local ``points``, (3, N): of the face or quadric nearest."""
    normals, nearest = np.zeros_like(points), np.full(points.shape[1], np.inf, dtype=np.float32)
    if shape.quadric is not None:
        normals, nearest = _quadric_normals(shape.quadric, points)
    if shape.shell:
        return normals
    for axis in shape.cut:
        away = np.abs(np.abs(points[axis]) - np.float32(shape.half[axis]))
        here = away < nearest
        np.copyto(nearest, away, where=here)
        normals[:, here] = 0.0
        normals[axis, here] = np.sign(points[axis, here])
    return normals


def _quadric_normals(quadric: F64, points: F32) -> tuple[F32, F32]:
    """Return unit gradients of a quadric (3, N), and the distance to it to first order (N,)."""
    block, linear = quadric[:3, :3].astype(np.float32), quadric[:3, 3:].astype(np.float32)
    half = block @ points + linear
    value = np.sum(points * (half + linear), axis=0) + np.float32(quadric[3, 3])
    length = np.sqrt(half[0] ** 2 + half[1] ** 2 + half[2] ** 2) + np.float32(1e-20)
    return half / length, np.abs(value) / (2 * length)
