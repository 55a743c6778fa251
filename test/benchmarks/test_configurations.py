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

from pathlib import Path

from configurations import anonymous, differences

from cdst_ros.training.config import TrainConfig

CONFIG = {
    'name': 'x',
    'runs': 'runs/x',
    'model': {'scale': 2},
    'data': {'root': '/a/data', 'color': True, 'sources': [{'kind': 'procedural'}]},
}


def test_paths_of_the_machine_are_not_told():
    told = anonymous(
        {'data': {'root': '/a/data', 'kept': '/a/runs/x', 'path': 'data'}, 'list': ['/a/data/b']},
        {Path('/a/data'): 'DATA', Path('/a/runs'): 'runs', Path(): 'HERE'},
    )
    assert told == {
        'data': {'root': 'DATA', 'kept': 'runs/x', 'path': 'data'},
        'list': ['DATA/b'],
    }


def test_what_lies_elsewhere_and_what_is_the_default_is_the_same():
    now = TrainConfig.from_dict(CONFIG)
    older = {**CONFIG, 'runs': 'other', 'data': {**CONFIG['data'], 'root': 'DATA'}}
    assert differences(older, now) == []
    assert differences({**older, 'max_steps': 20_000, 'transfer': None}, now) == []


def test_what_differs_is_named():
    now = TrainConfig.from_dict({**CONFIG, 'transfer': {'weights': {'output': 3.0}}})
    found = differences({**CONFIG, 'max_steps': 5, 'transfer': {'grid': 8}}, now)
    assert found == [
        'max_steps was 5 and is 20000',
        'transfer.weights.output was 1.0 and is 3.0',
        'transfer.grid was 8 and is 16',
    ]
    assert differences({**CONFIG, 'validation_data': 'DATA'}, now)[0].startswith('validation_data')
    (told,) = differences({**CONFIG, 'colour': 3}, now)
    assert 'can not be read any more' in told
    assert 'unknown key colour' in told
