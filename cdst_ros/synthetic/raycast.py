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
Exact visibility: which surface each pixel sees, and how far away.

Everything is computed in inverse depth w = 1 / Z, because there the scene is simple. A point on
the ray of pixel (u, v) is ``o + d / w``, where ``d`` is affine in (u, v). A plane is an affine
function of the pixel, so a convex body is a minimum and maximum of such functions. On a quadric w
solves ``c w^2 + 2 b w + a = 0``, where c is one number for the whole image, b is affine and the
discriminant quadratic in the pixel: no division and one root a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cdst_ros.depth.arrays import F32, F64
from cdst_ros.depth.camera import CameraModel
from cdst_ros.synthetic.room import FACES, Room, in_face
from cdst_ros.synthetic.shapes import Shape

I16 = NDArray[np.int16]

#: Surface number where a pixel sees nothing.
NOTHING = -1
#: Surface number of the first shape; the room's faces come before it.
FIRST_SHAPE = len(FACES)

#: Shapes are clipped nearer than this when their place in the image is bounded [m].
_NEAR = 0.02
#: A camera this close to a surface counts as beside it [m]: no division by zero.
_TOUCHING = 1e-9

#: The pairs of corners of a box that differ in one digit: its edges, (12, 2).
_EDGES = np.array([(i, i | bit) for bit in (1, 2, 4) for i in range(8) if not i & bit])


@dataclass(frozen=True, eq=False)
class View:
    """
    A pinhole camera somewhere in the world.

    :param rays: takes pixels [u v 1] to ray directions in the world, of length 1 along Z, (3, 3)
    :param origin: the camera in the world [m], (3,)
    :param to_pixels: takes camera coordinates to pixels, (3, 3)
    :param rotation: camera axes in the world, as columns, (3, 3)
    """

    width: int
    height: int
    rays: F64
    origin: F64
    to_pixels: F64
    rotation: F64

    @classmethod
    def of(cls, camera: CameraModel, pose: F64) -> View:
        """
        Return the view of a camera at a pose.

        :param pose: camera to world, optical axes (z forward, x right, y down), (4, 4)
        :raises ValueError: when the camera has lens distortion, which is not rendered
        """
        if np.any(np.asarray(camera.d, dtype=np.float64)):
            raise ValueError(
                'scenes are rendered through a pinhole, and this camera has lens distortion '
                f'{list(camera.d)}: give a rectified camera'
            )
        fx, fy, cx, cy = camera.intrinsics()
        k = np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])
        rotation = np.asarray(pose, dtype=np.float64)[:3, :3]
        origin = np.asarray(pose, dtype=np.float64)[:3, 3]
        rays = rotation @ np.linalg.inv(k)
        return cls(camera.width, camera.height, rays, origin, k, rotation)


@dataclass(frozen=True, eq=False)
class Hits:
    """
    What each pixel sees.

    :param inverse: 1 / Z [1/m], 0 where nothing is seen, (H, W)
    :param surface: number of the surface, ``NOTHING`` where there is none, (H, W)
    """

    inverse: F64
    surface: I16

    def depth(self) -> F32:
        """Return depth along Z [m], NaN where nothing is seen, (H, W)."""
        with np.errstate(divide='ignore'):
            depth = np.divide(1.0, self.inverse, dtype=np.float64)
        depth[self.surface == NOTHING] = np.nan
        return depth.astype(np.float32)


def cast(room: Room, shapes: Sequence[Shape], view: View) -> Hits:
    """
    Return the nearest surface behind every pixel centre.

    :raises ValueError: when the camera is not inside the room
    """
    if np.any(np.abs(room.local(view.origin)) >= room.half):
        raise ValueError(
            f'the camera at {view.origin} is outside the room: move it inside, '
            f'within {room.half} m of the middle {room.centre} along the axes of the room'
        )
    canvas = _Canvas.blank(view)
    _cast_room(canvas, room)
    if shapes:
        windows = bounding_windows(np.stack([shape.corners() for shape in shapes]), view)
        for number, (shape, window) in enumerate(zip(shapes, windows, strict=True)):
            if window[0] < window[2] and window[1] < window[3]:
                _cast_shape(canvas.window(window), shape, number + FIRST_SHAPE)
    return Hits(canvas.inverse, canvas.surface)


def bounding_windows(corners: F64, view: View) -> NDArray[np.int64]:
    """
    Return the pixels that boxes can cover, x0 y0 x1 y1 with the ends exclusive, (N, 4).

    :param corners: in the world [m], (N, 8, 3)
    """
    points = (corners - view.origin) @ view.rotation
    clipped = np.concatenate([points, _near_crossings(points)], axis=1)
    z = clipped[..., 2]
    with np.errstate(divide='ignore', invalid='ignore'):
        pixels = (clipped @ view.to_pixels.T)[..., :2] / z[..., None]
    seen = (z >= _NEAR * (1 - 1e-9))[..., None]
    low = np.where(seen, pixels, np.inf).min(axis=1)
    high = np.where(seen, pixels, -np.inf).max(axis=1)
    size = np.array([view.width, view.height], dtype=np.float64)
    first = np.ceil(np.clip(low - 1e-6, 0, size))
    last = np.floor(np.clip(high + 1e-6, -1, size - 1)) + 1
    return np.concatenate([first, last], axis=1).astype(np.int64)


def _near_crossings(points: F64) -> F64:
    """Return where the edges of boxes pierce the near plane, NaN where they do not, (N, 12, 3)."""
    a, b = points[:, _EDGES[:, 0]], points[:, _EDGES[:, 1]]
    za, zb = a[..., 2] - _NEAR, b[..., 2] - _NEAR
    with np.errstate(divide='ignore', invalid='ignore'):
        share = np.where(za * zb < 0, za / (za - zb), np.nan)
        return np.asarray(a + share[..., None] * (b - a))


@dataclass(frozen=True, eq=False)
class _Canvas:
    """The image being filled, or a window of it with its columns ``u`` and rows ``v``."""

    view: View
    inverse: F64
    surface: I16
    u: F64
    v: F64

    @classmethod
    def blank(cls, view: View) -> _Canvas:
        size = (view.height, view.width)
        u, v = np.arange(view.width, dtype=np.float64), np.arange(view.height, dtype=np.float64)
        return cls(view, np.zeros(size), np.full(size, NOTHING, dtype=np.int16), u, v)

    def window(self, window: NDArray[np.int64]) -> _Canvas:
        """Return the part x0 y0 x1 y1, which shares its pixels with the whole."""
        x0, y0, x1, y1 = window
        part = np.s_[y0:y1, x0:x1]
        return _Canvas(
            self.view, self.inverse[part], self.surface[part], self.u[x0:x1], self.v[y0:y1]
        )

    def affine(self, row: F64) -> F64:
        """Return ``row . [u v 1]`` for every pixel."""
        return np.asarray(row[0] * self.u + (row[1] * self.v + row[2])[:, None])

    def quadratic(self, form: F64) -> F64:
        """Return ``[u v 1] form [u v 1]^T`` for every pixel, summed about the middle of it."""
        u0, v0 = (self.u[0] + self.u[-1]) / 2, (self.v[0] + self.v[-1]) / 2
        shift = np.array([[1.0, 0.0, u0], [0.0, 1.0, v0], [0.0, 0.0, 1.0]])
        f = shift.T @ form @ shift
        u, v = self.u - u0, (self.v - v0)[:, None]
        out = np.asarray(2 * f[0, 1] * v + 2 * f[0, 2] + f[0, 0] * u)
        out *= u
        out += f[1, 1] * v * v + 2 * f[1, 2] * v + f[2, 2]
        return out

    def put(self, inverse: F64, seen: NDArray[np.bool_], number: int) -> None:
        """Set the pixels that are ``seen``."""
        np.copyto(self.inverse, inverse, where=seen)
        np.copyto(self.surface, number, where=seen)


def _cast_room(canvas: _Canvas, room: Room) -> None:
    view = canvas.view
    origin, rays = room.local(view.origin), room.rotation.T @ view.rays
    corners = [room.face_corners(face) for face in range(len(FACES))]
    corners += [room.patch_corners(patch) for patch in room.windows]
    windows = bounding_windows(np.stack(corners), view)
    for face, (axis, sign) in enumerate(FACES):
        part = canvas.window(windows[face])
        inverse = part.affine(rays[axis] * (sign / (room.half[axis] - sign * origin[axis])))
        part.put(inverse, inverse > part.inverse, face)
    for patch, window in zip(room.windows, windows[len(FACES) :], strict=True):
        part = canvas.window(window)
        open_ = part.surface == patch.face
        for axis, middle, half in zip(
            in_face(FACES[patch.face][0]), patch.centre, patch.half, strict=True
        ):
            offset = part.affine(rays[axis]) + (origin[axis] - middle) * part.inverse
            open_ &= np.abs(offset) < half * part.inverse
        part.put(np.zeros_like(part.inverse), open_, NOTHING)


def _cast_shape(canvas: _Canvas, shape: Shape, number: int) -> None:
    origin = (canvas.view.origin - shape.centre) @ shape.rotation
    rays = shape.rotation.T @ canvas.view.rays
    if shape.shell:
        inverse = _shell(canvas, shape, origin, rays)
        canvas.put(inverse, inverse > canvas.inverse, number)
        return
    bounds = _solid(canvas, shape, origin, rays)
    if bounds is not None:
        entry, leave = bounds
        canvas.put(entry, entry > leave, number)


def _solid(canvas: _Canvas, shape: Shape, origin: F64, rays: F64) -> tuple[F64, F64] | None:
    """
    Return where rays enter a convex body, and the nearest thing it must beat, as inverse depths.

    That thing is where the ray has left the body again, or what the pixel sees already. None when
    the camera is inside the body, whose inside is not seen.
    """
    entries: list[F64] = []
    leave = canvas.inverse.copy()
    for axis in shape.cut:
        for sign in (-1.0, 1.0):
            ahead = _off_zero(shape.half[axis] - sign * origin[axis])
            inverse = canvas.affine(rays[axis] * (sign / ahead))
            if ahead > 0:
                np.maximum(leave, inverse, out=leave)
            else:
                entries.append(inverse)
    if shape.quadric is not None:
        c, first, second = _roots(canvas, shape.quadric, origin, rays)
        np.maximum(leave, second if c > 0 else first, out=leave)
        if c > 0:
            entries.append(first)
    if not entries:
        return None
    entry = entries[0]
    for other in entries[1:]:
        np.minimum(entry, other, out=entry)
    return entry, leave


def _shell(canvas: _Canvas, shape: Shape, origin: F64, rays: F64) -> F64:
    """Return the inverse depth of the nearest point of a shell, 0 where there is none."""
    assert shape.quadric is not None
    _, first, second = _roots(canvas, shape.quadric, origin, rays)
    out = np.zeros_like(first)
    offsets = {axis: canvas.affine(rays[axis]) for axis in shape.cut}
    for inverse in (second, first):
        inside = inverse > 0
        for axis, offset in offsets.items():
            position = origin[axis] * inverse + offset
            inside &= np.abs(position) <= shape.half[axis] * inverse
        np.copyto(out, inverse, where=inside)
    return out


def _roots(canvas: _Canvas, quadric: F64, origin: F64, rays: F64) -> tuple[float, F64, F64]:
    """
    Return the quadric's value at the camera, and the larger and smaller inverse depth of a ray.

    They are NaN where the ray misses the quadric.
    """
    block, linear = quadric[:3, :3], quadric[:3, 3]
    c = _off_zero(float(origin @ block @ origin + 2 * linear @ origin + quadric[3, 3]))
    half_b = (block @ origin + linear) @ rays
    form = np.outer(half_b, half_b) - c * (rays.T @ block @ rays)
    with np.errstate(invalid='ignore'):
        root = np.sqrt(canvas.quadratic(form / c**2))
    middle = canvas.affine(-half_b / c)
    return c, middle + root, middle - root


def _off_zero(value: float) -> float:
    return value if abs(value) > _TOUCHING else _TOUCHING
