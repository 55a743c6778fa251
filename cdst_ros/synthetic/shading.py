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

import cv2
import numpy as np
from numpy.typing import NDArray

from cdst_ros.depth.arrays import F32, F64, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.synthetic.furniture import MATERIALS
from cdst_ros.synthetic.poses import look
from cdst_ros.synthetic.raycast import I16, NOTHING, Hits, View, cast
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
#: What windows show, linear RGB.
_SKY = (0.75, 0.85, 1.0)


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
    picture = rng.random(MATERIALS) < 0.15
    tile[picture] = rng.integers(textures.plain, textures.count, int(picture.sum()))
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
        (np.array([1 + warm, 1.0, 1 - warm]) * rng.uniform(0.8, 1.3)).astype(np.float32),
    )


class Lamp:
    """A lamp in a room, and what it does not reach."""

    def __init__(self, room: Room, shapes: Sequence[Shape], position: F64) -> None:
        """Cast the shadows of ``shapes`` from ``position`` [m]; some 30 ms."""
        focal, middle = _SHADOW_SIZE / 2 / _SHADOW_REACH, (_SHADOW_SIZE - 1) / 2
        camera = CameraModel.from_intrinsics(
            focal, focal, middle, middle, _SHADOW_SIZE, _SHADOW_SIZE
        )
        self.position = position
        self.view = View.of(camera, look(position, 0.0, -np.pi / 2))
        self._nearest = cast(room, shapes, self.view).inverse.astype(np.float32)

    def shadow(self, points: F32) -> F32:
        """Return 0 where world points (H, W, 3) are in the shadow, 1 where they are lit, (H, W)."""
        inside = (points - self.position.astype(np.float32)) @ self.view.rotation.astype(
            np.float32
        )
        z = inside[..., 2]
        below = z > 0.05
        inverse = 1 / np.where(below, z, 1)
        pixels = inside[..., :2] * (self.view.to_pixels[0, 0] * inverse)[..., None].astype(
            np.float32
        ) + np.float32(self.view.to_pixels[0, 2])
        nearest = cv2.remap(
            self._nearest,
            pixels[..., 0],
            pixels[..., 1],
            cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
        dark = below & (nearest > inverse * (1 + _SHADOW_SLACK) + np.float32(0.01))
        return np.asarray(cv2.blur((~dark).astype(np.float32), (3, 3)))


def shade(scene: Scene, view: View, hits: Hits, seen: Surfaces) -> U8:
    """Return the colour of what is seen, RGB, (H, W, 3)."""
    colors = palette(scene.style)
    depth = (1 / np.where(hits.inverse > 0, hits.inverse, 1)).astype(np.float32)
    albedo = _albedo(scene, colors, hits.surface, seen, depth / view.to_pixels[0, 0])
    points = view.origin.astype(np.float32) + seen.rays * depth[..., None]
    lamp = _lamp(scene)
    to_lamp = lamp.position.astype(np.float32) - points
    distance2 = np.einsum('ijk,ijk->ij', to_lamp, to_lamp) + np.float32(0.05)
    facing = np.einsum('ijk,ijk->ij', to_lamp, seen.normals) / np.sqrt(distance2)
    direct = np.maximum(facing, 0) * lamp.shadow(points) / (0.6 + 0.15 * distance2)
    around = colors.ambient * (0.75 + 0.25 * seen.normals[..., 2])
    albedo *= (direct + around)[..., None] * colors.exposure
    albedo[hits.surface == NOTHING] = _SKY
    # gamma 2; a real camera clips its highlights, too
    return np.asarray(np.sqrt(np.clip(albedo, 0, 1)) * 255, dtype=np.uint8)


def _albedo(scene: Scene, colors: Palette, surface: I16, seen: Surfaces, pixel: F32) -> F32:
    """
    Return the reflectance of what is seen, RGB, (H, W, 3).

    :param pixel: width of a pixel on a surface that faces the camera [m], (H, W)
    """
    numbers = [*scene.room.materials, *(shape.material for shape in scene.shapes), 0]
    material = np.array(numbers)[surface]
    u, v = _in_surface(seen)
    cos, sin = colors.turn[material, 0], colors.turn[material, 1]
    density = colors.density[material]
    # bodies of one material do not show the same piece of it
    x = (u * cos - v * sin) * density + surface * np.float32(0.618 * SIZE)
    y = (u * sin + v * cos) * density
    tile = colors.tile[material]
    for patch in scene.room.posters:
        a, b = in_face(FACES[patch.face][0])
        across = (seen.local[..., a] - patch.centre[0]) / (2 * patch.half[0]) + 0.5
        up = (seen.local[..., b] - patch.centre[1]) / (2 * patch.half[1]) + 0.5
        here = (surface == patch.face) & (np.abs(across - 0.5) < 0.5) & (np.abs(up - 0.5) < 0.5)
        tile[here] = colors.picture(patch.material)
        x[here], y[here] = across[here] * SIZE, (1 - up[here]) * SIZE
        density[here] = SIZE / (2 * min(patch.half))
        material[here] = patch.material
    slant = np.sqrt(np.maximum(np.nan_to_num(seen.cosine, nan=1.0), 0.05))
    texels = colors.textures.look_up(tile, x, y, pixel * density / slant)
    albedo = texels * (colors.tint[material] / np.float32(255))
    # textures are stored with gamma 2
    return np.square(albedo, out=albedo)


def _in_surface(seen: Surfaces) -> tuple[F32, F32]:
    """Return two coordinates along each surface [m], (H, W): those across its main axis."""
    x, y, z = (seen.local[..., k] for k in range(3))
    return np.where(seen.axis == 0, y, x), np.where(seen.axis == 2, y, -z)


@lru_cache(maxsize=2)
def _lamp(scene: Scene) -> Lamp:
    return Lamp(scene.room, scene.shapes, scene.light)
