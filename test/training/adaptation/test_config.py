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

from cdst_ros.training.adaptation.config import AdaptationConfig, AdaptationWeights
from cdst_ros.training.config import ConfigError, load_config


@pytest.mark.parametrize(
    ('settings', 'told'),
    [
        ({'prompt': 'truth'}, 'prompt must be one of'),
        ({'reach': 0}, 'reach must be at least 1'),
        ({'begin': -1}, 'begin and ramp not negative'),
        ({'learning_rate': 0.0}, 'learning_rate must be positive'),
        ({'weights': AdaptationWeights, 'estimation': 0.0}, 'estimation must be positive'),
        ({'weights': AdaptationWeights, 'taught': -1.0}, 'taught must not be negative'),
    ],
)
def test_what_can_not_be_is_refused(settings, told):
    kind = settings.pop('weights', AdaptationConfig)
    with pytest.raises(ValueError, match=told):
        kind(**settings)


def test_the_teacher_is_heard_after_it_has_learned():
    config = AdaptationConfig(begin=10, ramp=4)
    assert [config.strength(step) for step in (0, 9, 10, 12, 14, 99)] == [0, 0, 0.2, 0.6, 1, 1]


def test_two_trainings_at_once_are_refused():
    with pytest.raises(ConfigError, match='give one of them'):
        load_config('adapt_color', ['transfer={}'])


def test_the_shipped_configuration_mixes_what_teaches():
    config = load_config('adapt_color')
    kinds = [(source.kind, source.measured) for source in config.data.sources]
    assert sorted(kinds) == [('procedural', False), ('recordings', False), ('recordings', True)]
    assert config.adaptation is not None
    assert config.data.color
