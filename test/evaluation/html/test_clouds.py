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
from __future__ import annotations

import math

import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.colours import depth_scale
from cdst_ros.evaluation.html.clouds import PAPER, Cloud, Viewpoint, viewpoint_of

CAMERA = CameraModel.from_intrinsics(60.0, 60.0, 31.5, 23.5, 64, 48)


@pytest.fixture
def wall():
    return np.full((48, 64), 2.0, np.float32)


def inked(view):
    return (view != np.array(PAPER, np.uint8)).any(axis=2)


def cloud(depth):
    return Cloud.of(depth, CAMERA, depth_scale(depth))


def test_an_eye_that_has_not_moved_sees_what_the_camera_saw():
    depth = np.full((48, 64), np.nan, np.float32)
    depth[10:20, 40:50] = 2.0
    eye = Viewpoint((0.0, 0.0, 2.0), 0.0, 0.0, 2.0, focal=60 / 64)
    seen = inked(cloud(depth).view(eye, (64, 48)))
    rows, columns = np.nonzero(seen)
    # The middle of a view is between its pixels, as the camera's is at 31.5; half a pixel of play.
    assert abs(rows.min() - 10) <= 1
    assert abs(rows.max() - 19) <= 1
    assert abs(columns.min() - 40) <= 1
    assert abs(columns.max() - 49) <= 1


@pytest.mark.parametrize('degrees', [30.0, -30.0])
def test_an_eye_to_the_right_sees_the_near_to_the_left_of_the_far(degrees):
    eye = Viewpoint((0.0, 0.0, 2.0), math.radians(degrees), 0.0, 2.0)
    near, far = eye.seen(np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 3.0]]))
    assert near[2] < far[2]
    assert (near[0] < far[0]) == (degrees > 0)


def test_an_eye_above_sees_the_near_below_the_far():
    eye = Viewpoint((0.0, 0.0, 2.0), 0.0, math.radians(20), 2.0)
    near, far = eye.seen(np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 3.0]]))
    assert near[1] > far[1]


def test_the_nearest_surface_is_in_front():
    depth = np.full((48, 64), 3.0, np.float32)
    depth[16:32, 24:40] = 1.0
    scale = depth_scale(depth)
    eye = Viewpoint((0.0, 0.0, 2.0), 0.0, 0.0, 2.0, focal=60 / 64)
    view = Cloud.of(depth, CAMERA, scale).view(eye, (64, 48))
    painted = scale.paint(depth)
    hue = view[24, 32].astype(float) / painted[24, 32]
    assert np.ptp(hue[painted[24, 32] > 40]) < 0.05


def test_a_wall_has_no_gaps(wall):
    view = cloud(wall).view(viewpoint_of(wall, CAMERA), (320, 240))
    middle = inked(view)[90:150, 120:200]
    assert middle.all()


def test_a_pixel_between_two_surfaces_hangs_in_the_air():
    depth = np.full((48, 64), 3.0, np.float32)
    depth[:, :32] = 1.5
    sharp = inked(cloud(depth).view(viewpoint_of(depth, CAMERA), (320, 240)))
    smeared = depth.copy()
    smeared[:, 32] = 2.2
    hanging = inked(cloud(smeared).view(viewpoint_of(depth, CAMERA), (320, 240)))
    assert np.count_nonzero(hanging & ~sharp) > 50


def test_nearly_all_of_it_is_in_view_and_fills_it():
    y, x = np.mgrid[:48, :64]
    depth = (2 + 0.02 * x + 0.01 * y).astype(np.float32)
    seen = inked(cloud(depth).view(viewpoint_of(depth, CAMERA), (320, 240)))
    rows, columns = np.nonzero(seen)
    filled = max(np.ptp(rows) / 240, np.ptp(columns) / 320)
    assert filled > 0.85
    assert abs((rows.min() + rows.max()) / 2 - 120) < 25
    assert abs((columns.min() + columns.max()) / 2 - 160) < 33


def test_a_window_is_seen_larger(wall):
    whole = viewpoint_of(wall, CAMERA)
    near = viewpoint_of(wall, CAMERA, window=(slice(10, 20), slice(10, 24)))
    assert near.focal > 2 * whole.focal


def test_the_unknown_leaves_the_paper_and_nothing_is_refused(wall):
    hole = wall.copy()
    hole[:, 20:44] = np.nan
    full, holed = (inked(cloud(d).view(viewpoint_of(wall, CAMERA))) for d in (wall, hole))
    assert np.count_nonzero(holed) < 0.75 * np.count_nonzero(full)
    with pytest.raises(ValueError, match='no known depth'):
        viewpoint_of(np.full_like(wall, np.nan), CAMERA)
    assert not inked(cloud(np.full_like(wall, np.nan)).view(viewpoint_of(wall, CAMERA))).any()
