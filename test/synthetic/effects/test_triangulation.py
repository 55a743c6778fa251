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
"""Disparity has its steps, and one eye its shadows."""

import numpy as np
import pytest

from cdst_ros.synthetic.effects.triangulation import Triangulation, quantise_disparity, shadow

from .scenery import floor, panel, rng

KINECT = Triangulation(0.075, 580.0, 8)


def test_depth_lies_on_the_grid_of_disparity() -> None:
    depth = rng().uniform(0.5, 8, (50, 50)).astype(np.float32)
    steps = KINECT.disparity / quantise_disparity(depth, KINECT.disparity)
    np.testing.assert_allclose(steps, np.rint(steps), atol=2e-4)


@pytest.mark.parametrize(('z', 'step'), [(1.15, 0.004), (2.15, 0.013), (3.15, 0.0285)])
def test_steps_are_those_of_real_kinect_frames(z: float, step: float) -> None:
    depth = np.linspace(z - 0.15, z + 0.15, 100_000, dtype=np.float32)[None]
    values = np.unique(quantise_disparity(depth, KINECT.disparity))
    assert np.median(np.diff(values)) == pytest.approx(step, rel=0.1)


def test_the_nearest_step_is_taken() -> None:
    depth = rng().uniform(0.5, 4, (50, 50)).astype(np.float32)
    out = quantise_disparity(depth, KINECT.disparity)
    assert np.abs(KINECT.disparity / out - KINECT.disparity / depth).max() <= 0.5 + 1e-3


def test_what_has_no_disparity_is_unknown() -> None:
    out = quantise_disparity(np.array([[np.nan, 1000.0, 1.0]], np.float32), 348.0)
    assert np.isnan(out).tolist() == [[True, True, False]]


@pytest.mark.parametrize('shift', [24.0, 12.0, 6.0, 3.0])
def test_a_shadow_is_as_wide_as_the_difference_of_disparities(shift: float) -> None:
    hidden = shadow(panel(1.0, 3.0), shift)
    width = shift * (1 / 1.0 - 1 / 3.0)
    row = np.flatnonzero(hidden[30])
    # on the left of the panel, and nowhere else
    assert abs(row.size - width) <= 1
    assert row.size >= 1
    assert row.max() == 19
    assert not hidden[5].any()


def test_an_eye_on_the_left_has_its_shadows_on_the_right() -> None:
    hidden = shadow(panel(), -12.0)
    row = np.flatnonzero(hidden[30])
    assert row.min() == 40
    np.testing.assert_array_equal(hidden, shadow(panel()[:, ::-1], 12.0)[:, ::-1])


def test_a_pole_hides_no_more_than_its_own_width() -> None:
    depth = np.full((3, 60), 3.0, np.float32)
    depth[:, 40:43] = 1.0
    row = np.flatnonzero(shadow(depth, 30.0)[1])
    assert 2 <= row.size <= 5
    assert abs(row.mean() - (41 - 20)) <= 1


def test_surfaces_hide_nothing_of_themselves() -> None:
    for depth in (floor(), np.full((9, 30), 2.0, np.float32)):
        assert not shadow(depth, 12.0).any()


def test_the_unknown_is_not_hidden_and_hides_nothing() -> None:
    depth = panel(near=np.nan)
    assert not shadow(depth, 12.0).any()


@pytest.mark.parametrize('values', [(0.0, 500.0, 8), (0.1, 0.0, 8), (0.1, 500.0, 0)])
def test_nonsense_is_refused(values: tuple[float, float, int]) -> None:
    with pytest.raises(ValueError, match='baseline other than 0'):
        Triangulation(*values)
