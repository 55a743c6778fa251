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
"""Fused volumes, held against a plane and a box that are known exactly."""

import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.guard.held_frame import HeldFrame
from cdst_ros.evaluation.guard.raycast import raycast
from cdst_ros.evaluation.guard.volume import Blocks, Contribution, UnfusableError, Volume

CAMERA = CameraModel.from_intrinsics(60.0, 60.0, 31.5, 23.5, 64, 48)
VOXEL, TRUNCATION = 0.02, 0.08


def pose_at(x, y=0.0):
    pose = np.eye(4)
    pose[:2, 3] = x, y
    return pose


def wall(camera, pose, slope=0.3, distance=1.5):
    """Return exactly what a camera that looks along z sees of z = distance + slope x."""
    fx, _, cx, _ = camera.intrinsics()
    ray = (np.arange(camera.width) - cx) / fx
    depth = (distance + slope * pose[0, 3]) / (1 - slope * ray)
    return np.broadcast_to(depth, (camera.height, camera.width)).astype(np.float32).copy()


@pytest.fixture
def frames():
    poses = [pose_at(0.013 * k, 0.007 * k) for k in range(5)]
    return [HeldFrame('wall', wall(CAMERA, pose), None, CAMERA, pose) for pose in poses]


def fuse(frames):
    blocks = Blocks.around(frames, VOXEL, TRUNCATION)
    volume = Volume.empty(blocks)
    for frame in frames:
        volume.add(Contribution.of(frame, blocks))
    return volume


def test_a_slanted_wall_is_seen_where_it_is_at_twice_the_resolution(frames):
    camera = CAMERA.scaled(2, GridAlignment.HALF_PIXEL)
    seen = raycast(fuse(frames), camera, frames[2].pose)
    inner = seen.depth[12:-12, 12:-12]
    off = np.abs(inner - wall(camera, frames[2].pose)[12:-12, 12:-12])
    assert np.isfinite(inner).all()
    assert off.max() < VOXEL / 20
    assert (seen.hits[12:-12, 12:-12] == len(frames)).all()


def test_a_frame_taken_out_again_leaves_no_trace(frames):
    blocks = Blocks.around(frames, VOXEL, TRUNCATION)
    volume, without = Volume.empty(blocks), Volume.empty(blocks)
    shares = [Contribution.of(frame, blocks) for frame in frames]
    for share in shares:
        volume.add(share)
    for share in shares[1:]:
        without.add(share)
    volume.add(shares[0], -1)
    np.testing.assert_allclose(volume.distances, without.distances, atol=1e-5)
    np.testing.assert_array_equal(volume.hits, without.hits)
    halves = Volume.empty(blocks)
    halves.add(shares[0])
    np.testing.assert_allclose((halves + volume).weights.sum(), fuse(frames).weights.sum())


def test_a_box_hides_what_is_behind_it_and_nothing_is_spanned_between(frames):
    for frame in frames:
        frame.depth[16:32, 24:40] = 1.0
    seen = raycast(fuse(frames), CAMERA, frames[2].pose).depth
    truth = frames[2].depth
    known = np.isfinite(seen)
    assert known.mean() > 0.8
    near_box, near_wall = (
        np.abs(seen - 1.0) < 0.03,
        np.abs(seen - wall(CAMERA, pose_at(0.026))) < 0.03,
    )
    assert (near_box | near_wall)[known].mean() > 0.97
    assert np.nanmedian(np.abs(seen - truth)) < VOXEL / 10


def test_the_back_of_a_wall_is_nothing(frames):
    turned = np.diag([-1.0, 1.0, -1.0, 1.0])
    turned[2, 3] = 3.0
    assert not np.isfinite(raycast(fuse(frames), CAMERA, turned).depth).any()


def test_depth_that_reaches_too_far_is_refused(frames):
    far = HeldFrame('far', np.full((48, 64), 9000, np.float32), None, CAMERA, np.eye(4))
    with pytest.raises(UnfusableError, match='too far for voxels'):
        Blocks.around([*frames, far], VOXEL, TRUNCATION)
    with pytest.raises(UnfusableError, match='no measured depth'):
        Blocks.around([], VOXEL, TRUNCATION)
