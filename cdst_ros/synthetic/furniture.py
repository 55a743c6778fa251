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
What stands in the rooms: each function draws one piece as a list of shapes.

Pieces are drawn in coordinates of their own, z up from the floor (or from what they stand on).
Those of ``FREE`` and ``SMALL`` stand on the origin; those of ``AGAINST_WALL`` have the wall behind
them at y = 0 and reach towards +y; those of ``HANGING`` hang down from z = 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from cdst_ros.depth.arrays import F64
from cdst_ros.synthetic.shapes import (
    Shape,
    bowl,
    box,
    cylinder,
    ellipsoid,
    lampshade,
    random_rotation,
    sheet,
    sphere,
    tilt,
    yaw,
)

Rng = np.random.Generator
Piece = Callable[[Rng], list[Shape]]

#: A scene has this many materials; shapes name one by its number.
MATERIALS = 48
#: The first of them are quiet: plain, cloudy or wooden.
QUIET_MATERIALS = 16


def pick_material(rng: Rng) -> int:
    """Return the number of a material, a quiet one more often than not."""
    return int(rng.integers(MATERIALS if rng.random() < 0.5 else QUIET_MATERIALS))


def pick_quiet_material(rng: Rng) -> int:
    """Return the number of a material without strong patterns."""
    return int(rng.integers(QUIET_MATERIALS))


def placed(shapes: list[Shape], offset: tuple[float, float, float], turn: float) -> list[Shape]:
    """Return shapes turned by ``turn`` [rad] about z, then shifted by ``offset`` [m]."""
    rotation = yaw(turn)
    return [shape.moved(rotation, offset) for shape in shapes]


def _between(rng: Rng, low: float, high: float) -> float:
    return low + (high - low) * float(rng.random())


def _standing(  # noqa: PLR0917 (reads as where, how high, how thick)
    x: float, y: float, low: float, high: float, radius: float, material: int
) -> Shape:
    return cylinder((x, y, low), (x, y, high), radius, material)


def _legs(rng: Rng, x: float, y: float, height: float, material: int) -> list[Shape]:
    """Return four legs, round and 8 to 30 mm in radius, or square."""
    radius = _between(rng, 0.008, 0.03)
    splay = _between(rng, 0.0, 0.06) if rng.random() < 0.4 else 0.0
    legs = []
    square = rng.random() < 0.3
    for sx in (-1, 1):
        for sy in (-1, 1):
            if square:
                half = (radius, radius, height / 2)
                legs.append(box((sx * x, sy * y, height / 2), half, material=material))
            else:
                foot = (sx * (x + splay), sy * (y + splay), 0.0)
                legs.append(cylinder(foot, (sx * x, sy * y, height), radius, material))
    return legs


# ---------------------------------------------------------------- small things


def mug(rng: Rng) -> list[Shape]:
    """Return a mug, open at the top."""
    r, h = _between(rng, 0.03, 0.05), _between(rng, 0.07, 0.12)
    material = pick_material(rng)
    return [cylinder((0, 0, 0), (0, 0, h), r, material, shell=True)]


def bottle(rng: Rng) -> list[Shape]:
    """Return a bottle with its neck."""
    r, h = _between(rng, 0.025, 0.05), _between(rng, 0.12, 0.25)
    material = pick_material(rng)
    return [
        _standing(0, 0, 0, h, r, material),
        lampshade((0, 0, h), r, r, r * 0.35, material),
        _standing(0, 0, h + r, h + r + 0.06, r * 0.35, material),
    ]


def books(rng: Rng) -> list[Shape]:
    """Return a pile of books, each turned a little."""
    pile, z = [], 0.0
    for _ in range(int(rng.integers(1, 5))):
        half = (_between(rng, 0.07, 0.12), _between(rng, 0.1, 0.16), _between(rng, 0.006, 0.025))
        turn = yaw(_between(rng, -0.4, 0.4))
        pile.append(box((0, 0, z + half[2]), half, turn, pick_material(rng)))
        z += 2 * half[2]
    return pile


def ball(rng: Rng) -> list[Shape]:
    """Return a ball or an egg."""
    r = _between(rng, 0.03, 0.15)
    squeeze = _between(rng, 0.7, 1.3)
    return [ellipsoid((0, 0, r), (r * squeeze, r / squeeze, r), None, pick_material(rng))]


def fruit_bowl(rng: Rng) -> list[Shape]:
    """Return a bowl with balls in it."""
    r, h = _between(rng, 0.08, 0.18), _between(rng, 0.05, 0.1)
    things = [bowl((0, 0, 0), h, r, pick_material(rng))]
    for angle in np.linspace(0, 2 * math.pi, int(rng.integers(1, 5)), endpoint=False):
        at = (0.45 * r * math.cos(angle), 0.45 * r * math.sin(angle), h * 0.7)
        things.append(sphere(at, 0.3 * r, pick_material(rng)))
    return things


def vase(rng: Rng) -> list[Shape]:
    """Return a conical vase with a few stalks."""
    h = _between(rng, 0.12, 0.3)
    foot, rim = _between(rng, 0.03, 0.08), _between(rng, 0.03, 0.1)
    things = [lampshade((0, 0, 0), h, foot, rim, pick_material(rng))]
    material = pick_material(rng)
    for _ in range(int(rng.integers(0, 6))):
        top = (_between(rng, -0.15, 0.15), _between(rng, -0.15, 0.15), h + _between(rng, 0.1, 0.4))
        things.append(cylinder((0, 0, 0.02), top, _between(rng, 0.002, 0.006), material))
        things.append(sphere(top, _between(rng, 0.01, 0.04), pick_material(rng)))
    return things


def carton(rng: Rng) -> list[Shape]:
    """Return a closed box, turned at random."""
    half = (_between(rng, 0.03, 0.2), _between(rng, 0.03, 0.2), _between(rng, 0.02, 0.2))
    turn = yaw(_between(rng, 0, math.pi))
    return [box((0, 0, half[2]), half, turn, pick_material(rng))]


def paper(rng: Rng) -> list[Shape]:
    """Return a curled leaf of paper."""
    bend = (_between(rng, 1.0, 5.0), _between(rng, -0.5, 0.5))
    turn = yaw(_between(rng, 0, math.pi))
    return [sheet((0, 0, 0.005), (0.1, 0.14), bend, turn, pick_material(rng))]


def desk_lamp(rng: Rng) -> list[Shape]:
    """Return a lamp with a thin bent arm."""
    h, reach = _between(rng, 0.25, 0.5), _between(rng, 0.1, 0.3)
    radius, material = _between(rng, 0.004, 0.01), pick_material(rng)
    elbow, head = (-reach * 0.4, 0, h), (reach, 0, h * 1.1)
    return [
        _standing(0, 0, 0, 0.02, 0.08, material),
        cylinder((0, 0, 0), elbow, radius, material),
        cylinder(elbow, head, radius, material),
        lampshade((reach, 0, h * 1.1 - 0.1), 0.1, 0.08, 0.02, pick_material(rng)),
    ]


def monitor(rng: Rng) -> list[Shape]:
    """Return a flat screen on its stand."""
    w, h = _between(rng, 0.2, 0.35), _between(rng, 0.12, 0.2)
    material = pick_material(rng)
    return [
        box((0, 0, 0.01), (0.1, 0.08, 0.01), material=material),
        _standing(0, 0.03, 0, 0.15 + h, 0.02, material),
        box((0, 0, 0.12 + h), (w, 0.015, h), tilt(_between(rng, -0.2, 0.1)), pick_material(rng)),
    ]


def pens(rng: Rng) -> list[Shape]:
    """Return a beaker of pens."""
    material = pick_material(rng)
    things = [cylinder((0, 0, 0), (0, 0, 0.1), 0.035, material, shell=True)]
    for _ in range(int(rng.integers(2, 6))):
        top = (_between(rng, -0.06, 0.06), _between(rng, -0.06, 0.06), 0.17)
        things.append(cylinder((0, 0, 0.01), top, 0.004, pick_material(rng)))
    return things


SMALL: tuple[Piece, ...] = (
    mug, bottle, books, ball, fruit_bowl, vase, carton, carton, paper, desk_lamp, monitor, pens,
)  # fmt: skip


def strewn(rng: Rng, count: int, x: float, y: float, z: float) -> list[Shape]:
    """Return ``count`` small things on a top of half edges ``x``, ``y`` at height ``z`` [m]."""
    things: list[Shape] = []
    for _ in range(count):
        piece = SMALL[int(rng.integers(len(SMALL)))](rng)
        at = (_between(rng, -x, x), _between(rng, -y, y), z)
        things += placed(piece, at, _between(rng, 0, 2 * math.pi))
    return things


# ---------------------------------------------------------------- free-standing


def chair(rng: Rng) -> list[Shape]:
    """Return a chair: four thin legs, a seat, a back of bars, slats or one board."""
    x, y = _between(rng, 0.18, 0.24), _between(rng, 0.18, 0.24)
    seat, top = _between(rng, 0.42, 0.5), _between(rng, 0.8, 1.05)
    wood = pick_material(rng)
    shapes = _legs(rng, x, y, seat, wood)
    shapes.append(box((0, 0, seat), (x + 0.02, y + 0.02, 0.02), None, pick_material(rng)))
    post = _between(rng, 0.008, 0.02)
    for side in (-x, x):
        shapes.append(cylinder((side, y, seat), (side, y + 0.06, top), post, wood))
    style, bars = rng.random(), int(rng.integers(2, 6))
    if style < 0.35:
        for k in range(bars):
            bar = -x + 2 * x * (k + 1) / (bars + 1)
            shapes.append(cylinder((bar, y, seat), (bar, y + 0.06, top), post * 0.7, wood))
        shapes.append(cylinder((-x, y + 0.06, top), (x, y + 0.06, top), post, wood))
    elif style < 0.7:
        for k in range(bars):
            z = seat + (top - seat) * (k + 1) / bars
            shapes.append(box((0, y + 0.05, z - 0.03), (x, 0.008, 0.02), None, wood))
    else:
        shapes.append(sheet((0, y + 0.03, top - 0.2), (x, 0.18), (1.5, 0), tilt(1.45), wood))
    return shapes


def stool(rng: Rng) -> list[Shape]:
    """Return a round stool on three or four legs."""
    h, r = _between(rng, 0.4, 0.75), _between(rng, 0.14, 0.2)
    material = pick_material(rng)
    shapes = [_standing(0, 0, h - 0.03, h, r, pick_material(rng))]
    count = int(rng.integers(3, 5))
    radius = _between(rng, 0.006, 0.018)
    for angle in np.arange(count) * (2 * math.pi / count):
        c, s = math.cos(angle), math.sin(angle)
        foot = (1.2 * r * c, 1.2 * r * s, 0)
        shapes.append(cylinder(foot, (0.7 * r * c, 0.7 * r * s, h), radius, material))
    return shapes


def table(rng: Rng) -> list[Shape]:
    """Return a table with things on it, and chairs around it."""
    x, y, h = _between(rng, 0.35, 0.9), _between(rng, 0.3, 0.5), _between(rng, 0.68, 0.78)
    shapes = [box((0, 0, h - 0.015), (x, y, 0.015), None, pick_material(rng))]
    if rng.random() < 0.75:
        shapes += _legs(rng, x - 0.05, y - 0.05, h, pick_material(rng))
    else:
        material = pick_material(rng)
        shapes.append(_standing(0, 0, 0.02, h, _between(rng, 0.03, 0.06), material))
        shapes.append(_standing(0, 0, 0, 0.03, 0.28, material))
    shapes += strewn(rng, int(rng.integers(1, 7)), x * 0.85, y * 0.8, h)
    for side in (-1, 1):
        if rng.random() < 0.6:
            at = (_between(rng, -x / 2, x / 2), side * (y + _between(rng, 0.0, 0.3)), 0.0)
            turn = (0.0 if side > 0 else math.pi) + _between(rng, -0.4, 0.4)
            shapes += placed(chair(rng), at, turn)
    return shapes


def floor_lamp(rng: Rng) -> list[Shape]:
    """Return a lamp on a thin pole."""
    h, r = _between(rng, 1.2, 1.8), _between(rng, 0.12, 0.25)
    metal = pick_material(rng)
    return [
        _standing(0, 0, 0, 0.03, _between(rng, 0.1, 0.18), metal),
        _standing(0, 0, 0, h, _between(rng, 0.005, 0.015), metal),
        lampshade((0, 0, h - 0.05), 0.25, r, r * _between(rng, 0.4, 1.0), pick_material(rng)),
    ]


def plant(rng: Rng) -> list[Shape]:
    """Return a pot plant: thin stems, curved leaves."""
    r, h = _between(rng, 0.1, 0.2), _between(rng, 0.15, 0.35)
    shapes = [
        lampshade((0, 0, 0), h, r * 0.75, r, pick_material(rng)),
        _standing(0, 0, 0, h * 0.9, r * 0.75, pick_material(rng)),
    ]
    leaf, stem = pick_material(rng), pick_material(rng)
    tall = _between(rng, 0.2, 0.9)
    for _ in range(int(rng.integers(5, 14))):
        angle, out = _between(rng, 0, 2 * math.pi), _between(rng, 0.05, 0.35)
        tip = (out * math.cos(angle), out * math.sin(angle), h + tall * _between(rng, 0.3, 1))
        shapes.append(cylinder((0, 0, h * 0.8), tip, _between(rng, 0.002, 0.006), stem))
        size = (_between(rng, 0.015, 0.05), _between(rng, 0.05, 0.14))
        bend = (_between(rng, -8, 8), _between(rng, -4, 4))
        turn = yaw(angle - math.pi / 2) @ tilt(_between(rng, -0.9, 0.9))
        shapes.append(sheet(tip, size, bend, turn, leaf))
    return shapes


def bin_(rng: Rng) -> list[Shape]:
    """Return an open bin, conical or round."""
    r, h = _between(rng, 0.1, 0.18), _between(rng, 0.25, 0.5)
    return [
        lampshade((0, 0, 0), h, r * _between(rng, 0.7, 1), r, pick_material(rng)),
        _standing(0, 0, 0, 0.01, r * 0.7, pick_material(rng)),
    ]


def crates(rng: Rng) -> list[Shape]:
    """Return a stack of boxes."""
    stack, z = [], 0.0
    for _ in range(int(rng.integers(1, 4))):
        half = (_between(rng, 0.12, 0.3), _between(rng, 0.12, 0.3), _between(rng, 0.08, 0.22))
        at = (_between(rng, -0.06, 0.06), _between(rng, -0.06, 0.06), z + half[2])
        stack.append(box(at, half, yaw(_between(rng, -0.5, 0.5)), pick_material(rng)))
        z += 2 * half[2]
    return stack


def barrel(rng: Rng) -> list[Shape]:
    """Return a cylinder lying on the floor: a drum, a roll, a tube."""
    r, half = _between(rng, 0.05, 0.25), _between(rng, 0.2, 0.6)
    hollow = rng.random() < 0.4
    return [cylinder((-half, 0, r), (half, 0, r), r, pick_material(rng), shell=hollow)]


def coat_stand(rng: Rng) -> list[Shape]:
    """Return a pole with hooks."""
    h, material = _between(rng, 1.5, 1.9), pick_material(rng)
    radius = _between(rng, 0.01, 0.025)
    shapes = [_standing(0, 0, 0, h, radius, material), _standing(0, 0, 0, 0.03, 0.2, material)]
    for k in range(int(rng.integers(3, 7))):
        angle, z = k * 2.4, h - 0.12 * (k % 3)
        end = (0.14 * math.cos(angle), 0.14 * math.sin(angle), z + 0.06)
        shapes.append(cylinder((0, 0, z - 0.04), end, radius * 0.5, material))
    return shapes


def easel(rng: Rng) -> list[Shape]:
    """Return a slanted board on a tripod of thin legs."""
    wood, lean = pick_material(rng), _between(rng, 0.1, 0.5)
    r, half = _between(rng, 0.008, 0.02), (_between(rng, 0.2, 0.4), 0.01, _between(rng, 0.25, 0.5))
    top = (0, 0.12, 1.4)
    return [
        box((0, 0, 0.95), half, tilt(-lean), pick_material(rng)),
        cylinder((-0.3, -0.15, 0), top, r, wood),
        cylinder((0.3, -0.15, 0), top, r, wood),
        cylinder((0, 0.6, 0), top, r, wood),
    ]


def pillar(rng: Rng) -> list[Shape]:
    """Return a pillar from floor to ceiling, round or square."""
    r, material = _between(rng, 0.08, 0.25), pick_material(rng)
    if rng.random() < 0.5:
        return [_standing(0, 0, 0, 3.5, r, material)]
    return [box((0, 0, 1.75), (r, r, 1.75), None, material)]


def rubble(rng: Rng) -> list[Shape]:
    """Return boxes and stones thrown on the floor at any angle."""
    shapes = []
    for _ in range(int(rng.integers(3, 9))):
        size = np.exp(rng.uniform(math.log(0.02), math.log(0.15), 3))
        at = (_between(rng, -0.4, 0.4), _between(rng, -0.4, 0.4), float(size.min()))
        make = box if rng.random() < 0.6 else ellipsoid
        shapes.append(make(at, size, random_rotation(rng), pick_material(rng)))
    return shapes


FREE: tuple[Piece, ...] = (
    chair, chair, stool, table, table, floor_lamp, plant, bin_, crates, barrel, coat_stand, easel,
    pillar, rubble,
)  # fmt: skip


# ---------------------------------------------------------------- against a wall


def shelf(rng: Rng) -> list[Shape]:
    """Return an open shelf with books and small things on its boards."""
    x, y, h = _between(rng, 0.35, 0.8), _between(rng, 0.12, 0.2), _between(rng, 0.8, 2.0)
    wood, boards = pick_material(rng), int(rng.integers(3, 6))
    shapes = [
        box((-x, y, h / 2), (0.012, y, h / 2), None, wood),
        box((x, y, h / 2), (0.012, y, h / 2), None, wood),
    ]
    for k in range(boards + 1):
        z = 0.02 + (h - 0.04) * k / boards
        shapes.append(box((0, y, z), (x, y, 0.012), None, wood))
        if k == boards:
            break
        room, at = (h - 0.04) / boards - 0.03, -x + 0.02
        while at < x * _between(rng, 0.2, 1) - 0.06 and room > 0.1:
            half = (_between(rng, 0.008, 0.03), y * 0.7, room * _between(rng, 0.3, 0.45))
            centre = (at + half[0], y * _between(rng, 0.9, 1.2), z + 0.012 + half[2])
            shapes.append(box(centre, half, None, pick_material(rng)))
            at += 2 * half[0] + (0.02 if rng.random() < 0.2 else 0.001)
    return shapes + placed(strewn(rng, int(rng.integers(0, 3)), x * 0.7, 0.03, h), (0, y, 0), 0)


def cabinet(rng: Rng) -> list[Shape]:
    """Return a cupboard with thin handles, and things on it when it is low."""
    x, y, h = _between(rng, 0.3, 0.8), _between(rng, 0.2, 0.32), _between(rng, 0.5, 2.0)
    metal = pick_material(rng)
    shapes = [box((0, y, h / 2), (x, y, h / 2), None, pick_material(rng))]
    for side in (-0.05, 0.05):
        at = 2 * y + 0.025
        shapes.append(_standing(side, at, h * 0.45, h * 0.6, _between(rng, 0.004, 0.009), metal))
    if h < 1.2:
        shapes += placed(strewn(rng, int(rng.integers(1, 5)), x * 0.8, y * 0.6, h), (0, y, 0), 0)
    return shapes


def sofa(rng: Rng) -> list[Shape]:
    """Return a sofa with round arms and cushions."""
    x, seat = _between(rng, 0.5, 1.1), _between(rng, 0.35, 0.45)
    cloth = pick_material(rng)
    shapes = [
        box((0, 0.5, seat / 2), (x, 0.42, seat / 2), None, cloth),
        box((0, 0.15, 0.45), (x, 0.12, 0.45), tilt(0.12), cloth),
    ]
    for side in (-x, x):
        shapes.append(box((side, 0.5, 0.27), (0.1, 0.42, 0.27), None, cloth))
        shapes.append(cylinder((side, 0.08, 0.54), (side, 0.92, 0.54), 0.1, cloth))
    for _ in range(int(rng.integers(0, 4))):
        at = (_between(rng, -x * 0.8, x * 0.8), 0.4, seat + 0.17)
        turn = yaw(_between(rng, -0.5, 0.5)) @ tilt(_between(rng, 0.2, 0.5))
        shapes.append(ellipsoid(at, (0.2, 0.08, 0.18), turn, pick_material(rng)))
    return shapes


def bed(rng: Rng) -> list[Shape]:
    """Return a bed with pillows, its head to the wall."""
    x, h = _between(rng, 0.45, 0.9), _between(rng, 0.3, 0.5)
    wood = pick_material(rng)
    shapes = [
        box((0, 1.0, h - 0.1), (x, 1.0, 0.1), None, pick_material(rng)),
        box((0, 0.03, h + 0.2), (x + 0.03, 0.03, 0.4), None, wood),
        sheet((0, 1.4, h + 0.03), (x + 0.04, 0.5), (0.15, -0.1), None, pick_material(rng)),
    ]
    for side in (-0.5, 0.5):
        at = (side * x, 0.35, h + 0.06)
        shapes.append(ellipsoid(at, (0.42 * x, 0.2, 0.08), None, pick_material(rng)))
    return shapes + placed(_legs(rng, x - 0.05, 0.9, h - 0.2, wood), (0, 1.0, 0), 0)


def desk(rng: Rng) -> list[Shape]:
    """Return a desk with a screen, clutter and a chair."""
    x, h = _between(rng, 0.5, 0.9), _between(rng, 0.7, 0.76)
    shapes = [box((0, 0.35, h), (x, 0.35, 0.015), None, pick_material(rng))]
    shapes += placed(_legs(rng, x - 0.04, 0.3, h, pick_material(rng)), (0, 0.35, 0), 0)
    shapes += placed(monitor(rng), (_between(rng, -0.3, 0.3), 0.2, h), _between(rng, -0.3, 0.3))
    shapes += placed(strewn(rng, int(rng.integers(1, 6)), x * 0.85, 0.25, h), (0, 0.35, 0), 0)
    if rng.random() < 0.7:
        shapes += placed(chair(rng), (0, 0.9, 0), _between(rng, -0.6, 0.6))
    return shapes


def curtain(rng: Rng) -> list[Shape]:
    """Return a curtain: half-round folds side by side under a thin rail."""
    folds, r, h = int(rng.integers(4, 10)), _between(rng, 0.04, 0.08), _between(rng, 1.8, 2.3)
    cloth = pick_material(rng)
    shapes = []
    for k in range(folds):
        x = (2 * k - folds) * r
        depth = 0.05 + 0.6 * r * (k % 2)
        shapes.append(_standing(x, depth, 0.05, h, r, cloth))
    rail = folds * r + 0.1
    shapes.append(cylinder((-rail, 0.08, h), (rail, 0.08, h), 0.012, pick_material(rng)))
    return shapes


def radiator(rng: Rng) -> list[Shape]:
    """Return a radiator: a row of upright tubes."""
    tubes, metal = int(rng.integers(6, 14)), pick_material(rng)
    pitch, r = _between(rng, 0.045, 0.07), _between(rng, 0.012, 0.025)
    xs = [(k - (tubes - 1) / 2) * pitch for k in range(tubes)]
    shapes = [_standing(x, 0.09, 0.15, 0.75, r, metal) for x in xs]
    for z in (0.17, 0.73):
        shapes.append(cylinder((xs[0], 0.09, z), (xs[-1], 0.09, z), r, metal))
    return shapes


def leaning(rng: Rng) -> list[Shape]:
    """Return boards and poles that lean against the wall."""
    shapes = []
    for _ in range(int(rng.integers(1, 5))):
        x, foot, h = _between(rng, -0.5, 0.5), _between(rng, 0.15, 0.6), _between(rng, 0.8, 2.0)
        if rng.random() < 0.5:
            end = (x + _between(rng, -0.3, 0.3), 0.02, h)
            r = _between(rng, 0.005, 0.03)
            shapes.append(cylinder((x, foot, 0), end, r, pick_material(rng)))
        else:
            slope = math.atan2(foot, h)
            half = (_between(rng, 0.1, 0.5), 0.01, math.hypot(foot, h) / 2)
            at = (x, foot / 2 + 0.02, h / 2)
            shapes.append(box(at, half, tilt(slope), pick_material(rng)))
    return shapes


def ladder(rng: Rng) -> list[Shape]:
    """Return a ladder against the wall."""
    foot, h, x = _between(rng, 0.3, 0.8), _between(rng, 1.5, 2.2), _between(rng, 0.18, 0.25)
    wood, r = pick_material(rng), _between(rng, 0.012, 0.025)
    shapes = [cylinder((s, foot, 0), (s, 0.04, h), r, wood) for s in (-x, x)]
    for share in np.arange(0.1, 0.95, 0.13):
        y, z = foot + share * (0.04 - foot), share * h
        shapes.append(cylinder((-x, y, z), (x, y, z), r * 0.7, wood))
    return shapes


def stairs(rng: Rng) -> list[Shape]:
    """Return a few steps with a thin handrail."""
    steps, x, material = int(rng.integers(2, 6)), _between(rng, 0.4, 0.7), pick_material(rng)
    shapes = []
    for k in range(steps):
        h, y = 0.17 * (steps - k) / 2, 0.28 * k + 0.14
        shapes.append(box((0, y, h), (x, 0.14, h), None, material))
    metal, r = pick_material(rng), _between(rng, 0.01, 0.02)
    for k in range(steps):
        y, z = 0.28 * k + 0.14, 0.17 * (steps - k)
        shapes.append(_standing(x, y, z, z + 0.85, r * 0.6, metal))
    top, low = (x, 0.14, 0.17 * steps + 0.85), (x, 0.28 * steps - 0.14, 1.02)
    return [*shapes, cylinder(top, low, r, metal)]


def doorway(rng: Rng) -> list[Shape]:
    """Return a door in its frame, ajar."""
    wood, frame = pick_material(rng), pick_material(rng)
    angle = _between(rng, 0.0, 1.4)
    leaf = box((0.42, 0, 1.0), (0.42, 0.02, 1.0), None, wood)
    shapes = [
        box((-0.45, 0.03, 1.02), (0.03, 0.03, 1.02), None, frame),
        box((0.45, 0.03, 1.02), (0.03, 0.03, 1.02), None, frame),
        box((0, 0.03, 2.05), (0.48, 0.03, 0.03), None, frame),
        leaf.moved(yaw(angle), (-0.42, 0.05, 0.0)),
    ]
    return [*shapes, sphere((0.3, 0.12, 1.0), 0.03, pick_material(rng))]


AGAINST_WALL: tuple[Piece, ...] = (
    shelf, shelf, cabinet, cabinet, sofa, bed, desk, desk, curtain, radiator, leaning, leaning,
    ladder, stairs, doorway,
)  # fmt: skip


# ---------------------------------------------------------------- from the ceiling


def pendant(rng: Rng) -> list[Shape]:
    """Return a lamp on a wire."""
    drop, r = _between(rng, 0.4, 1.0), _between(rng, 0.1, 0.25)
    shapes = [_standing(0, 0, -drop, 0, _between(rng, 0.002, 0.006), pick_material(rng))]
    style = rng.random()
    if style < 0.4:
        shapes.append(lampshade((0, 0, -drop - r), r, r, r * 0.3, pick_material(rng)))
    elif style < 0.7:
        shapes.append(sphere((0, 0, -drop - r), r, pick_material(rng)))
    else:
        shapes.append(cylinder((-2 * r, 0, -drop), (2 * r, 0, -drop), 0.04, pick_material(rng)))
    return shapes


def beam(rng: Rng) -> list[Shape]:
    """Return a beam, or pipes, under the ceiling."""
    material = pick_material(rng)
    if rng.random() < 0.5:
        half = (4.0, _between(rng, 0.05, 0.12), _between(rng, 0.08, 0.15))
        return [box((0, 0, -half[2]), half, None, material)]
    r = _between(rng, 0.015, 0.06)
    return [
        cylinder((-4, 3 * r * k, -2 * r), (4, 3 * r * k, -2 * r), r, material)
        for k in range(int(rng.integers(1, 4)))
    ]


HANGING: tuple[Piece, ...] = (pendant, pendant, beam)


def footprint(shapes: list[Shape]) -> F64:
    """Return the piece's extent on the floor: x and y from and to, in its coordinates, (2, 2)."""
    corners = np.concatenate([shape.corners() for shape in shapes])[:, :2]
    return np.stack([corners.min(axis=0), corners.max(axis=0)])
