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
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.misregistration import (
    LIMIT_PX,
    MisregisteredError,
    Misregistration,
    MisregistrationMeter,
    require_registered,
)
from cdst_ros.depth.registration import RegistrationError

from .views import looks, taken, through

SCALE = 4
#: Sixteen pictures of eight rooms tell it so well [px of the output].
TOLERANCE = 0.6
LOW = CameraModel.from_intrinsics(140.0, 140.0, 79.5, 59.5, 160, 120)
COLOR = LOW.scaled(SCALE, GridAlignment.HALF_PIXEL)
#: Colour is taken 4 cm to the right of depth.
TO_COLOR = np.eye(4)
TO_COLOR[0, 3] = -0.04


@pytest.fixture(scope='module')
def views():
    """Depth of low resolution, and colour of a camera beside it."""
    return [taken(scene, pose, LOW, COLOR, TO_COLOR) for scene, pose in looks(8)]


def moved(color, right, down):
    matrix = np.array([[1, 0, right], [0, 1, down]], float)
    return cv2.warpAffine(color, matrix, color.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)


def measured(views, change=lambda color: color, camera=COLOR, to_color=TO_COLOR):
    meter = MisregistrationMeter.of_scale(SCALE)
    for depth, color in views:
        meter.add(change(color), camera, depth, LOW, to_color)
    return meter.measured()


@pytest.mark.parametrize('shift', [0.0, 0.5, 1.0, 3.0, 5.0])
def test_a_known_shift_is_measured(views, shift):
    found = measured(views, lambda color: moved(color, shift, -shift / 2))
    assert found.known, found.why
    assert found.right == pytest.approx(shift, abs=TOLERANCE)
    assert found.down == pytest.approx(-shift / 2, abs=TOLERANCE)
    assert found.low[0] <= found.right <= found.high[0]
    assert found.images == len(views)


@pytest.mark.parametrize('shift', [0.0, 0.5, 1.0, 3.0, 5.0])
def test_a_known_shift_is_measured_in_the_blur_of_a_walk(views, shift):
    rng = np.random.default_rng(0)

    def worn(color):
        """Return colour as of a head-worn camera that moves: smeared, noisy, compressed."""
        smeared = cv2.GaussianBlur(moved(color, shift, 0.0), (0, 0), sigmaX=2.5, sigmaY=1.5)
        noisy = np.clip(smeared + rng.normal(0, 4, color.shape), 0, 255).astype(np.uint8)
        return cv2.imdecode(cv2.imencode('.jpg', noisy, (cv2.IMWRITE_JPEG_QUALITY, 70))[1], 1)

    noisy = []
    for depth, color in views:
        sensed = depth + rng.normal(0, 0.005, depth.shape) * depth**2
        sensed[rng.random(depth.shape) < 0.05] = np.nan
        noisy.append((sensed.astype(np.float32), color))
    found = measured(noisy, worn)
    assert found.known, found.why
    assert found.right == pytest.approx(shift, abs=TOLERANCE)
    assert found.down == pytest.approx(0.0, abs=TOLERANCE)


def test_a_wrong_rotation_is_told_in_pixels_of_the_output(views):
    wrong = np.eye(4)
    angle = 4.0 / COLOR.intrinsics()[0]  # four pixels
    wrong[0, [0, 2]] = math.cos(angle), math.sin(angle)
    wrong[2, [0, 2]] = -math.sin(angle), math.cos(angle)
    found = measured(views, to_color=wrong @ TO_COLOR)
    assert found.known, found.why
    # Told to lie 4 px farther right than it does, colour lies 4 px to the left.
    assert found.right == pytest.approx(-4.0, abs=TOLERANCE)


def test_the_size_of_colour_changes_nothing(views):
    half = COLOR.scaled(0.5, GridAlignment.HALF_PIXEL)

    def halved(color):
        return cv2.resize(moved(color, 3.0, 0.0), (320, 240), interpolation=cv2.INTER_AREA)

    found = measured(views, halved, camera=half)
    assert found.known, found.why
    assert found.right == pytest.approx(3.0, abs=TOLERANCE)


def test_a_greater_scale_counts_more_pixels(views):
    meter = MisregistrationMeter.of_scale(2 * SCALE)
    for depth, color in views:
        meter.add(moved(color, 3.0, 0.0), COLOR, depth, LOW, TO_COLOR)
    assert meter.measured().right == pytest.approx(6.0, abs=2 * TOLERANCE)


def test_edges_that_a_sensor_lost_still_tell(views):
    lost = []
    for depth, color in views:
        far = cv2.dilate(depth, np.ones((3, 3), np.uint8)) - depth
        near = depth - cv2.erode(depth, np.ones((3, 3), np.uint8))
        behind = depth.copy()
        behind[(near > 0.05) & (near > far)] = np.nan
        assert np.isnan(behind).sum() > np.isnan(depth).sum()
        lost.append((behind, moved(color, 3.0, 0.0)))
    found = measured(lost)
    assert found.known, found.why
    assert found.edges > 0.5 * measured(views).edges
    assert found.right == pytest.approx(3.0, abs=TOLERANCE)


def test_too_few_edges_tell_nothing(views):
    wall = [(np.full_like(depth, 3.0), color) for depth, color in views]
    found = measured(wall)
    assert not found.known
    assert 'too few depth edges' in found.why
    assert math.isnan(found.size)
    assert not measured([]).known
    assert not measured(views[:1]).known, 'one image is no evidence'


def test_colour_of_another_place_tells_nothing(views):
    depths, colors = zip(*views, strict=True)
    found = measured(list(zip(depths, colors[5:] + colors[:5], strict=True)))
    assert not found.known
    with pytest.raises(MisregisteredError, match='nobody knows'):
        require_registered(found)


@pytest.mark.parametrize(
    ('cameras', 'said'),
    [
        ((LOW, CameraModel(640, 480, 'cubic', (0.1, 0.0, 0.0, 0.0), COLOR.k)), 'image_rect'),
        ((LOW, CameraModel(640, 480)), 'the camera of colour is uncalibrated'),
        ((CameraModel(160, 120), COLOR), 'the camera of depth is uncalibrated'),
    ],
)
def test_a_camera_that_is_not_understood_is_refused(views, cameras, said):
    (depth, color), (low, high) = views[0], cameras
    with pytest.raises(RegistrationError, match=said):
        MisregistrationMeter.of_scale(SCALE).add(color, high, depth, low, np.eye(4))


def test_distortion_is_worked_out(views):
    """Colour as a fisheye takes it, and told so; taken as straight it lies far beside."""
    bent = replace(COLOR, distortion_model='equidistant', d=(0.05, 0.0, 0.0, 0.0), p=(0.0,) * 12)

    def fisheye(color):
        return through(bent, COLOR, color)

    found = measured(views, fisheye, bent)
    assert found.known, found.why
    assert found.size < TOLERANCE
    straight = measured(views, fisheye)
    assert not straight.known or straight.size > TOLERANCE


def found_at(right, down, why=''):
    ends = (right, down, 0.0)
    return Misregistration(right, down, 0.0, ends, ends, 9.0, 1000, 40, 20, why)


@given(st.floats(-20, 20), st.floats(-20, 20))
def test_above_two_pixels_colour_is_refused(right, down):
    found = found_at(right, down)
    if math.hypot(right, down) <= LIMIT_PX:
        require_registered(found)
    else:
        with pytest.raises(MisregisteredError, match='of the output beside depth'):
            require_registered(found)


def test_what_is_said_names_how_far_and_where_to_look():
    with pytest.raises(MisregisteredError) as refused:
        require_registered(found_at(3.0, -4.0))
    for word in ('5.0 px', '+3.0', '-4.0', '1000 edge pixels', '2 px', '/tf_static'):
        assert word in str(refused.value)


def test_unknown_is_refused_unless_asked_for():
    unknown = found_at(0.0, 0.0, 'too few depth edges in 3 images with colour')
    require_registered(unknown, unknown=True)
    with pytest.raises(MisregisteredError, match='too few depth edges in 3 images'):
        require_registered(unknown)
