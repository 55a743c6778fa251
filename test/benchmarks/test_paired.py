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

import pytest
from paired import paired_difference


def test_the_interval_is_of_the_differences_of_pairs():
    found = paired_difference([10.0, 20.0, 30.0], [11.0, 22.0, 33.0])
    # 1, 2, 3: a standard deviation of 1, and two degrees of freedom.
    reach = 4.303 / 3**0.5
    assert found == pytest.approx((2.0, 2.0 - reach, 2.0 + reach))


def test_who_is_always_better_by_the_same_is_certainly_better():
    assert paired_difference([1.0, 5.0], [0.5, 4.5]) == (-0.5, -0.5, -0.5)


def test_many_pairs_are_normal():
    one = [0.0] * 20
    other = [-1.0, 1.0] * 10
    reach = 1.96 * (20 / 19) ** 0.5 / 20**0.5
    assert paired_difference(one, other) == pytest.approx((0.0, -reach, reach))
