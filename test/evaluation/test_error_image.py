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
"""Error images: signed, unknown where one side is, and in colours that tell the sign."""

import numpy as np
import pytest

from cdst_ros.evaluation.colours import UNKNOWN
from cdst_ros.evaluation.error_image import paint_error, signed_error


def test_too_near_is_negative_and_unknown_stays_unknown():
    output = np.array([[1.0, 2.0, np.nan, 4.0]], np.float32)
    reference = np.array([[1.5, 1.5, 1.0, np.nan]], np.float32)
    error = signed_error(output, reference)
    assert error.dtype == np.float32
    np.testing.assert_array_equal(error, [[-0.5, 0.5, np.nan, np.nan]])


def test_other_sizes_are_refused_with_both():
    with pytest.raises(ValueError, match='4x3 and the reference 8x6'):
        signed_error(np.ones((3, 4), np.float32), np.ones((6, 8), np.float32))


def test_near_is_blue_far_is_red_right_is_white():
    error = np.array([[-1.0, -0.05, 0.0, 0.05, 1.0, np.nan]], np.float32)
    near, near_end, right, far_end, far, unknown = paint_error(error, 0.05)[0].astype(int)
    assert near[0] > near[2] + 100, 'blue'
    assert far[2] > far[0] + 100, 'red'
    assert right.min() > 240
    np.testing.assert_array_equal(near, near_end)
    np.testing.assert_array_equal(far, far_end)
    np.testing.assert_array_equal(unknown, UNKNOWN)


def test_half_an_error_is_half_as_strong():
    full, half = paint_error(np.array([[0.1, 0.05]], np.float32), 0.1)[0].astype(int)
    assert 247 - half[0] == pytest.approx((247 - full[0]) / 2, abs=2)
