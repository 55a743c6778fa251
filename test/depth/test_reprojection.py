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

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.reprojection import reproject
from cdst_ros.synthetic import CameraPath, indoor_scene, render


def camera(width, height, focal):
    return CameraModel.from_intrinsics(
        focal, focal, (width - 1) / 2, (height - 1) / 2, width, height
    )


def test_the_same_camera_sees_the_same():
    rng = np.random.default_rng(0)
    depth = (1 / rng.uniform(0.2, 1, (24, 32))).astype(np.float32)
    depth[3:6, 7:9] = np.nan
    one = camera(32, 24, 30.0)
    seen = reproject(depth, one, one, np.eye(4))
    # Noise of this size is all discontinuities: each pixel stays as it is.
    np.testing.assert_allclose(seen, depth, rtol=0.02)
    assert np.array_equal(np.isnan(seen), np.isnan(depth))


@pytest.mark.parametrize('seed', [1, 2, 3])
def test_against_rendered_truth_from_beside(seed):
    rng = np.random.default_rng(seed)
    scene = indoor_scene(rng)
    pose = CameraPath.through(scene, rng).pose(2.0)
    reference_camera, output_camera = camera(320, 240, 260.0), camera(160, 120, 140.0)
    beside = np.eye(4)
    beside[:3, 3] = (0.05, 0.01, 0.0)
    angle = np.radians(3)
    beside[:3, :3] = [
        [np.cos(angle), 0, np.sin(angle)],
        [0, 1, 0],
        [-np.sin(angle), 0, np.cos(angle)],
    ]
    reference = render(scene, reference_camera, pose @ beside).depth
    truth = render(scene, output_camera, pose).depth
    seen = reproject(reference, reference_camera, output_camera, beside)
    both = np.isfinite(seen) & np.isfinite(truth)
    assert both.mean() > 0.85
    off = np.abs(seen[both] - truth[both]) / truth[both]
    assert np.median(off) < 1e-3
    # What is left are the pixels that an edge runs through.
    assert np.mean(off < 0.02) > 0.97


def test_a_near_surface_hides_what_is_behind_it():
    depth = np.full((60, 80), 4.0, np.float32)
    depth[20:40, 30:50] = 1.0
    one = camera(80, 60, 70.0)
    beside = np.eye(4)
    beside[0, 3] = 0.1
    seen = reproject(depth, one, one, beside)
    # At 1 m points move by 7 px, at 4 m by 1.75 px.
    assert np.nanmax(np.abs(seen[25:35, 38:56] - 1.0)) < 1e-3
    # Where the near surface was and is no more, nobody has seen the wall.
    assert np.isnan(seen[25:35, 33:36]).all()
    np.testing.assert_allclose(seen[25:35, 10:30], 4.0, rtol=1e-5)
    # The image ends where the source ends.
    assert np.isnan(seen[:, 0]).all()


def test_a_finer_grid_has_no_cracks_and_planes_stay_planes():
    one, finer = camera(40, 30, 35.0), camera(160, 120, 140.0)
    v, u = np.mgrid[:30, :40]
    plane = (1 / (0.3 + 0.004 * (u - 19.5) + 0.002 * (v - 14.5))).astype(np.float32)
    v, u = np.mgrid[:120, :160] / 4
    expected = 1 / (0.3 + 0.004 * (u - 19.875) + 0.002 * (v - 14.875))
    seen = reproject(plane, one, finer, np.eye(4))
    inner = np.s_[4:-4, 4:-4]
    assert np.isfinite(seen[inner]).all()
    np.testing.assert_allclose(seen[inner], expected[inner], rtol=2e-3)


def test_what_is_behind_the_target_is_not_seen():
    one = camera(32, 24, 30.0)
    turned = np.diag([-1.0, 1.0, -1.0, 1.0])
    assert np.isnan(reproject(np.full((24, 32), 2.0, np.float32), one, one, turned)).all()


def test_an_uncalibrated_camera_is_refused():
    with pytest.raises(ValueError, match='uncalibrated'):
        reproject(
            np.ones((24, 32), np.float32),
            CameraModel(32, 24),
            camera(32, 24, 30.0),
            np.eye(4),
        )
