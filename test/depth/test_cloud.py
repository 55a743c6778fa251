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
import struct

import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.cloud import cloud_of
from cdst_ros.depth.grid import GridAlignment

CAMERA = CameraModel.from_intrinsics(50.0, 60.0, 3.0, 2.0, 8, 6)


def test_points_lie_where_pixels_look():
    depth = np.random.default_rng(0).uniform(0.5, 5, (6, 8)).astype(np.float32)
    depth[2, 3] = np.nan
    cloud = cloud_of(depth, CAMERA)
    assert cloud.fields == [('x', 0), ('y', 4), ('z', 8)]
    assert cloud.step == 12
    data = cloud.points.tobytes()
    for row in range(6):
        for column in range(8):
            x, y, z = struct.unpack_from('=fff', data, 12 * (8 * row + column))
            if (row, column) == (2, 3):
                assert np.isnan([x, y, z]).all()
                continue
            expected = depth[row, column]
            assert z == expected
            assert x == pytest.approx((column - 3) / 50 * expected, abs=1e-6)
            assert y == pytest.approx((row - 2) / 60 * expected, abs=1e-6)


def test_colour_is_packed_as_pcl_has_it():
    depth = np.full((6, 8), 2.0, np.float32)
    rgb = np.random.default_rng(1).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    cloud = cloud_of(depth, CAMERA, rgb)
    assert cloud.fields == [('x', 0), ('y', 4), ('z', 8), ('rgb', 12)]
    packed = np.frombuffer(cloud.points.tobytes(), np.uint32).reshape(6, 8, 4)[..., 3]
    assert np.array_equal(packed >> 16 & 255, rgb[..., 0])
    assert np.array_equal(packed >> 8 & 255, rgb[..., 1])
    assert np.array_equal(packed & 255, rgb[..., 2])
    assert not (packed >> 24).any(), 'with alpha the bits would be NaN'


def test_a_camera_of_another_size_is_refused():
    with pytest.raises(ValueError, match='depth is 4x4'):
        cloud_of(np.ones((4, 4), np.float32), CAMERA)


@pytest.mark.parametrize('step', [1, 2, 3, 5])
def test_every_so_manieth_pixel_looks_where_it_did(step):
    camera = CAMERA.scaled(2, GridAlignment.HALF_PIXEL)
    strided = camera.strided(step)
    picked = np.ones((12, 16), np.float32)[::step, ::step]
    assert strided.matches(picked.shape[1], picked.shape[0])
    points = camera.back_project(np.ones((12, 16), np.float32))
    np.testing.assert_allclose(strided.back_project(picked), points[::step, ::step], atol=1e-6)
