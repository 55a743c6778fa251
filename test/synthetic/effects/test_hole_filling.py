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
"""Drivers fill holes with neighbours."""

import numpy as np
import pytest

from cdst_ros.synthetic.effects.hole_filling import HoleFilling, fill_holes

from .scenery import panel


def holed() -> np.ndarray:
    depth = panel()
    depth[22:38, 36:44] = np.nan
    return depth


def test_left_repeats_the_left_neighbour() -> None:
    out = fill_holes(holed(), HoleFilling.LEFT)
    assert np.all(out[22:38, 36:44] == 1.0)


@pytest.mark.parametrize(
    ('mode', 'value'), [(HoleFilling.FARTHEST, 3.0), (HoleFilling.NEAREST, 1.0)]
)
def test_a_pixel_takes_the_neighbour_that_the_mode_says(mode: HoleFilling, value: float) -> None:
    depth = panel()
    depth[30, 40] = np.nan
    depth[29, 39] = 3.0
    assert fill_holes(depth, mode)[30, 40] == value


def test_known_pixels_keep_their_depth_and_values_are_only_repeated() -> None:
    depth = holed()
    known = np.isfinite(depth)
    for mode in HoleFilling:
        out = fill_holes(depth, mode)
        np.testing.assert_array_equal(out[known], depth[known])
        assert set(np.unique(out[np.isfinite(out)]).tolist()) <= {1.0, 3.0}
        assert np.isnan(out).any() == (mode is HoleFilling.NONE)


def test_what_has_nothing_on_its_left_stays_unknown() -> None:
    depth = np.full((5, 6), 2.0, np.float32)
    depth[:, :2] = np.nan
    for mode in HoleFilling:
        assert np.isnan(fill_holes(depth, mode)[:, 0]).all()
    depth[:] = np.nan
    assert np.isnan(fill_holes(depth, HoleFilling.NEAREST)).all()
