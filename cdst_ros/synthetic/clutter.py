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
Fine things that hide each other: foliage, grass, cables, wire mesh, blinds.

Each function draws one as a list of shapes, as those of ``furniture`` do: z up, standing on the
origin, except cables, which hang between two points.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from cdst_ros.depth.arrays import F64
from cdst_ros.synthetic.furniture import Piece, pick_material, placed
from cdst_ros.synthetic.room import Room
from cdst_ros.synthetic.scenes import Scene
from cdst_ros.synthetic.shapes import Shape, along, box, cylinder, random_rotation, sheet, tilt

Rng = np.random.Generator

#: A cable is a chain of so many straight pieces.
_PIECES = 12


def bush(rng: Rng) -> list[Shape]:
    """Return a bush or small tree: branches with curved leaves turned every way."""
    wood, leaf, other = pick_material(rng), pick_material(rng), pick_material(rng)
    foot, spread = rng.uniform(0.0, 0.5), rng.uniform(0.25, 0.6)
    length = math.exp(rng.uniform(math.log(0.012), math.log(0.05)))
    shapes = [cylinder((0, 0, 0), (0, 0, foot + 0.05), rng.uniform(0.006, 0.03), wood)]
    for _ in range(int(rng.integers(4, 10))):
        start = np.array([0.0, 0.0, foot])
        way = rng.standard_normal(3) * (1, 1, 0.6) + (0, 0, 1.0)
        end = start + way / np.linalg.norm(way) * spread * rng.uniform(0.5, 1.5)
        shapes.append(cylinder(start, end, rng.uniform(0.002, 0.008), wood))
        for share in rng.uniform(0.25, 1.05, int(rng.integers(12, 40))):
            at = start + share * (end - start) + rng.normal(0, 1.3 * length, 3)
            size = (length * rng.uniform(0.3, 0.7), length * rng.uniform(0.8, 1.2))
            bend = rng.uniform(-0.5, 0.5, 2) / length
            material = leaf if rng.random() < 0.8 else other
            shapes.append(sheet(at, size, bend, random_rotation(rng), material))
    return shapes


def grass(rng: Rng) -> list[Shape]:
    """Return a tuft of blades, a few millimetres wide, that bend outwards."""
    material, tall = pick_material(rng), rng.uniform(0.08, 0.4)
    spread, width = rng.uniform(0.05, 0.3), rng.uniform(0.0015, 0.005)
    shapes = []
    for _ in range(int(rng.integers(40, 120))):
        half = tall * rng.uniform(0.25, 0.5)
        lean = rng.normal(0, 0.25, 2)
        direction = np.array([lean[0], lean[1], 1.0])
        direction /= np.linalg.norm(direction)
        foot = np.array([*rng.normal(0, spread / 2, 2), 0.0])
        # the blade's long axis is its y
        turn = along(direction) @ tilt(-math.pi / 2)
        bend = (0.0, rng.uniform(0.2, 1.5) / half)
        shapes.append(sheet(foot + direction * half, (width, half), bend, turn, material))
    return shapes


def cable(
    start: ArrayLike, end: ArrayLike, sag: float, radius: float, material: int = 0
) -> list[Shape]:
    """
    Return a cable that hangs between two points, by a parabola.

    :param sag: how far its middle is below the straight line [m]
    """
    share = np.linspace(0, 1, _PIECES + 1)[:, None]
    points = np.asarray(start) * (1 - share) + np.asarray(end) * share
    points[:, 2] -= 4 * sag * (share * (1 - share))[:, 0]
    return [cylinder(a, b, radius, material) for a, b in pairwise(points)]


def mesh(rng: Rng) -> list[Shape]:
    """Return a fence of crossing wires, upright or diagonal, between two posts."""
    half, height = rng.uniform(0.3, 0.7), rng.uniform(0.5, 1.4)
    pitch, radius = rng.uniform(0.04, 0.12), rng.uniform(0.001, 0.003)
    wire, post = pick_material(rng), pick_material(rng)
    slope = 1.0 if rng.random() < 0.5 else 0.0
    shapes = [cylinder((x, 0, 0), (x, 0, height), 0.02, post) for x in (-half, half)]
    for sign in (-1.0, 1.0):
        reach = half + slope * height
        for x in np.arange(-reach, reach, pitch):
            ends = _clipped(x, sign * slope, half, height)
            if ends is not None:
                shapes.append(cylinder(*ends, radius, wire))
        if not slope:
            break
    if not slope:
        for z in np.arange(pitch, height, pitch):
            shapes.append(cylinder((-half, 0, z), (half, 0, z), radius, wire))
    return shapes


def blinds(rng: Rng) -> list[Shape]:
    """Return slats on two cords, more or less open."""
    half, count = rng.uniform(0.3, 0.6), int(rng.integers(10, 30))
    pitch, turn = rng.uniform(0.025, 0.06), tilt(rng.uniform(-1.2, 1.2))
    material, cord = pick_material(rng), pick_material(rng)
    top = pitch * (count + 1)
    slat = (half, 0.45 * pitch, 0.0006)
    shapes = [box((0, 0, pitch * (k + 1)), slat, turn, material) for k in range(count)]
    for x in (-0.7 * half, 0.7 * half):
        shapes.append(cylinder((x, 0, 0), (x, 0, top), 0.001, cord))
    return shapes


#: What stands on the floor.
STANDING: tuple[Piece, ...] = (bush, bush, bush, grass, mesh, blinds)


def cluttered_scene(rng: Rng, scene: Scene) -> Scene:
    """Return a scene with foliage, fences and cables in it as well."""
    room = scene.room
    floor = room.world(np.array([0.0, 0.0, -room.half[2]]))
    shapes: list[Shape] = []
    for _ in range(int(rng.integers(2, 6))):
        piece = STANDING[int(rng.integers(len(STANDING)))](rng)
        x, y = rng.uniform(-0.85, 0.85, 2) * room.half[:2]
        piece = placed(piece, (x, y, 0.0), rng.uniform(0, 2 * math.pi))
        shapes += [shape.moved(room.rotation, floor) for shape in piece]
    for _ in range(int(rng.integers(1, 5))):
        shapes += _across(rng, room)
    return Scene(room, scene.shapes + tuple(shapes), scene.style, scene.light)


def _across(rng: Rng, room: Room) -> list[Shape]:
    """Return a cable from wall to wall, that hangs below the ceiling."""
    ends = rng.uniform(-0.9, 0.9, (2, 3)) * room.half
    axis = int(rng.integers(2))
    ends[:, axis] = room.half[axis] * np.array([-0.99, 0.99])
    ends[:, 2] = room.half[2] * rng.uniform(0.2, 0.95, 2)
    start, end = room.world(ends)
    sag, radius = rng.uniform(0.02, 0.4), math.exp(rng.uniform(math.log(0.002), math.log(0.01)))
    return cable(start, end, sag, radius, pick_material(rng))


def _clipped(x: float, slope: float, half: float, height: float) -> tuple[F64, F64] | None:
    """Return the ends of a wire from (x, 0) up with a slope, in the frame of a fence, or None."""
    low, high = 0.0, height
    if slope:
        crossings = sorted(((-half - x) / slope, (half - x) / slope))
        low, high = max(low, crossings[0]), min(high, crossings[1])
    elif abs(x) >= half:
        return None
    if high - low < 0.01:
        return None
    ends = [np.array([x + slope * z, 0.0, z]) for z in (low, high)]
    return ends[0], ends[1]
