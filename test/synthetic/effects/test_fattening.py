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
"""Fattening displaces contours outwards, by the reach, and makes no depth of its own."""

import numpy as np
import pytest

from cdst_ros.synthetic.effects.fattening import fatten, ragged_reach

from .scenery import corner, floor, panel, rng


def constant(depth: np.ndarray, reach: float) -> np.ndarray:
    return fatten(depth, np.full(depth.shape, reach, np.float32))


@pytest.mark.parametrize('reach', [1, 2, 4])
def test_contours_move_outwards_by_the_reach(reach: int) -> None:
    np.testing.assert_array_equal(constant(panel(), reach), panel(half=10 + reach))


def test_contours_never_move_inwards_nor_blur() -> None:
    depth = panel()
    out = fatten(depth, ragged_reach(rng(), depth.shape, 7, 1.0))
    assert np.all(out[depth == 1.0] == 1.0)
    assert set(np.unique(out).tolist()) == {1.0, 3.0}
    grown = np.count_nonzero(out == 1.0) - np.count_nonzero(depth == 1.0)
    assert 80 < grown < 26**2 - 20**2


@pytest.mark.parametrize(
    'depth', [floor(), floor().T.copy(), corner()], ids=['floor', 'side', 'corner']
)
def test_surfaces_without_steps_are_left_alone(depth: np.ndarray) -> None:
    np.testing.assert_array_equal(constant(depth, 3), depth)


def test_no_reach_changes_nothing() -> None:
    np.testing.assert_array_equal(constant(panel(), 0), panel())


def test_what_is_in_front_stops_it() -> None:
    depth = panel()
    depth[:, 42:] = 0.5
    out = constant(depth, 8)
    assert np.all(out[25:35, 40:42] == 0.5)
    assert np.all(out[:, 42:] == 0.5)


def test_the_unknown_stays_unknown() -> None:
    depth = panel()
    depth[20:40, 41] = np.nan
    out = constant(depth, 4)
    np.testing.assert_array_equal(np.isnan(out), np.isnan(depth))
    assert np.all(out[25:35, 40] == 1.0)
    assert np.all(out[30, 42:] == 3.0)


def test_reach_is_between_what_is_left_and_half_the_window() -> None:
    reach = ragged_reach(rng(), (200, 200), 9, 0.5)
    assert reach.max() <= 4
    assert reach.min() >= 2
    assert reach.mean() == pytest.approx(3, abs=0.1)
    assert np.all(ragged_reach(rng(), (5, 5), 9, 0.0) == 4)
