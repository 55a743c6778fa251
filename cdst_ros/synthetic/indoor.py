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
"""Furnished rooms without end: the walls, what stands in them, and what hangs on them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cdst_ros.depth.arrays import F64
from cdst_ros.synthetic import furniture
from cdst_ros.synthetic.room import FLOOR, Patch, Room
from cdst_ros.synthetic.scenes import STYLES, Scene
from cdst_ros.synthetic.shapes import Shape, box, yaw

_TRIES = 8


def indoor_scene(rng: np.random.Generator) -> Scene:
    """Return a furnished room, drawn by ``rng``."""
    room = _room(rng)
    shapes = _furnish(rng, room)
    x, y = rng.uniform(-0.4, 0.4, 2) * room.half[:2]
    light = room.world(np.array([x, y, room.half[2] - 0.25]))
    return Scene(room, tuple(shapes), int(rng.integers(STYLES)), light)


def _room(rng: np.random.Generator) -> Room:
    half = np.array([rng.uniform(1.6, 4.2), rng.uniform(1.5, 3.5), rng.uniform(1.15, 1.6)])
    wall, ceiling = furniture.pick_quiet_material(rng), furniture.pick_quiet_material(rng)
    walls = [wall if rng.random() < 0.75 else furniture.pick_material(rng) for _ in range(4)]
    materials = (*walls, furniture.pick_material(rng), ceiling)
    centre = np.array([0.0, 0.0, half[2]])
    rotation = yaw(rng.uniform(0, 2 * math.pi))
    windows = tuple(_window(rng, half) for _ in range(int(rng.integers(0, 3))))
    posters = tuple(_poster(rng, half) for _ in range(int(rng.integers(2, 8))))
    return Room(centre, rotation, half, materials, windows, posters)


def _window(rng: np.random.Generator, half: F64) -> Patch:
    face = int(rng.integers(4))
    across = half[1] if face < 2 else half[0]
    size = (rng.uniform(0.3, 0.8), rng.uniform(0.35, 0.7))
    return Patch(face, (rng.uniform(-0.6, 0.6) * across, rng.uniform(0.1, 0.3)), size)


def _poster(rng: np.random.Generator, half: F64) -> Patch:
    face = int(rng.choice([0, 1, 2, 3, FLOOR]))
    axes = ((1, 2), (1, 2), (0, 2), (0, 2), (0, 1), (0, 1))[face]
    reach = half[list(axes)]
    size = np.minimum(np.exp(rng.uniform(math.log(0.12), math.log(0.9), 2)), 0.9 * reach)
    centre = rng.uniform(-1, 1, 2) * (reach - size)
    return Patch(
        face,
        (float(centre[0]), float(centre[1])),
        (float(size[0]), float(size[1])),
        furniture.pick_material(rng),
    )


def _furnish(rng: np.random.Generator, room: Room) -> list[Shape]:
    """Return furniture in the room, in the world."""
    floor = _Floor(room)
    area = 4 * room.half[0] * room.half[1]
    for _ in range(int(rng.integers(3, 7))):
        floor.add_at_wall(rng)
    for _ in range(int(rng.integers(2, 4 + area / 8))):
        floor.add_free(rng)
    shapes = floor.shapes
    for _ in range(int(rng.integers(0, 4))):
        piece = furniture.HANGING[int(rng.integers(len(furniture.HANGING)))](rng)
        x, y = rng.uniform(-0.8, 0.8, 2) * room.half[:2]
        shapes += furniture.placed(piece, (x, y, 2 * room.half[2]), rng.integers(4) * math.pi / 2)
    for patch in room.windows:
        shapes += _glazing_bars(rng, room, patch)
    down = np.array([0.0, 0.0, room.half[2]])
    return [shape.moved(room.rotation, room.centre - down) for shape in shapes]


def _glazing_bars(rng: np.random.Generator, room: Room, patch: Patch) -> list[Shape]:
    """Return the thin bars across a window, in the room's axes with z from the floor."""
    axis, along = (0, 1) if patch.face < 2 else (1, 0)
    sign = -1.0 if patch.face % 2 == 0 else 1.0
    material = furniture.pick_material(rng)
    bars = []
    for horizontal in (False, True):
        for share in np.linspace(-1, 1, int(rng.integers(2, 5))):
            middle, half = np.empty(3), np.full(3, rng.uniform(0.008, 0.025))
            middle[axis] = sign * (room.half[axis] - 0.03)
            middle[along] = patch.centre[0] + (0 if horizontal else share * patch.half[0])
            middle[2] = room.half[2] + patch.centre[1] + (share * patch.half[1] * horizontal)
            half[along if horizontal else 2] = patch.half[0] if horizontal else patch.half[1]
            bars.append(box(middle, half, None, material))
    return bars


class _Floor:
    """Places pieces apart from each other, in the room's axes with z from the floor."""

    def __init__(self, room: Room) -> None:
        self.half = room.half
        self.taken: list[tuple[float, float, float]] = []
        self.shapes: list[Shape] = []

    def add_free(self, rng: np.random.Generator) -> None:
        """Add a free-standing piece, or none when there is no room for it."""
        piece = furniture.FREE[int(rng.integers(len(furniture.FREE)))](rng)
        radius = float(np.abs(furniture.footprint(piece)).max())
        reach = self.half[:2] - 0.8 * radius
        if reach.min() <= 0:
            return
        for x, y in rng.uniform(-1, 1, (_TRIES, 2)) * reach:
            if self._free(x, y, radius):
                self._take((float(x), float(y)), radius)
                self.shapes += furniture.placed(piece, (x, y, 0.0), rng.uniform(0, 2 * math.pi))
                return

    def add_at_wall(self, rng: np.random.Generator) -> None:
        """Add a piece that stands with its back to a wall, or none when there is no room."""
        piece = furniture.AGAINST_WALL[int(rng.integers(len(furniture.AGAINST_WALL)))](rng)
        (x0, _), (x1, y1) = furniture.footprint(piece)
        width = max(-x0, x1)
        radius = max(width, y1 / 2) * 0.8
        for side, share in zip(rng.integers(4, size=_TRIES), rng.random(_TRIES), strict=True):
            turn = side * math.pi / 2
            away, across = (self.half[1], self.half[0])[:: 1 if side % 2 == 0 else -1]
            if across <= width or 2 * away <= y1:
                continue
            # the piece's +y points from the wall into the room
            inward = np.array([-math.sin(turn), math.cos(turn)])
            sideways = np.array([math.cos(turn), math.sin(turn)])
            back = sideways * (2 * share - 1) * (across - width) - inward * away
            middle = back + inward * y1 / 2
            if self._free(middle[0], middle[1], radius):
                self._take(middle.tolist(), radius)
                self.shapes += furniture.placed(piece, (back[0], back[1], 0.0), turn)
                return

    def _free(self, x: float, y: float, radius: float) -> bool:
        return all(math.hypot(x - a, y - b) > radius + r for a, b, r in self.taken)

    def _take(self, middle: Sequence[float], radius: float) -> None:
        self.taken.append((float(middle[0]), float(middle[1]), radius))
