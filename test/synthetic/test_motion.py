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
"""The camera's way is smooth and stays in the room."""

from itertools import pairwise

import numpy as np
import pytest

from cdst_ros.synthetic.indoor import indoor_scene
from cdst_ros.synthetic.motion import CLEARANCE, CameraPath, Shake, eased, there_and_back

SEEDS = pytest.mark.parametrize('seed', range(8))


def path(seed: int) -> CameraPath:
    rng = np.random.default_rng(seed)
    return CameraPath.through(indoor_scene(rng), rng)


@SEEDS
def test_poses_are_rigid_and_level_enough(seed: int) -> None:
    way = path(seed)
    for time in np.linspace(0, 40, 15):
        pose = way.pose(time)
        np.testing.assert_allclose(pose[:3, :3].T @ pose[:3, :3], np.eye(3), atol=1e-12)
        assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)
        np.testing.assert_array_equal(pose[3], [0, 0, 0, 1])
        # x stays level, y points down: no roll
        assert pose[2, 0] == pytest.approx(0, abs=1e-12)
        assert pose[2, 1] < -0.8


@SEEDS
def test_the_way_never_leaves_the_room(seed: int) -> None:
    way = path(seed)
    inside = way.scene.room.local(way.positions(np.linspace(0, 1000, 5000)))
    assert np.all(np.abs(inside) < 0.9 * way.scene.room.half)


@SEEDS
def test_steps_are_those_of_a_walk(seed: int) -> None:
    way = path(seed)
    poses = np.stack([way.pose(t) for t in np.arange(0, 20, 1 / 30)])
    speed = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1) * 30
    turned = np.einsum('nij,nij->n', poses[1:, :3, :3], poses[:-1, :3, :3])
    turn = np.degrees(np.arccos(np.clip((turned - 1) / 2, -1, 1))) * 30
    assert 0.02 < speed.max() < 1.5
    assert 1 < turn.max() < 60
    jerk = np.abs(np.diff(poses[:, :3, 3], 2, axis=0)) * 30**2
    assert jerk.max() < 2.0


def test_ways_keep_their_distance() -> None:
    ways = [path(seed) for seed in range(20)]
    times = np.linspace(0, 60, 400)
    clear = [way.scene.clearance(way.positions(times)).min() for way in ways]
    assert np.mean(np.array(clear) > 0.9 * CLEARANCE) >= 0.9


def test_the_same_seed_walks_the_same_way() -> None:
    np.testing.assert_array_equal(path(3).pose(1.7), path(3).pose(1.7))
    assert not np.array_equal(path(3).pose(1.7), path(4).pose(1.7))


def test_playing_there_and_back() -> None:
    assert [there_and_back(k, 4) for k in range(10)] == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]
    assert [there_and_back(k, 1) for k in range(3)] == [0, 0, 0]
    assert [there_and_back(k, 2) for k in range(4)] == [0, 1, 0, 1]


def test_easing_rests_at_both_ends() -> None:
    along = np.array([eased(k, 46) for k in range(46)])
    steps = np.diff(along)
    assert along[0] == 0
    assert along[-1] == pytest.approx(1)
    assert steps.min() > 0
    assert max(steps[0], steps[-1]) < 0.05 * steps.max()


def test_a_hand_leans_and_trembles_a_little() -> None:
    poses = [
        Shake.draw(np.random.default_rng(seed)).apply(np.eye(4), t)
        for seed in range(10)
        for t in np.linspace(0, 20, 100)
    ]
    turns = np.stack([pose[:3, :3] for pose in poses])
    np.testing.assert_allclose(
        turns @ turns.transpose(0, 2, 1), np.broadcast_to(np.eye(3), turns.shape), atol=1e-12
    )
    roll = np.degrees(np.arctan2(turns[:, 1, 0], turns[:, 0, 0]))
    pitch = np.degrees(np.arctan2(turns[:, 2, 1], turns[:, 2, 2]))
    assert 3 < np.abs(roll).max() < 9
    assert 1 < np.abs(pitch).max() < 5
    assert np.abs([pose[:3, 3] for pose in poses]).max() < 0.05


def test_a_hand_moves_smoothly_between_frames() -> None:
    shake = Shake.draw(np.random.default_rng(3))
    poses = [shake.apply(np.eye(4), k / 30) for k in range(300)]
    angles = [
        np.degrees(np.arccos(np.clip((np.trace(a[:3, :3].T @ b[:3, :3]) - 1) / 2, -1, 1)))
        for a, b in pairwise(poses)
    ]
    assert 0.05 < max(angles) < 1.0
