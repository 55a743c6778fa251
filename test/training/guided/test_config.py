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
import yaml

from cdst_ros.training.config import ConfigError, load_config
from cdst_ros.training.guided.config import GuidedConfig


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'blind': 1.5}, 'blind is a share'),
        ({'patches': -0.1}, 'patches is a share'),
        ({'shift': -1.0}, 'must not be negative'),
        ({'estimation': -1.0}, 'must not be negative'),
    ],
)
def test_values_that_cannot_be_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        GuidedConfig(**changes)


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'guided': None}, 'belong together'),
        ({'model': {'network': 'lite', 'scale': 2}}, 'belong together'),
        ({'data': {'color': False}}, 'learns from pictures'),
        ({'transfer': {}}, 'give one of them'),
        ({'guided': {'frozen': True}}, 'give a start'),
    ],
)
def test_what_does_not_go_together_is_refused(guided, tiny, changes, said):
    values = guided().to_dict()
    data = {**values['data'], **changes.pop('data', {})}
    with pytest.raises(ConfigError, match=said):
        tiny(**{**values, 'data': data, **changes})


def written(tmp_path, **values):
    path = tmp_path / 'mine.yaml'
    data = {'color': True, 'sources': [{'kind': 'procedural'}]}
    model = {'network': 'guided', 'options': {'width': 6}}
    path.write_text(yaml.safe_dump({'model': model, 'data': data, 'guided': {}, **values}))
    return str(path)


def test_the_branch_of_depth_alone_is_that_of_the_model_it_starts_from(tmp_path):
    config = load_config(written(tmp_path, start='lite_x8'))
    assert config.model.scale == 8
    assert config.model.network == 'guided'
    assert config.model.options['width'] == 6
    assert config.model.options['alone']['network'] == 'lite'
    assert config.model.options['alone']['width'] == 32
    assert config.profile == 'generic'


def test_a_start_of_another_scale_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r'lite_x8 enlarges by 8, and model\.scale is 4'):
        load_config(written(tmp_path, start='lite_x8'), ['model.scale=4'])


@pytest.mark.parametrize('name', ['guided_x4', 'guided_x8', 'guided_x16'])
def test_what_ships_can_be_used(name):
    config = load_config(name)
    assert name == f'guided_x{config.model.scale}'
    assert config.guided is not None
    assert config.data.color
