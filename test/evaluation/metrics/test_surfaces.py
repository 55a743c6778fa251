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

from cdst_ros.evaluation.metrics.surfaces import fit_two_surfaces, is_on

from .worlds import slanted, step

EVERYWHERE = np.s_[:]


def fit_at(depth, row, column, reach=5):
    where = np.zeros(depth.shape, bool)
    where[row, column] = True
    near, far = fit_two_surfaces(depth, where, reach)
    return float(near[0]), float(far[0])


def test_level_surfaces_are_found_from_both_sides():
    depth = step(near=1.0, far=3.0, at=16)
    assert fit_at(depth, 10, 15) == pytest.approx((1.0, 3.0), rel=1e-6)
    assert fit_at(depth, 10, 16) == pytest.approx((1.0, 3.0), rel=1e-6)


def test_slanted_surfaces_reach_behind_each_other():
    depth = slanted(at=24)
    near, far = fit_at(depth, 20, 26)
    assert near == pytest.approx(1 / (0.8 + 0.004 * 26 - 0.003 * 20), rel=2e-3)
    assert far == pytest.approx(1 / (0.3 - 0.001 * 26 + 0.002 * 20), rel=1e-4)


def test_a_column_of_pixels_is_level_where_nothing_tells_its_slope():
    depth = step(width=32, at=16)
    depth[:, :12] = np.nan
    depth[:, 13:16] = np.nan
    near, _ = fit_at(depth, 10, 16)
    assert near == pytest.approx(1.0, rel=1e-6)


def test_one_surface_has_no_other_and_a_hole_none():
    depth = np.full((20, 20), 2.0, np.float32)
    assert fit_at(depth, 10, 10)[0] == pytest.approx(2.0)
    assert np.isnan(fit_at(depth, 10, 10)[1])
    assert np.isnan(fit_at(np.full_like(depth, np.nan), 10, 10)).all()


def test_surfaces_come_in_the_order_of_the_pixels():
    depth = step(height=12, width=400, at=200)
    depth[6:] += 1
    where = np.abs(np.arange(400) - 200) < 2
    near, far = fit_two_surfaces(depth, np.tile(where, (12, 1)))
    assert near.shape == far.shape == (12 * 3,)
    assert near[:3] == pytest.approx(1.0, rel=1e-6)
    assert far[-3:] == pytest.approx(4.0, rel=1e-6)


@given(st.floats(0.3, 5), st.floats(0.5, 4), st.floats(0.2, 20))
@settings(deadline=None, max_examples=25)
def test_planes_scale_with_the_scene(near, gap, factor):
    depth = step(near=near, far=near + gap)
    one, other = (np.array(fit_at(image, 8, 14)) for image in (depth, depth * np.float32(factor)))
    assert other == pytest.approx(one * factor, rel=1e-5)


@pytest.mark.parametrize(
    ('depth', 'surface', 'on'),
    [(1.049, 1.0, True), (1.051, 1.0, False), (5.09, 5.0, True), (5.11, 5.0, False),
     (np.nan, 1.0, False), (1.0, np.nan, False)],
)  # fmt: skip
def test_on_a_surface_is_within_5_cm_or_2_percent(depth, surface, on):
    assert is_on(np.array([depth]), np.array([surface])).tolist() == [on]
