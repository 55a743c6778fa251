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

from cdst_ros.evaluation.spread import spread


@pytest.mark.parametrize(
    ('total', 'wanted', 'places'),
    [(3, None, [0, 1, 2]), (3, 5, [0, 1, 2]), (9, 3, [0, 4, 8]), (10, 1, [0]), (0, 3, [])],
)
def test_frames_are_spread_from_the_first_to_the_last(total, wanted, places):
    assert spread(total, wanted) == places
