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

from cdst_ros.evaluation.degrade import DEGRADATIONS, degradation, valid_median

NAN = np.nan


@pytest.mark.parametrize(
    ('block', 'median'),
    [
        ([1.0, 1.0, 1.0, 1.0], 1.0),
        ([1.0, 1.01, 1.02, 1.03], 1.015),
        ([1.0, 1.0, 1.02, 1.02], 1.01),
        ([1.0, 1.0, 3.0, 3.0], 1.0),
        ([1.0, 3.0, 3.0, 3.0], 3.0),
        ([1.0, 3.0, 3.0, NAN], 3.0),
        ([3.0, NAN, 1.0, NAN], 1.0),
        ([NAN, 2.0, NAN, NAN], 2.0),
        ([NAN, NAN, NAN, NAN], NAN),
    ],
)
def test_the_median_of_what_is_known_mixes_no_surfaces(block, median):
    depth = np.array(block, np.float32).reshape(2, 2)
    out = valid_median(depth, 2)
    assert out.shape == (1, 1)
    np.testing.assert_allclose(out[0, 0], median, rtol=1e-6)


def test_blocks_stay_where_they_are_and_planes_stay_planes():
    y, x = np.mgrid[:8, :12]
    plane = (2 + 0.002 * x + 0.001 * y).astype(np.float32)
    expected = 2 + 0.002 * (2 * x[:4, :6] + 0.5) + 0.001 * (2 * y[:4, :6] + 0.5)
    np.testing.assert_allclose(valid_median(plane, 2), expected, atol=1e-6)


def test_a_factor_of_one_changes_nothing():
    depth = np.array([[1, NAN], [3, 4]], np.float32)
    np.testing.assert_array_equal(valid_median(depth, 1), depth)


def test_the_walk_is_reduced_twice():
    recorded = np.full((360, 540), 2.5, np.float32)
    low, reference = degradation('hololens_x2')(recorded)
    assert (reference.shape, low.shape) == ((180, 270), (90, 135))
    assert set(low.ravel()) == set(reference.ravel()) == {2.5}


def test_what_fills_no_block_is_left_out():
    low, reference = degradation('valid_median_x4')(np.ones((11, 14), np.float32))
    assert (reference.shape, low.shape) == ((8, 12), (2, 3))


def test_unknown_names_list_what_there_is():
    with pytest.raises(ValueError, match=', '.join(DEGRADATIONS)):
        degradation('blur')
