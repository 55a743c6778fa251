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
import numpy as np
import pytest

from cdst_ros.evaluation.metrics.flicker import (
    Correspondence,
    flicker_figures,
    flicker_sums,
    moved_by,
    moving_figures,
    stillness,
)
from cdst_ros.evaluation.metrics.sums import add_up
from cdst_ros.synthetic import CameraPath, indoor_scene, render

from .worlds import camera_of, step

EVERY = np.ones((24, 32), bool)


def test_by_hand():
    before = step()
    output = before.copy()
    output[0, 0] += 0.06
    output[1, 1] -= 0.02
    common = EVERY.copy()
    common[2:] = False
    made = flicker_figures(add_up([flicker_sums(output, before, common)]))
    assert float(made['flicker_cm']) == pytest.approx(8 / 64, rel=1e-4)


def noisy(depth, share, seed):
    noise = np.random.default_rng(seed).normal(0, share, depth.shape)
    return (depth * (1 + noise)).astype(np.float32)


def room(poses, focal=200.0):
    scene = indoor_scene(np.random.default_rng(5))
    camera = camera_of(np.zeros((120, 160)), focal)
    return [render(scene, camera, pose).depth for pose in poses], camera


@pytest.fixture(scope='module')
def walk():
    """Return poses 1/30 s apart, what is seen from them, and the camera."""
    scene = indoor_scene(np.random.default_rng(5))
    path = CameraPath.through(scene, np.random.default_rng(6))
    poses = [path.pose(2 + k / 30) for k in range(3)]
    return poses, *room(poses)


@pytest.mark.parametrize('noise', [0.0, 0.002, 0.01])
def test_noise_does_not_move_a_camera_that_stands(walk, noise):
    _, depths, _ = walk
    found = stillness(noisy(depths[0], noise, 1), noisy(depths[0], noise, 2))
    assert found.is_still
    assert found.where.mean() > 0.95


def test_what_moves_through_a_still_scene_is_left_out():
    before, depth = (np.full((64, 96), 3.0, np.float32) for _ in range(2))
    before[20:40, 30:50] = depth[20:40, 31:51] = 1.0
    found = stillness(noisy(depth, 0.002, 1), noisy(before, 0.002, 2))
    assert found.is_still
    assert not found.where[24:40, 24:32].any()
    assert not found.where[24:40, 48:56].any()
    assert found.where[:16].mean() > 0.9


@pytest.mark.parametrize('noise', [0.0, 0.002, 0.005])
def test_a_camera_that_moves_does_not_stand(walk, noise):
    poses, depths, _ = walk
    distance, _ = moved_by(poses[1], poses[0])
    assert 0.001 < distance < 0.05
    assert not stillness(noisy(depths[1], noise, 1), noisy(depths[0], noise, 2)).is_still


def test_what_cannot_be_told_is_not_still():
    depth = step()
    assert not stillness(depth, step(height=48)).is_still
    assert not stillness(np.full_like(depth, np.nan), depth).is_still
    assert not stillness(depth[:5, :5], depth[:5, :5]).is_still


def test_poses_tell_how_far_a_camera_moved():
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]]
    turn[:3, 3] = (0.3, 0.0, 0.4)
    assert moved_by(turn, np.eye(4)) == pytest.approx((0.5, np.degrees(0.1)))
    assert moved_by(turn, turn) == pytest.approx((0, 0), abs=1e-5)


def test_by_reprojection_an_error_that_stays_on_its_surface_does_not_flicker(walk):
    (earlier, later, _), (before, depth, _), camera = walk
    points = Correspondence.of(depth, before, camera, later, earlier)
    assert points.here.size > 0.8 * depth.size
    every = np.ones(depth.shape, bool)

    def told(output, output_before):
        sums = points.sums(output, output_before, every, every)
        return float(moving_figures(add_up([sums]))['moving_flicker_cm'])

    assert told(depth, before) == pytest.approx(0, abs=1e-4)
    assert told(depth + np.float32(0.03), before + np.float32(0.03)) == pytest.approx(0, abs=1e-3)
    assert told(depth + np.float32(0.03), before - np.float32(0.01)) == pytest.approx(4, rel=1e-3)


def test_by_reprojection_points_are_found_where_they_were():
    # A wall 2 m ahead and a camera that moves 2 cm to the right: 100 / 2 * 0.02 = 1 px.
    wall = np.full((24, 32), 2.0, np.float32)
    pose = np.eye(4)
    pose[0, 3] = 0.02
    points = Correspondence.of(wall, wall, camera_of(wall), pose, np.eye(4))
    here, there = points.here.reshape(24, 31), points.there.reshape(24, 31)
    assert np.array_equal(there, here + 1)
    assert np.array_equal(here[0], np.arange(31))


def test_by_reprojection_what_was_hidden_is_left_out():
    wall = np.full((24, 32), 2.0, np.float32)
    hidden = step(near=1.0, far=2.0, at=10)
    points = Correspondence.of(wall, hidden, camera_of(wall), np.eye(4), np.eye(4))
    assert set(points.here % 32) == set(range(10, 32))
    common = np.ones(wall.shape, bool)
    common[:, 20:] = False
    sums = points.sums(wall, hidden, common, np.ones(wall.shape, bool))
    assert sums['moving_pixels'] == 24 * 10
