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
"""Validity by REP 117 and REP 118."""

import numpy as np
import pytest

from cdst_ros.depth import valid_mask

WIDTHS = [1, 3, 16, 17, 31, 64]


@pytest.mark.parametrize('width', WIDTHS)
@pytest.mark.parametrize('value', [np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0])
def test_informational_values_are_no_measurements_at_any_place(width: int, value: float) -> None:
    for column in range(width):
        depth = np.ones((2, width), np.float32)
        depth[:, column] = value
        expected = np.ones((2, width), bool)
        expected[:, column] = False
        assert np.array_equal(valid_mask(depth), expected)


def test_both_limits_are_measurements() -> None:
    depth = np.array([[0.49, 0.5, 2.0, 4.0, 4.01, np.inf, np.nan]], np.float32)
    assert valid_mask(depth, 0.5, 4.0).tolist() == [[False, True, True, True, False, False, False]]


def test_a_zero_lower_limit_keeps_no_zeros() -> None:
    assert valid_mask(np.array([[0.0, 1e-6]], np.float32), 0, 10).tolist() == [[False, True]]


@pytest.mark.parametrize('shape', [(5, 7), (1, 1), (4, 1), (1, 4)])
def test_the_mask_counts_as_numpy_counts(shape: tuple[int, int]) -> None:
    mask = valid_mask(np.ones(shape, np.float32))
    assert mask.dtype == np.bool_
    assert mask.sum() == mask.size
    assert mask.view(np.uint8).max() == 1


def test_padded_rows_are_read() -> None:
    depth = np.zeros((4, 9), np.float32)
    depth[:, :5] = 1.0
    assert valid_mask(depth[:, :5]).all()


@pytest.mark.parametrize('limits', [(2.0, 1.0), (-2.0, 0.0), (np.nan, 1.0), (0.0, np.nan)])
def test_limits_that_leave_nothing_are_refused(limits: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match='min_depth'):
        valid_mask(np.ones((1, 1), np.float32), *limits)
