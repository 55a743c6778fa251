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
from hypothesis import given, settings
from hypothesis import strategies as st

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.superres.bound import bound
from cdst_ros.superres.scratch import Scratch

from .promises import assert_bounded
from .strategies import depth_images


def enlarged(depth, scale):
    return np.repeat(np.repeat(depth, scale, axis=0), scale, axis=1).astype(np.float32)


def everything(depth_hr):
    return np.ones(depth_hr.shape, np.bool_)


@settings(max_examples=200, deadline=None)
@given(depth_images(), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_any_output_and_any_slack_ends_up_bounded(depth, scale, seed):
    rng = np.random.default_rng(seed)
    with np.errstate(invalid='ignore'):
        valid = np.isfinite(depth) & (depth > 0)
    depth = np.where(valid, depth, 0).astype(np.float32)
    out = enlarged(depth, scale) * rng.uniform(0, 2, (1, 1)).astype(np.float32)
    out += rng.normal(0, 1, out.shape).astype(np.float32)
    known = rng.random(out.shape) < rng.choice([0.0, 0.7, 1.0])
    slack = rng.uniform(0, rng.choice([0.0, 0.1, 9.0]), depth.shape).astype(np.float32)

    share = bound(out, known, depth, valid, scale, slack=slack)

    np.testing.assert_array_equal(np.isnan(out), ~known)
    assert_bounded(out, depth, valid, scale, np.minimum(slack, depth / 2))
    assert 0 <= share <= 1


def test_what_keeps_the_promise_is_left_alone():
    rng = np.random.default_rng(3)
    depth = rng.uniform(1, 4, (6, 7)).astype(np.float32)
    out = enlarged(depth, 4)
    before = out.copy()

    assert bound(out, everything(out), depth, np.ones(depth.shape, bool), 4) == 0.0
    np.testing.assert_array_equal(out, before)


def test_an_obstacle_that_was_averaged_away_comes_back():
    depth = np.full((5, 5), 4, np.float32)
    depth[2, 2] = 1
    out = np.full((20, 20), 4, np.float32)
    out[9, 10] = 3.5

    share = bound(out, everything(out), depth, np.ones((5, 5), bool), 4)

    assert out[9, 10] == 1
    assert share == pytest.approx(1 / 400)


def test_an_erased_pixel_comes_back_at_the_place_of_its_sample():
    depth, valid = np.full((1, 1), 2, np.float32), np.ones((1, 1), bool)
    for alignment, place in ((GridAlignment.HALF_PIXEL, 2), (GridAlignment.PICKED, 0)):
        out, known = np.full((4, 4), 9, np.float32), np.zeros((4, 4), bool)

        bound(out, known, depth, valid, 4, alignment=alignment)

        assert np.argwhere(known).tolist() == [[place, place]]
        assert out[place, place] == 2


def test_output_far_from_any_measurement_is_dropped():
    depth = np.zeros((1, 4), np.float32)
    depth[0, 0] = 2
    out, known = np.full((2, 8), 2, np.float32), np.ones((2, 8), bool)

    bound(out, known, depth, depth > 0, 2)

    np.testing.assert_array_equal(known, np.arange(8) < 4 + np.zeros((2, 1)))
    np.testing.assert_array_equal(np.isnan(out), ~known)


def test_what_is_no_number_becomes_unknown_and_what_is_infinite_is_moved():
    depth = np.full((1, 2), 2, np.float32)
    out = np.float32([[2, np.nan, np.inf, 2], [2, -np.inf, 2, 2]])
    known = everything(out)

    share = bound(out, known, depth, np.ones((1, 2), bool), 2)

    np.testing.assert_array_equal(known, [[1, 0, 1, 1], [1, 1, 1, 1]])
    assert set(out[known]) == {2}
    assert share == pytest.approx(3 / 8)


def test_arrays_used_again_change_nothing():
    rng, scratch = np.random.default_rng(0), Scratch()
    for shape in [(4, 5), (6, 3), (4, 5), (4, 5)]:
        depth = rng.uniform(1, 2, shape).astype(np.float32)
        valid = rng.random(shape) < 0.7
        one, known_one = enlarged(depth[::-1], 3), rng.random((3 * shape[0], 3 * shape[1])) < 0.8
        two, known_two = one.copy(), known_one.copy()

        bound(one, known_one, depth, valid, 3)
        bound(two, known_two, depth, valid, 3, scratch=scratch)

        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(known_one, known_two)
