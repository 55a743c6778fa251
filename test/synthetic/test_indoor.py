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
"""Rooms are furnished within their walls, and the same for the same seed."""

import numpy as np
import pytest

from cdst_ros.synthetic import furniture
from cdst_ros.synthetic.furniture import AGAINST_WALL, FREE, HANGING, SMALL
from cdst_ros.synthetic.indoor import indoor_scene
from cdst_ros.synthetic.room import FACES
from cdst_ros.synthetic.scenes import Scene

SEEDS = pytest.mark.parametrize('seed', range(12))


def scene(seed: int) -> Scene:
    return indoor_scene(np.random.default_rng(seed))


@SEEDS
def test_rooms_have_the_size_of_rooms(seed: int) -> None:
    room = scene(seed).room
    assert np.all(2 * room.half >= [3, 3, 2.3])
    assert np.all(2 * room.half <= [9, 7.5, 3.3])
    np.testing.assert_allclose(room.world(np.zeros(3))[2] - room.half[2], 0, atol=1e-9)


@SEEDS
def test_furniture_stands_in_the_room(seed: int) -> None:
    drawn = scene(seed)
    middles = drawn.room.local(np.stack([shape.centre for shape in drawn.shapes]))
    outside = np.abs(middles) > drawn.room.half + 0.05
    # chairs and clutter near a wall may reach through it, which nobody sees
    assert outside.any(axis=1).mean() < 0.15


@SEEDS
def test_patches_lie_on_their_walls(seed: int) -> None:
    room = scene(seed).room
    for patch in room.windows + room.posters:
        corners = room.local(room.patch_corners(patch))
        assert np.all(np.abs(corners) <= room.half + 1e-9)
        axis, sign = FACES[patch.face]
        np.testing.assert_allclose(corners[:, axis], sign * room.half[axis])


def test_scenes_hold_thin_things() -> None:
    thin = [
        shape.half[:2].max()
        for seed in range(20)
        for shape in scene(seed).shapes
        if shape.quadric is not None and shape.half[:2].max() <= 0.03
    ]
    assert len(thin) > 100


def test_the_same_seed_draws_the_same_scene() -> None:
    once, again = scene(5), scene(5)
    assert len(once.shapes) == len(again.shapes)
    for a, b in zip(once.shapes, again.shapes, strict=True):
        np.testing.assert_array_equal(a.corners(), b.corners())
        assert a.material == b.material
    assert once.style == again.style


@pytest.mark.parametrize('piece', sorted({*FREE, *SMALL}, key=lambda p: p.__name__))
def test_pieces_stand_on_the_floor(piece: furniture.Piece) -> None:
    for seed in range(10):
        corners = np.concatenate([s.corners() for s in piece(np.random.default_rng(seed))])
        assert -0.2 < corners[:, 2].min() < 0.1
        assert corners[:, 2].max() > 0


@pytest.mark.parametrize('piece', sorted(set(AGAINST_WALL), key=lambda p: p.__name__))
def test_pieces_stand_before_their_wall(piece: furniture.Piece) -> None:
    for seed in range(10):
        corners = np.concatenate([s.corners() for s in piece(np.random.default_rng(seed))])
        assert corners[:, 1].min() > -0.25
        assert corners[:, 1].max() > 0.04


@pytest.mark.parametrize('piece', sorted(set(HANGING), key=lambda p: p.__name__))
def test_lamps_hang(piece: furniture.Piece) -> None:
    for seed in range(10):
        corners = np.concatenate([s.corners() for s in piece(np.random.default_rng(seed))])
        assert corners[:, 2].max() < 0.05
        assert corners[:, 2].min() < -0.02


def test_clearance_is_the_distance_to_the_nearest() -> None:
    drawn = scene(2)
    room = drawn.room
    empty = Scene(room, (), 0, drawn.light)
    middle = room.centre[None]
    assert empty.clearance(middle)[0] == pytest.approx(room.half.min())
    shape = furniture.box(room.centre + np.array([0, 0, 0.5]), (0.1, 0.1, 0.1))
    assert Scene(room, (shape,), 0, drawn.light).clearance(middle)[0] == pytest.approx(0.4)
    outside = room.world(room.half * 1.5)[None]
    assert empty.clearance(outside)[0] < 0
