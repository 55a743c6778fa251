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
import torch

from cdst_ros.training.config import ConfigError, load_config, shipped_configs
from cdst_ros.training.loading import training_loader
from cdst_ros.training.system import SuperResSystem
from cdst_ros.training.train import train
from cdst_ros.training.untrained import refuse_untrained
from training.sources.folders import write_metric

LEVELS = {'sigmas': 0.0, 'units': 0.0, 'levels': 1.0}
METRIC = {'kind': 'metric', 'path': 'a'}
DISPARITY = {'kind': 'disparity', 'path': 'b'}
MEASURED = {'kind': 'recordings', 'path': 'c', 'measured': True}


@pytest.mark.parametrize('name', shipped_configs())
def test_every_shipped_configuration_trains_depth(name):
    refuse_untrained(load_config(name))


@pytest.mark.parametrize(
    ('loss', 'data', 'message'),
    [
        ({'sigmas': 0.0, 'units': 0.0}, {}, r'loss: nothing trains depth .* set loss\.units'),
        (LEVELS, {}, r'without data\.sources no sample is told to be disparity.*name sources'),
        (LEVELS, {'sources': [DISPARITY, METRIC]}, r'data\.sources\.1 \(metric a\): set loss'),
        (LEVELS, {'sources': [{'kind': 'procedural'}]}, r'sensor_share 0\.5 and .* 0\.7; 0 and 1'),
        ({**LEVELS, 'levels': 0.0}, {'sources': [DISPARITY]}, 'nothing trains depth'),
        ({}, {'sources': [METRIC, MEASURED]}, r'data\.sources\.1 \(recordings c\): .* adaptation'),
    ],
)
def test_losses_that_leave_depth_untrained_are_refused(tiny, loss, data, message):
    config = tiny(loss=loss, data={'crop': 12, **data})
    with pytest.raises(ConfigError, match=message):
        train(config)
    assert not config.folder.exists()


@pytest.mark.parametrize(
    ('loss', 'data'),
    [
        (LEVELS, {'sources': [DISPARITY, MEASURED]}),
        ({'sigmas': 0.0, 'units': 0.0}, {'sources': [MEASURED]}),
        ({}, {'sources': [METRIC, MEASURED]}),
        (LEVELS, {'sources': [{'kind': 'procedural'}], 'sensor_share': 0, 'disparity_share': 1}),
        ({'sigmas': 0.0}, {'sources': [METRIC]}),
        ({'units': 0.0}, {}),
    ],
)
def test_what_trains_all_depth_is_not(tiny, loss, data):
    measured = MEASURED in data.get('sources', ())
    refuse_untrained(tiny(loss=loss, data=data, adaptation={} if measured else None))


def test_what_is_refused_trains_no_depth_indeed(tiny, tmp_path):
    """The likelihood alone leaves a gradient, so that the loss falls all the same."""
    write_metric(tmp_path / 'a', 'xy', color=False)
    data = {'crop': 8, 'tiles': 1, 'batch_size': 2, 'workers': 0, 'root': str(tmp_path)}
    config = tiny(loss=LEVELS, data={**data, 'sources': [METRIC]})
    system = SuperResSystem(config.to_dict())
    batch = next(iter(training_loader(config, 0)))
    torch.stack(list(system.step(batch).losses.values())).sum().backward()
    reached = {
        name
        for name, weights in system.network.named_parameters()
        if weights.grad is not None and weights.grad.any()
    }
    assert reached
    assert not any(name.startswith('head.') for name in reached)
