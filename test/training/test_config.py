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

from cdst_ros.training.config import ConfigError, TrainConfig, load_config, shipped_configs


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'mine.yaml'
    path.write_text('max_steps: 10\ndata: {crop: 24}\n')
    return path


def test_a_file_holds_only_what_differs(file):
    config = load_config(str(file))
    assert config.name == 'mine'
    assert config.max_steps == 10
    assert config.data.crop == 24
    assert config.data.batch_size == TrainConfig(name='x').data.batch_size


def test_overrides_reach_into_sections(file):
    config = load_config(
        str(file),
        ['max_steps=7', 'optimiser.learning_rate=1e-3', 'model.options.width=16', 'loss.units=1'],
    )
    assert config.max_steps == 7
    assert config.optimiser.learning_rate == 1e-3
    assert config.model.options == {'width': 16}
    assert config.loss.units == 1.0


def test_every_shipped_configuration_loads_by_name():
    shipped = shipped_configs()
    assert {'fast_x4', 'lite_x2', 'lite_x4'} <= shipped.keys()
    for name in shipped:
        assert load_config(name).name == name


def test_it_survives_the_way_through_a_checkpoint():
    config = load_config('lite_x4', ['schedule_steps=50000'])
    assert TrainConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ('override', 'message'),
    [
        ('steps=3', 'top level: unknown key steps; there are: .*max_steps'),
        ('data.corp=3', 'data: unknown key corp; there are: .*crop'),
        ('max_steps=many', "max_steps must be of type int, got 'many'"),
        ('max_steps=1.5', 'max_steps must be of type int'),
        ('max_steps=true', 'max_steps must be of type int'),
        ('data=3', 'data: is a section with keys, got 3'),
        ('max_steps.x=3', "'max_steps' is a value, not a section"),
        ('max_steps', 'write key=value'),
        ('name=[', 'no YAML'),
        ('max_steps=0', 'max_steps must be at least 1'),
        ('schedule_steps=5', 'schedule_steps .5. is shorter than max_steps .10.'),
        ('data.sensor_share=2', 'data: sensor_share is a share'),
        ('data.crop=2', 'data: crop must be at least 8'),
        ('profile=radar', "no sensor profile 'radar'"),
        ('seed=-1', 'seed must not be negative'),
        ('loss.units=-20', 'loss: units must not be negative, got -20'),
        ('loss.likelihood=-0.1', 'loss: likelihood must not be negative'),
        ('optimiser.learning_rate=-1', 'optimiser: learning_rate must not be negative'),
        ('optimiser.learning_rate=0', 'optimiser: learning_rate must be positive'),
        ('optimiser.clip=0', 'optimiser: clip must be positive'),
        ('optimiser.averaging=1.5', 'averaging is a share of 0 to 1'),
    ],
)
def test_a_fault_is_told_with_its_place(file, override, message):
    with pytest.raises(ConfigError, match=message):
        load_config(str(file), [override])


def test_a_missing_configuration_names_those_there_are():
    with pytest.raises(ConfigError, match=r"'lite_x5'.*lite_x2, lite_x4"):
        load_config('lite_x5')


@pytest.mark.parametrize('text', ['- 1\n', 'a: [\n', ''])
def test_a_file_that_is_no_mapping_is_refused(tmp_path, text):
    path = tmp_path / 'broken.yaml'
    path.write_text(text)
    with pytest.raises(ConfigError, match=r'broken\.yaml'):
        load_config(str(path))
