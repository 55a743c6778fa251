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
"""Camera models: what enlarging does to them, and messages of both kinds."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdst_ros.depth import CameraModel, GridAlignment, Region, stamp_ns
from cdst_ros.depth.arrays import F32, F64

ALIGNMENTS = st.sampled_from(GridAlignment)
SHARES = st.floats(0, 1)
SCALES = st.sampled_from([2, 3, 4, 8])
VGA = CameraModel.from_intrinsics(525.0, 520.0, 319.5, 239.5, 640, 480)


@st.composite
def cameras(draw: st.DrawFn) -> CameraModel:
    """Return cameras with all that CameraInfo can say: ROI, binning, Tx, Ty, skew, P unlike K."""
    size = st.integers(16, 4000)
    focal = st.floats(20, 4000)
    width, height = draw(size), draw(size)
    fx, fy, skew = draw(focal), draw(focal), draw(st.floats(-3, 3))
    cx, cy = draw(st.floats(0, width)), draw(st.floats(0, height))
    gx, gy = draw(focal), draw(focal)
    px, py = draw(st.floats(0, width)), draw(st.floats(0, height))
    tx, ty = draw(st.floats(-400, 400)), draw(st.floats(-400, 400))
    x, y = draw(st.integers(0, width - 8)), draw(st.integers(0, height - 8))
    whole = Region()
    part = Region(x, y, draw(st.integers(8, height - y)), draw(st.integers(8, width - x)))
    return CameraModel(
        width=width,
        height=height,
        distortion_model='plumb_bob',
        d=(0.1, -0.2, 0.001, 0.002, 0.05),
        k=(fx, skew, cx, 0.0, fy, cy, 0.0, 0.0, 1.0),
        p=(gx, skew, px, tx, 0.0, gy, py, ty, 0.0, 0.0, 1.0, 0.0),
        binning_x=draw(st.integers(0, 4)),
        binning_y=draw(st.integers(0, 4)),
        roi=draw(st.sampled_from([whole, part])),
    )


def points_in(camera: CameraModel, pixels: F64, z: F64) -> F64:
    """Return the points (N, 3) at pixels of the full image, by inverting P."""
    p = np.reshape(camera.p, (3, 4))
    rays = np.stack([pixels[:, 0] * z, pixels[:, 1] * z, z]) - p[:, 3:]
    points: F64 = np.linalg.solve(p[:, :3], rays).T
    return points


def assert_same_place(points: F64 | F32, expected: F64) -> None:
    """Assert that points differ by a millionth of their distance from the camera at most."""
    distance = np.linalg.norm(expected, axis=-1, keepdims=True)
    assert (np.abs(points - expected) <= 1e-6 * distance).all()


@given(cameras(), ALIGNMENTS, SCALES, st.floats(0.05, 60), st.tuples(SHARES, SHARES))
def test_a_point_keeps_its_place_when_depth_is_enlarged(
    camera: CameraModel,
    alignment: GridAlignment,
    scale: int,
    depth: float,
    where: tuple[float, float],
) -> None:
    reduced, enlarged = camera.reduced(), camera.scaled(scale, alignment)
    low = np.array([[where[0] * reduced.width, where[1] * reduced.height]])
    high = np.array([[alignment.enlarge(x, scale) for x in low[0]]])
    bins = np.array([max(camera.binning_x, 1), max(camera.binning_y, 1)])
    full = low * bins + np.array([camera.roi.x_offset, camera.roi.y_offset])
    z = np.array([depth])
    place = points_in(camera, full, z)
    assert_same_place(reduced.back_project_pixels(low, z), place)
    assert_same_place(camera.back_project_pixels(low, z), place)
    assert_same_place(enlarged.back_project_pixels(high, z), place)
    np.testing.assert_allclose(enlarged.project(place), high, rtol=1e-6, atol=1e-6)


@given(cameras(), ALIGNMENTS, SCALES)
def test_a_plane_stays_a_plane_when_its_depth_is_enlarged_exactly(
    camera: CameraModel, alignment: GridAlignment, scale: int
) -> None:
    """Depth of the plane n.x = 1, computed at each output pixel from the input's camera alone."""
    camera = replace(camera, width=24, height=20, roi=Region(), binning_x=0, binning_y=0)
    enlarged = camera.scaled(scale, alignment)
    normal = np.array([1e-4, -2e-4, 0.4])
    shift = alignment.enlarge(0.0, scale)
    v, u = np.mgrid[: enlarged.height, : enlarged.width]
    low = np.stack([(u.ravel() - shift) / scale, (v.ravel() - shift) / scale], axis=-1)
    one, two = (camera.back_project_pixels(low, np.full(len(low), z)) @ normal for z in (1.0, 2.0))
    depth = (1 + (1 - one) / (two - one)).reshape(u.shape)
    points = enlarged.back_project(depth.astype(np.float32))
    place = camera.back_project_pixels(low, depth.ravel()).reshape(*u.shape, 3)
    assert_same_place(points, place)


@given(cameras(), ALIGNMENTS, SCALES)
def test_enlarging_and_shrinking_give_the_camera_back(
    camera: CameraModel, alignment: GridAlignment, scale: int
) -> None:
    reduced = camera.reduced()
    again = camera.scaled(scale, alignment).scaled(1 / scale, alignment)
    assert again.matches(reduced.width, reduced.height)
    np.testing.assert_allclose(again.k, reduced.k, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(again.p, reduced.p, rtol=1e-9, atol=1e-6)


@given(cameras(), ALIGNMENTS)
def test_scaled_by_one_is_the_delivered_camera(
    camera: CameraModel, alignment: GridAlignment
) -> None:
    assert camera.scaled(1, alignment) == camera.reduced()


def test_every_entry_scales_by_its_own_rule() -> None:
    camera = replace(VGA, r=tuple(map(float, range(9))), d=(0.1, 0.2, 0.3, 0.4, 0.5))
    p = list(camera.p)
    p[3], p[7] = -21.0, 4.0
    camera = replace(camera, p=tuple(p))
    picked = camera.scaled(4, GridAlignment.PICKED)
    assert (picked.width, picked.height) == (2560, 1920)
    assert picked.k == (2100, 0, 1278, 0, 2080, 958, 0, 0, 1)
    assert picked.p == (2100, 0, 1278, -84, 0, 2080, 958, 16, 0, 0, 1, 0)
    half_pixel = camera.scaled(4, GridAlignment.HALF_PIXEL)
    assert half_pixel.k == (2100, 0, 1279.5, 0, 2080, 959.5, 0, 0, 1)
    assert half_pixel.p == (2100, 0, 1279.5, -84, 0, 2080, 959.5, 16, 0, 0, 1, 0)
    assert (half_pixel.d, half_pixel.r) == (camera.d, camera.r)


def test_the_region_is_taken_before_binning() -> None:
    camera = replace(VGA, roi=Region(100, 60, 300, 401), binning_x=2, binning_y=3)
    reduced = camera.reduced()
    assert (reduced.width, reduced.height) == (200, 100)
    assert reduced.intrinsics() == pytest.approx((262.5, 520 / 3, 109.75, 179.5 / 3))
    assert (reduced.binning_x, reduced.binning_y, reduced.roi) == (0, 0, Region())
    assert reduced.reduced() == reduced


def test_a_region_without_size_reaches_to_the_border() -> None:
    assert replace(VGA, roi=Region(40, 30)).reduced().matches(600, 450)


def test_nothing_changes_where_nothing_is_to_reduce() -> None:
    assert VGA.reduced() == VGA
    full = replace(VGA, roi=Region(0, 0, 480, 640, True), binning_x=1, binning_y=1)
    assert full.reduced() == VGA


def test_a_size_change_without_a_new_camera_is_noticed() -> None:
    assert VGA.matches(640, 480)
    assert not VGA.matches(480, 640)
    assert replace(VGA, binning_x=2, binning_y=2).matches(320, 240)
    assert not replace(VGA, binning_x=2, binning_y=2).matches(640, 480)


def test_pixels_and_points_are_each_others_inverse() -> None:
    points = np.array([[0.3, -0.2, 1.5], [-1.0, 2.0, 4.0]])
    pixels = VGA.project(points)
    np.testing.assert_allclose(pixels[0], [319.5 + 525 * 0.2, 239.5 - 520 * 0.2 / 1.5])
    np.testing.assert_allclose(VGA.back_project_pixels(pixels, points[:, 2]), points)


def test_a_back_projected_image_has_its_points_and_its_holes() -> None:
    camera = CameraModel.from_intrinsics(10, 20, 1, 0.5, 3, 2)
    depth = np.array([[1, 2, np.nan], [4, 5, 6]], np.float32)
    points = camera.back_project(depth)
    assert points.dtype == np.float32
    np.testing.assert_allclose(points[1, 2], [0.6, 0.15, 6], rtol=1e-6)
    np.testing.assert_allclose(points[0, 0], [-0.1, -0.025, 1], rtol=1e-6)
    assert np.isnan(points[0, 2]).all()
    assert np.isfinite(points).sum() == 15


def test_an_image_of_another_size_is_not_back_projected() -> None:
    with pytest.raises(ValueError, match='depth is 3x2, its camera 640x480'):
        VGA.back_project(np.ones((2, 3), np.float32))


def test_k_serves_where_p_is_unknown() -> None:
    assert replace(VGA, p=(0.0,) * 12).intrinsics() == VGA.intrinsics()


def test_p_goes_before_k() -> None:
    p = (500.0, 0, 300.0, 0, 0, 510.0, 200.0, 0, 0, 0, 1.0, 0)
    assert replace(VGA, p=p).intrinsics() == (500, 510, 300, 200)


@pytest.mark.parametrize('alignment', GridAlignment)
def test_an_uncalibrated_camera_stays_so_and_says_so(alignment: GridAlignment) -> None:
    camera = CameraModel(640, 480)
    enlarged = camera.scaled(4, alignment)
    assert not enlarged.calibrated
    assert enlarged.k == (0.0,) * 9
    assert enlarged.p == (0.0,) * 12
    assert enlarged.matches(2560, 1920)
    with pytest.raises(ValueError, match='uncalibrated'):
        enlarged.intrinsics()
    with pytest.raises(ValueError, match='uncalibrated'):
        enlarged.project([[0, 0, 1]])
    assert not camera.agrees(camera)
    assert not VGA.agrees(camera)


@pytest.mark.parametrize('factor', [0.0, -2.0, 0.0001])
def test_a_factor_that_leaves_no_pixel_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match='no pixel would be left'):
        VGA.scaled(factor, GridAlignment.PICKED)


def test_cameras_agree_within_half_a_percent() -> None:
    near = CameraModel.from_intrinsics(527, 522, 321, 241, 640, 480)
    assert VGA.agrees(near)
    assert near.agrees(VGA)
    for other in (
        CameraModel.from_intrinsics(529, 520, 319.5, 239.5, 640, 480),
        CameraModel.from_intrinsics(525, 523, 319.5, 239.5, 640, 480),
        CameraModel.from_intrinsics(525, 520, 323, 239.5, 640, 480),
        CameraModel.from_intrinsics(525, 520, 319.5, 242.5, 640, 480),
        CameraModel.from_intrinsics(525, 520, 319.5, 239.5, 640, 481),
    ):
        assert not VGA.agrees(other)


def test_a_binned_camera_agrees_with_what_it_delivers() -> None:
    binned = replace(VGA, binning_x=2, binning_y=2)
    assert binned.agrees(binned.reduced())
    assert not binned.agrees(VGA)


@given(camera=cameras())
def test_a_message_goes_round(messages: Any, camera: CameraModel) -> None:
    info = messages.camera_info({}, width=1, height=1)
    camera.fill(info)
    sent = messages.from_cdr(messages.to_cdr(info), 'CameraInfo')
    assert CameraModel.from_message(sent) == camera


@pytest.mark.parametrize(
    ('topic', 'rectified'),
    [
        ('/camera/rgb/image_raw', False),
        ('/camera/rgb/image_color', False),
        ('/camera/rgb/image_rect_color', True),
        ('/camera/rgb/image_rect_color/compressed', True),
        ('/camera/depth/image_rect_raw', True),
        ('/rect/image', False),
        ('/image_rectifier/image_raw', False),
        ('/image_rectifier/rgb/color', False),
        ('', False),
    ],
)
def test_the_topic_tells_whether_distortion_is_in_the_image(topic: str, rectified: bool) -> None:
    k = (100.0, 0.0, 50.0, 0.0, 100.0, 40.0, 0.0, 0.0, 1.0)
    p = (90.0, 0.0, 48.0, -9.0, 0.0, 91.0, 39.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    told = CameraModel(101, 81, 'plumb_bob', (0.1, 0.0, 0.0, 0.0, 0.0), k, p=p)
    camera = told.on_topic(topic)
    assert camera.bends is not rectified
    if rectified:
        assert camera.intrinsics() == (90.0, 91.0, 48.0, 39.0)
        assert camera.k == (90.0, 0.0, 48.0, 0.0, 91.0, 39.0, 0.0, 0.0, 1.0)
        assert camera.p == p
    else:
        assert camera == told


def test_filling_leaves_nothing_of_the_message_before(messages: Any) -> None:
    roi = {'x_offset': 5, 'y_offset': 6, 'height': 7, 'width': 8, 'do_rectify': True}
    info = messages.camera_info(
        roi,
        width=1,
        height=1,
        binning_x=2,
        binning_y=3,
        d=[1.0] * 8,
        distortion_model='equidistant',
    )
    stamp = SimpleNamespace(sec=3, nanosec=4)
    VGA.fill(info, SimpleNamespace(stamp=stamp, frame_id='camera_optical'))
    sent = messages.from_cdr(messages.to_cdr(info), 'CameraInfo')
    assert CameraModel.from_message(sent) == VGA
    assert (stamp_ns(sent.header), sent.header.frame_id) == (3_000_000_004, 'camera_optical')


def test_an_empty_message_is_an_uncalibrated_camera(messages: Any) -> None:
    camera = CameraModel.from_message(messages.camera_info({}, width=0, height=0))
    assert not camera.calibrated
    assert not camera.matches(640, 480)
    assert camera.d == ()
