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
"""Foliage, fences and cables are fine, many, and where they should be."""

import numpy as np
import pytest

from cdst_ros.synthetic.camera import SyntheticCamera
from cdst_ros.synthetic.clutter import STANDING, bush, cable, cluttered_scene, mesh
from cdst_ros.synthetic.furniture import MATERIALS
from cdst_ros.synthetic.indoor import indoor_scene
from cdst_ros.synthetic.raycast import FIRST_SHAPE
from cdst_ros.synthetic.rendering import render


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize('piece', sorted(set(STANDING), key=lambda p: p.__name__))
def test_pieces_stand_on_the_floor_and_have_a_size(piece) -> None:
    for seed in range(10):
        shapes = piece(rng(seed))
        corners = np.concatenate([shape.corners() for shape in shapes])
        assert -0.45 < corners[:, 2].min() < 0.2
        assert 0.05 < np.ptp(corners[:, 2]) < 2.5
        assert np.abs(corners[:, :2]).max() < 1.6
        assert all(0 <= shape.material < MATERIALS for shape in shapes)


def test_a_bush_has_hundreds_of_small_leaves_turned_every_way() -> None:
    leaves = [shape for shape in bush(rng()) if shape.shell]
    assert 50 < len(leaves) < 400
    assert max(shape.half[:2].max() for shape in leaves) < 0.07
    up = np.abs([shape.rotation[2, 2] for shape in leaves])
    assert np.histogram(up, bins=4, range=(0, 1))[0].min() > 5


def test_a_cable_is_whole_and_sags() -> None:
    pieces = cable((0, 0, 2), (3, 0, 2), 0.25, 0.004)
    ends = np.array(
        [[p.centre + s * p.rotation[:, 2] * p.half[2] for s in (-1, 1)] for p in pieces]
    )
    np.testing.assert_allclose(ends[:-1, 1], ends[1:, 0], atol=1e-12)
    np.testing.assert_allclose(ends[0, 0], (0, 0, 2), atol=1e-12)
    np.testing.assert_allclose(ends[-1, 1], (3, 0, 2), atol=1e-12)
    assert ends[..., 2].min() == pytest.approx(1.75)


def test_wires_of_a_fence_end_at_its_frame() -> None:
    for seed in range(10):
        shapes = mesh(rng(seed))
        posts, wires = shapes[:2], shapes[2:]
        half, height = abs(posts[0].centre[0]), 2 * posts[0].half[2]
        for wire in wires:
            ends = np.array(
                [wire.centre + s * wire.rotation[:, 2] * wire.half[2] for s in (-1, 1)]
            )
            assert np.abs(ends[:, 0]).max() <= half + 1e-9
            assert ends[:, 2].min() >= -1e-9
            assert ends[:, 2].max() <= height + 1e-9
        assert len(wires) > 10


def test_clutter_comes_on_top_of_the_room() -> None:
    plain = indoor_scene(rng(4))
    scene = cluttered_scene(rng(5), plain)
    assert scene.shapes[: len(plain.shapes)] == plain.shapes
    added = scene.shapes[len(plain.shapes) :]
    assert len(added) > 50
    centres = scene.room.local(np.stack([shape.centre for shape in added]))
    assert np.mean(np.all(np.abs(centres) <= scene.room.half, axis=1)) > 0.8
    again = cluttered_scene(rng(5), plain)
    np.testing.assert_array_equal(
        [shape.centre for shape in again.shapes], [shape.centre for shape in scene.shapes]
    )


def test_a_camera_walks_among_clutter_and_sees_it() -> None:
    seen = []
    for seed in range(6):
        camera = SyntheticCamera(seed, 80, 60, frames=1, scale=2, color=False, clutter=True)
        plain = SyntheticCamera(seed, 80, 60, frames=1).scene
        view = render(camera.scene, camera.camera_hr, camera.frame(0).pose, color=False)
        numbers = np.unique(view.surface)
        seen.append(np.count_nonzero(numbers >= FIRST_SHAPE + len(plain.shapes)))
    assert min(seen) > 0
    assert np.median(seen) > 20
