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

from cdst_ros.evaluation.metrics.sums import add_up, by_name, ratio


def test_frames_add_up_and_a_sum_that_was_not_taken_counts_nothing():
    frames = [{'a': 1.0, 'b': 2.0}, {'a': 4.0}]
    assert {name: column.tolist() for name, column in by_name(frames).items()} == {
        'a': [1, 4],
        'b': [2, 0],
    }
    assert {name: float(total) for name, total in add_up(frames).items()} == {'a': 5, 'b': 2}
    assert add_up([]) == {}


def test_without_a_whole_there_is_no_ratio():
    made = ratio(np.array([1.0, 0.0]), np.array([4.0, 0.0]))
    assert made[0] == 0.25
    assert np.isnan(made[1])
