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
"""The colour image: textures, one lamp with its shadows, and light from all around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cdst_ros.depth.arrays import F32, F64, U8, Bool
from cdst_ros.depth.camera import CameraModel
from cdst_ros.synthetic.furniture import MATERIALS, QUIET_MATERIALS
from cdst_ros.synthetic.poses import look
from cdst_ros.synthetic.raycast import View, cast
from cdst_ros.synthetic.room import FACES, Room, in_face
from cdst_ros.synthetic.scenes import Scene
from cdst_ros.synthetic.shapes import Shape
from cdst_ros.synthetic.surfaces import Surfaces
from cdst_ros.synthetic.textures import SIZE, Atlas, atlas

#: Textures are drawn for one seed in so many: they cost far more than a view does.
_ATLASES = 4

#: The lamp's image of what it reaches: size [px] and half its opening angle [tan].
_SHADOW_SIZE = 768
_SHADOW_REACH = 2.75
#: What lies this much behind the surface that the lamp sees is in its shadow.
_SHADOW_SLACK = 0.02
#: Faces whose first axis runs to the left when they are seen from inside.
_MIRRORED = (1, 2)
#: What windows show, RGB.
_SKY = (220, 235, 255)


@dataclass(frozen=True, eq=False)
class Palette:
    """
    The materials of a scene, by their number.

    :param textures: all of them
    :param tile: texture of each material, (M,)
    :param tint: reflectance that multiplies it, RGB, (M, 3)
    :param density: texels per metre, (M,)
    :param turn: cosine and sine of the texture's angle, (M, 2)
    :param ambient: share of the light that comes from all around
    :param exposure: brightness, RGB (3,)
    """

    textures: Atlas
    tile: NDArray[np.int64]
    tint: F32
    density: F32
    turn: F32
    ambient: float
    exposure: F32

    def picture(self, material: int) -> int:
        """Return the texture of a poster of that material: a picture or text."""
        return self.textures.plain + material % (self.textures.count - self.textures.plain)


@lru_cache(maxsize=16)
def palette(style: int) -> Palette:
    """Return the materials of a style; the same for the same number."""
    rng = np.random.default_rng(style)
    textures = atlas(style % _ATLASES)
    tile = rng.integers(0, textures.plain, MATERIALS)
    tile[:QUIET_MATERIALS] = rng.integers(0, textures.quiet, QUIET_MATERIALS)
    picture = QUIET_MATERIALS + np.flatnonzero(rng.random(MATERIALS - QUIET_MATERIALS) < 0.15)
    tile[picture] = rng.integers(textures.plain, textures.count, picture.size)
    tint = np.clip(
        rng.uniform(0.5, 1.1, (MATERIALS, 1)) + rng.normal(0, 0.1, (MATERIALS, 3)), 0, 2
    )
    angle = rng.choice([0.0, np.pi / 2, 0.6, -1.0], MATERIALS, p=[0.4, 0.3, 0.15, 0.15])
    warm = rng.uniform(-0.12, 0.12)
    return Palette(
        textures,
        tile,
        tint.astype(np.float32),
        np.exp(rng.uniform(np.log(120), np.log(900), MATERIALS)).astype(np.float32),
        np.stack([np.cos(angle), np.sin(angle)], axis=-1).astype(np.float32),
        float(rng.uniform(0.25, 0.6)),
        (np.array([1 + warm, 1.0, 1 - warm]) * rng.uniform(0.9, 1.6)).astype(np.float32),
    )


class Lamp:
    """A lamp in a room, and what it does not reach."""

    def __init__(self, room: Room, shapes: Sequence[Shape], position: F64) -> None:
        """Cast the shadows of ``shapes`` from ``position`` [m]."""
        focal, middle = _SHADOW_SIZE / 2 / _SHADOW_REACH, (_SHADOW_SIZE - 1) / 2
        camera = CameraModel.from_intrinsics(
            focal, focal, middle, middle, _SHADOW_SIZE, _SHADOW_SIZE
        )
        self.position = position
        self.view = View.of(camera, look(position, 0.0, -np.pi / 2))
        self._nearest = cast(room, shapes, self.view).inverse.astype(np.float32)

    def reaches(self, points: F32) -> Bool:
        """Return whether the lamp lights world points (3, N) relative to itself, (N,)."""
        x, y, z = self.view.rotation.T.astype(np.float32) @ points
        ahead = z > 0.05
        inverse = 1 / np.where(ahead, z, np.float32(1))
        focal, middle = (np.float32(self.view.to_pixels[0, k]) for k in (0, 2))
        column = (x * inverse * focal + (middle + np.float32(0.5))).astype(np.int32)
        row = (y * inverse * focal + (middle + np.float32(0.5))).astype(np.int32)
        # what the lamp does not look at, such as the ceiling, is lit
        ahead &= (column >= 0) & (column < _SHADOW_SIZE) & (row >= 0) & (row < _SHADOW_SIZE)
        nearest = self._nearest[np.where(ahead, row, 0), np.where(ahead, column, 0)]
        limit = inverse * (1 + _SHADOW_SLACK) + np.float32(_SHADOW_SLACK / 2)
        return np.asarray(~ahead | (nearest < limit))


def shade(scene: Scene, view: View, seen: Surfaces) -> U8:
    """Return the colour of what is seen, RGB, (H, W, 3)."""
    colors = palette(scene.style)
    light = _light(scene, colors, view, seen)
    color = _albedo(scene, colors, view, seen)
    color *= light[:, None] * colors.exposure
    # gamma 2; a real camera clips its highlights, too
    np.sqrt(np.minimum(color, 1, out=color), out=color)
    return seen.image((color * 255).astype(np.uint8), _SKY)


def _light(scene: Scene, colors: Palette, view: View, seen: Surfaces) -> F32:
    """Return the light that falls on what is seen, (N,)."""
    lamp = _lamp(scene)
    points = seen.points + (view.origin - lamp.position).astype(np.float32)[:, None]
    distance2 = points[0] ** 2 + points[1] ** 2 + points[2] ** 2 + np.float32(0.05)
    n = seen.normals
    facing = -(points[0] * n[0] + points[1] * n[1] + points[2] * n[2]) / np.sqrt(distance2)
    direct = np.maximum(facing, 0) * lamp.reaches(points) / (0.6 + 0.15 * distance2)
    return np.asarray(direct + colors.ambient * (0.75 + 0.25 * n[2]), dtype=np.float32)


def _albedo(scene: Scene, colors: Palette, view: View, seen: Surfaces) -> F32:
    """Return the reflectance of what is seen, linear RGB, (N, 3)."""
    numbers = np.array([*scene.room.materials, *(shape.material for shape in scene.shapes)])
    material = numbers[seen.numbers]
    a = np.where(seen.axis == 0, seen.local[1], seen.local[0])
    b = np.where(seen.axis == 2, seen.local[1], -seen.local[2])
    density = seen.spread(colors.density[material] / np.float32(SIZE))
    cos, sin = (seen.spread(colors.turn[material, k]) for k in (0, 1))
    # bodies of one material do not show the same piece of it
    shift = seen.spread((0.618 * seen.numbers).astype(np.float32))
    u, v = (a * cos - b * sin) * density + shift, (a * sin + b * cos) * density
    tile = seen.spread(colors.tile[material])
    tint = colors.tint[material] / np.float32(255)
    tints = np.repeat(tint, seen.counts, axis=0)
    places = dict(seen.slices())
    for patch in scene.room.posters:
        if patch.face not in places:
            continue
        part = places[patch.face]
        first, second = in_face(FACES[patch.face][0])
        across = (seen.local[first, part] - patch.centre[0]) / (2 * patch.half[0]) + 0.5
        if patch.face in _MIRRORED:
            across = 1 - across
        down = 0.5 - (seen.local[second, part] - patch.centre[1]) / (2 * patch.half[1])
        here = part.start + np.flatnonzero(
            (np.abs(across - 0.5) < 0.5) & (np.abs(down - 0.5) < 0.5)
        )
        tile[here] = colors.picture(patch.material)
        u[here], v[here] = across[here - part.start], down[here - part.start]
        density[here] = 1 / (2 * min(patch.half))
        tints[here] = np.float32(1 / 255)
    pixel = seen.depth * np.float32(SIZE / view.to_pixels[0, 0]) * density
    footprint = pixel / np.sqrt(np.maximum(seen.cosine, np.float32(0.05)))
    albedo = colors.textures.look_up(tile, u, v, footprint) * tints
    # textures are stored with gamma 2
    return np.asarray(np.square(albedo, out=albedo))


@lru_cache(maxsize=2)
def _lamp(scene: Scene) -> Lamp:
    return Lamp(scene.room, scene.shapes, scene.light)
