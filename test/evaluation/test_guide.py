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
from dataclasses import replace

import cv2
import numpy as np
import pytest
from depth.views import through

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.registration import RegistrationError
from cdst_ros.evaluation.guide import Guide
from cdst_ros.evaluation.references import color_of
from cdst_ros.evaluation.replay import registered_color
from cdst_ros.evaluation.seen_color import seen_color
from cdst_ros.evaluation.sources import SourceFrame

from .conftest import CAMERA, WorkedEngine

GRID = CAMERA.scaled(2, GridAlignment.HALF_PIXEL)
COLOR_CAMERA = CameraModel.from_intrinsics(80.0, 82.0, 31.5, 23.5, 64, 48)


def frame(**changes) -> SourceFrame:
    rng = np.random.default_rng(0)
    return SourceFrame(
        name='0',
        depth=np.full((24, 32), 2.0, np.float32),
        encoding='16UC1',
        camera=CAMERA,
        color=rng.integers(1, 256, (48, 64, 3), dtype=np.uint8),
        color_registered=True,
        color_camera=GRID,
    )._replace(**changes)


def guide() -> Guide:
    return Guide(WorkedEngine(guided=True).info)


def test_colour_of_the_same_view_is_taken_and_its_black_is_known():
    one = frame()
    one.color[3, 4] = 0
    found = guide()(one)
    assert found[3, 4].tolist() == [1, 1, 1]
    assert (found == np.maximum(one.color, 1)).all()


def test_colour_of_the_same_view_gets_the_size_of_the_output():
    half = frame(color=np.full((24, 32, 3), 99, np.uint8), color_camera=CAMERA)
    assert (guide()(half) == 99).all()
    assert guide()(half).shape == (48, 64, 3)


def off(found, expected):
    return np.abs(found.astype(int) - expected)[4:-4, 4:-4].mean()


def test_colour_of_the_same_view_is_straightened_where_its_lens_bends():
    soft = cv2.GaussianBlur(frame().color, (0, 0), 2)
    straight = cv2.normalize(soft, None, 1, 255, cv2.NORM_MINMAX)
    lens = replace(GRID, d=(-0.6, 0.2, 0.0, 0.0, 0.0))
    raw = through(lens, GRID, straight)
    one = frame(color=raw, color_camera=lens)
    assert off(raw, straight) > 9
    for found in (guide()(one), seen_color(one, 2), color_of(one, GRID, (48, 64))):
        assert off(found, straight) < 3
    assert off(registered_color(one, 2, GRID), straight) < 3
    told = one._replace(color_camera=lens.rectified())
    assert np.array_equal(guide()(told), np.maximum(raw, 1)), 'a topic that says it is rectified'


def test_colour_that_is_distorted_as_depth_is_lies_on_it():
    lens = replace(GRID, distortion_model='cubic', d=(-0.2, 0.02, 0.0, 0.0))
    one = frame(color_camera=lens, camera=lens.scaled(0.5, GridAlignment.HALF_PIXEL))
    assert np.array_equal(guide()(one), one.color)
    assert np.array_equal(seen_color(one, 2), one.color)


def test_a_lens_that_nobody_can_work_out_is_refused():
    lens = replace(GRID, distortion_model='cubic', d=(-0.2, 0.02, 0.0, 0.0))
    one = frame(color_camera=lens)
    for use in (guide(), lambda frame: seen_color(frame, 2)):
        with pytest.raises(RegistrationError, match=r'colour camera \(cubic.*image_rect'):
            use(one)
    with pytest.raises(RegistrationError, match='cubic'):
        registered_color(one, 2, GRID)
    assert color_of(one, GRID, (48, 64)) is None


def test_colour_of_another_camera_is_warped_by_depth_and_unknown_where_it_sees_nothing():
    beside = np.eye(4)
    beside[0, 3] = 0.1  # 80 px * 0.1 m / 2 m: 4 px to the right
    one = frame(color_registered=False, color_camera=COLOR_CAMERA, to_color=beside)
    shared = guide()
    found = shared(one).copy()
    assert (found[10:-10, 10:50] == one.color[10:-10, 14:54]).mean() > 0.5
    assert not found[:, -3:].any()
    unknown = frame(
        color_registered=False,
        color_camera=COLOR_CAMERA,
        to_color=beside,
        depth=np.full((24, 32), np.nan, np.float32),
    )
    assert not shared(unknown).any()


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'color': None}, 'no colour'),
        ({'color_registered': False}, 'record /tf_static'),
        ({'color_registered': False, 'color_camera': None}, 'camera_info is missing'),
        ({'color_registered': False, 'camera': None}, 'camera_info is missing'),
    ],
)
def test_colour_that_nobody_knows_the_place_of_is_refused(change, said):
    with pytest.raises(RegistrationError, match=said):
        guide()(frame(**change))
