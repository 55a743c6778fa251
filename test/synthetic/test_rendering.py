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
"""Colour, normals and depth of a view belong together."""

from dataclasses import replace

import numpy as np
import pytest

from cdst_ros.depth.arrays import F64
from cdst_ros.depth.camera import CameraModel
from cdst_ros.synthetic.indoor import indoor_scene
from cdst_ros.synthetic.poses import look
from cdst_ros.synthetic.raycast import View, cast
from cdst_ros.synthetic.rendering import render
from cdst_ros.synthetic.room import Patch
from cdst_ros.synthetic.scenes import Scene
from cdst_ros.synthetic.shapes import box, cylinder, sphere
from cdst_ros.synthetic.surfaces import look_closely

from .worlds import AHEAD, CAMERA, hall, world_points

LIGHT = np.array([2.0, 0.0, 6.0])


def drawn(seed: int) -> tuple[Scene, F64]:
    """Return a scene and a place to look from."""
    rng = np.random.default_rng(seed)
    scene = indoor_scene(rng)
    points = scene.room.world(rng.uniform(-0.7, 0.7, (64, 3)) * scene.room.half)
    best = points[scene.clearance(points).argmax()]
    return scene, look(best, rng.uniform(0, 6), -0.2)


@pytest.mark.parametrize('seed', range(4))
def test_a_view_has_all_it_was_asked_for(seed: int) -> None:
    scene, pose = drawn(seed)
    full = render(scene, CAMERA, pose, incidence=True)
    assert full.depth.shape == (60, 80)
    assert full.depth.dtype == np.float32
    assert full.color is not None
    assert full.color.shape == (60, 80, 3)
    assert full.incidence is not None
    np.testing.assert_array_equal(np.isnan(full.depth), full.surface == -1)
    np.testing.assert_array_equal(np.isnan(full.incidence), full.surface == -1)
    bare = render(scene, CAMERA, pose, color=False)
    assert bare.color is None
    assert bare.incidence is None
    np.testing.assert_array_equal(bare.depth, full.depth)


@pytest.mark.parametrize('seed', range(4))
def test_normals_are_those_of_the_depth(seed: int) -> None:
    # against the cross product of neighbouring points, inside surfaces
    scene, pose = drawn(seed)
    camera = CameraModel.from_intrinsics(200.0, 200.0, 79.5, 59.5, 160, 120)
    view = View.of(camera, pose)
    hits = cast(scene.room, scene.shapes, view)
    seen = look_closely(scene, view, hits)
    normals = seen.image(seen.normals.T, np.nan)[1:-1, 1:-1]
    points = world_points(hits, camera, pose)
    right, down = points[1:-1, 2:] - points[1:-1, :-2], points[2:, 1:-1] - points[:-2, 1:-1]
    cross = np.cross(down, right)
    cross /= np.linalg.norm(cross, axis=-1)[..., None]
    # edges within a surface, as those of a box, aside
    agree = np.abs(np.sum(cross * normals, axis=-1))
    known = np.isfinite(agree)
    assert np.mean(agree[known] > 0.999) > 0.8
    np.testing.assert_allclose(np.linalg.norm(normals[known], axis=-1), 1, atol=1e-5)
    outward = np.sum(normals * (points[1:-1, 1:-1] - pose[:3, 3]), axis=-1)
    assert np.all(outward[known] <= 1e-6)


def test_incidence_of_a_wall_is_the_angle_off_its_normal() -> None:
    scene = Scene(hall(), (), 0, LIGHT)
    cosine = render(scene, CAMERA, AHEAD, color=False, incidence=True).incidence
    v, u = np.indices((60, 80))
    expected = 1 / np.sqrt(1 + ((u - 39.5) / 40) ** 2 + ((v - 29.5) / 40) ** 2)
    np.testing.assert_allclose(cosine, expected, rtol=1e-5)


def test_caps_and_flanks_have_their_own_normals() -> None:
    rod = cylinder((3, 0, -1), (3, 0, 0), 0.5)
    pose = look((0, 0, 2), 0.0, -0.7)
    view = View.of(CAMERA, pose)
    scene = Scene(hall(), (rod,), 0, LIGHT)
    hits = cast(scene.room, scene.shapes, view)
    seen = look_closely(scene, view, hits)
    up = seen.image(seen.normals[2], np.nan)[hits.surface == 6]
    assert set(np.round(np.abs(up), 4).tolist()) == {0.0, 1.0}


def test_colour_is_independent_of_style_in_depth_only() -> None:
    scene, pose = drawn(1)
    other = replace(scene, style=scene.style + 1)
    a, b = render(scene, CAMERA, pose), render(other, CAMERA, pose)
    np.testing.assert_array_equal(a.depth, b.depth)
    assert not np.array_equal(a.color, b.color)


def test_the_same_scene_has_the_same_colour() -> None:
    scene, pose = drawn(2)
    again, _ = drawn(2)
    np.testing.assert_array_equal(
        render(scene, CAMERA, pose).color, render(again, CAMERA, pose).color
    )


def test_posters_are_colour_without_depth() -> None:
    plain = Scene(hall(), (), 3, LIGHT)
    hung = replace(plain, room=replace(hall(), posters=(Patch(1, (0.0, 0.0), (3.0, 2.0), 7),)))
    a, b = render(plain, CAMERA, AHEAD), render(hung, CAMERA, AHEAD)
    np.testing.assert_array_equal(a.depth, b.depth)
    differs = np.any(a.color != b.color, axis=-1)
    points = world_points(cast(hall(), (), View.of(CAMERA, AHEAD)), CAMERA, AHEAD)
    inside = (np.abs(points[..., 1]) < 3) & (np.abs(points[..., 2]) < 2)
    assert differs[inside].mean() > 0.9
    assert not differs[~inside].any()


def test_shadows_fall_away_from_the_lamp() -> None:
    down = look((2.2, 0, 2), 0.0, -np.pi / 2)
    floor = Scene(hall(3), (), 5, np.array([0.0, 0.0, 2.5]))
    shaded = replace(floor, shapes=(box((1, 0, -2), (0.3, 0.3, 0.05)),))
    a, b = (render(scene, CAMERA, down) for scene in (floor, shaded))
    same_surface = a.surface == b.surface
    change = b.color.astype(int).sum(axis=-1) - a.color.astype(int).sum(axis=-1)
    points = world_points(cast(hall(3), (), View.of(CAMERA, down)), CAMERA, down)
    # of the shadow, from x = 0.9 to 1.6, the camera sees the far part past the board
    beside = np.abs(points[..., 1]) < 0.25
    under = beside & (points[..., 0] > 1.15) & (points[..., 0] < 1.5) & same_surface
    assert under.sum() > 5
    assert np.all(change[under] < -20)
    assert np.all(change[(points[..., 0] > 1.7) & same_surface] == 0)


def test_texture_has_edges_where_depth_has_none() -> None:
    scores = []
    for seed in range(6):
        scene, pose = drawn(seed)
        view = render(scene, CameraModel.from_intrinsics(120, 120, 79.5, 59.5, 160, 120), pose)
        grey = view.color.astype(float).mean(axis=-1)
        flat = view.surface[:, 1:] == view.surface[:, :-1]
        scores.append(np.mean(np.abs(np.diff(grey, axis=1))[flat] > 12))
    assert np.mean(scores) > 0.05


def test_a_ball_is_lit_from_above() -> None:
    pose = look((0, 0, 0), 0.0)
    ball = Scene(hall(), (sphere((3, 0, 0), 1.0),), 9, np.array([3.0, 0.0, 7.0]))
    view = render(ball, CAMERA, pose)
    on_ball = view.surface == 6
    rows = np.flatnonzero(on_ball[:, 40])
    grey = view.color.astype(float).mean(axis=-1)[:, 35:45]
    assert grey[rows[:5]].mean() > 1.2 * grey[rows[-5:]].mean()
