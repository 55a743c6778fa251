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

from cdst_ros.training.mismatched.config import MismatchedConfig, MismatchedWeights


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'supervision': 'high'}, 'supervision must be one of low, enlarged, truth'),
        ({'student': 'none'}, 'student must be one of low, high, both'),
        ({'begin': -1}, 'begin'),
        ({'window': 4}, 'window odd'),
        ({'grid': 1}, 'grid must be at least 2'),
        ({'weights': MismatchedWeights(low=0.0, reduced=0.0)}, 'no depth is learned'),
    ],
)
def test_values_that_make_no_training_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        MismatchedConfig(**values)


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'consistency': -1.0}, 'consistency must not be negative'),
        ({'likelihood': 0.0}, 'likelihood must be positive'),
        ({'reconstruction': 0.0}, 'trains their teacher'),
    ],
)
def test_weights_that_train_nothing_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        MismatchedWeights(**values)


def test_a_teacher_needs_low_resolution_and_something_to_teach():
    assert MismatchedConfig().distils
    assert not MismatchedConfig(supervision='truth').distils
    assert not MismatchedConfig(weights=MismatchedWeights(grid=0.0, local=0.0)).distils
