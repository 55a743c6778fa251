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
"""Steps part what is in front from what is behind; creases and slopes do not."""

import numpy as np

from cdst_ros.synthetic.effects.edges import steps

from .scenery import corner, floor, panel


def test_a_panel_steps_at_its_two_sides() -> None:
    left_in_front, right_in_front = steps(1 / panel())
    assert np.flatnonzero(right_in_front[30]).tolist() == [19]
    assert np.flatnonzero(left_in_front[30]).tolist() == [39]
    assert not left_in_front[5].any()


def test_slopes_and_creases_are_no_steps() -> None:
    for depth in (floor(), floor().T.copy(), corner()):
        assert not np.any(steps(1 / depth))


def test_a_pole_of_one_pixel_steps_on_both_sides() -> None:
    depth = np.full((3, 9), 3.0, np.float32)
    depth[:, 4] = 1.0
    left_in_front, right_in_front = steps(1 / depth)
    assert np.flatnonzero(right_in_front[0]).tolist() == [3]
    assert np.flatnonzero(left_in_front[0]).tolist() == [4]


def test_nothing_steps_down_to_the_unknown() -> None:
    depth = panel(far=np.nan)
    assert not np.any(steps(1 / depth))
