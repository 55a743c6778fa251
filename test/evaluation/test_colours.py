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

import cv2
import numpy as np
import pytest

from cdst_ros.evaluation.colours import UNKNOWN, ColourScale, RampScale, depth_scale

WHITE, RED, BLUE = (255, 255, 255), (0, 0, 255), (255, 0, 0)


@pytest.mark.parametrize(
    'scale',
    [ColourScale(0.0, 2.0, cv2.COLORMAP_TURBO), RampScale(2.0, (WHITE, RED))],
)
def test_the_unknown_has_a_colour_of_its_own(scale):
    painted = scale.paint(np.array([[np.nan, 0.0, 1.0, 2.0, 9.0]], np.float32))
    assert tuple(painted[0, 0]) == UNKNOWN
    assert not (scale.bar(256, 1) == np.array(UNKNOWN)).all(axis=2).any()
    np.testing.assert_array_equal(painted[0, 3], painted[0, 4])


def test_a_ramp_goes_by_the_root_so_that_small_errors_show():
    scale = RampScale(1.0, (WHITE, RED))
    painted = scale.paint(np.array([[0.0, 0.25, 1.0]], np.float32))
    np.testing.assert_array_equal(painted[0], [WHITE, (128, 128, 255), RED])


def test_the_ticks_of_a_bar_are_where_its_colours_are():
    for scale in (RampScale(0.5, (WHITE, RED)), RampScale(0.5, (BLUE, WHITE, RED), signed=True)):
        places = np.linspace(0, 1, 101)
        values = np.array([[scale.value(place) for place in places]], np.float32)
        apart = scale.paint(values).astype(int) - scale.bar(101, 1)
        assert np.abs(apart).max() <= 1


def test_signs_are_told_apart():
    scale = RampScale(1.0, (BLUE, WHITE, RED), signed=True)
    painted = scale.paint(np.array([[-1.0, 0.0, 1.0]], np.float32))
    np.testing.assert_array_equal(painted[0], [BLUE, WHITE, RED])


def test_a_scale_of_depths_spans_nearly_all_of_them():
    depth = np.linspace(1, 3, 1000, dtype=np.float32).reshape(20, 50)
    depth[0, 0] = 90
    scale = depth_scale(depth)
    assert 1.0 <= scale.low < 1.1
    assert 2.9 < scale.high < 3.1
    assert depth_scale(np.full((2, 2), np.nan, np.float32)).high == 1.0
