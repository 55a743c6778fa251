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
import itertools

import numpy as np
import pytest
import torch

from cdst_ros.training.checkpoint import read_checkpoint
from cdst_ros.training.config import ConfigError
from cdst_ros.training.data import Part
from cdst_ros.training.loading import training_loader, validation
from cdst_ros.training.train import train
from training.sources.folders import write_disparity, write_metric


@pytest.fixture
def folders(tmp_path):
    write_disparity(tmp_path / 'data' / 'maps', 'abc', color=False)
    write_metric(tmp_path / 'data' / 'rooms', 'abc')
    return tmp_path / 'data'


def mixed(folders, **changes):
    sources = [
        {'kind': 'disparity', 'path': 'maps'},
        {'kind': 'metric', 'path': 'rooms', 'degradation': {'tof': 1.0}},
        {'kind': 'procedural', 'share': 0.2},
    ]
    data = {'crop': 12, 'batch_size': 2, 'tiles': 1, 'workers': 0}
    return {**data, 'root': str(folders), 'sources': sources, **changes}


def test_a_run_on_sources_goes_on_where_it_was_stopped(tiny, folders):
    data = mixed(folders)
    whole = train(tiny(name='whole', data=data))
    half = train(tiny(name='parts', data=data, max_steps=3, schedule_steps=6))
    resumed = train(tiny(name='parts', data=data), resume=half)
    ours, theirs = (read_checkpoint(path)['state_dict'] for path in (resumed, whole))
    assert all(torch.equal(value, theirs[key]) for key, value in ours.items())


@pytest.mark.parametrize('pool', [0, 4])
def test_processes_share_the_procedural_stream_too(tiny, pool):
    config = tiny(data={'crop': 12, 'batch_size': 4, 'tiles': 2, 'workers': 0, 'pool': pool})
    whole, *parts = (
        list(itertools.islice(training_loader(config, 1, part), 2))
        for part in (Part(), Part(0, 2), Part(1, 2))
    )
    for wanted, first, second in zip(whole, *parts, strict=True):
        for field in ('depth', 'valid', 'truth', 'truth_valid'):
            both = torch.cat([getattr(first, field), getattr(second, field)])
            assert torch.equal(both, getattr(wanted, field))


def test_processes_that_can_not_share_a_batch_are_told(tiny, folders):
    config = tiny(data=mixed(folders, batch_size=3))
    with pytest.raises(ConfigError, match='make it a multiple of 2'):
        training_loader(config, 0, Part(0, 2))


def test_validation_scenes_tell_their_folders(tiny, tmp_path):
    for name, scenes in (
        ('middlebury24', ('baby2', 'cones', 'lampshade1', 'plastic')),
        ('msgnet70', ('05', '15', '25', '35', '45', '55')),
    ):
        write_disparity(tmp_path / 'data' / name, scenes, color=False)
    watched = validation(tiny(validation_data=str(tmp_path / 'data')))
    assert watched.folders == ('middlebury24',) * 4 + ('msgnet70',) * 6
    assert [len(list(loader)) for loader in watched.loaders] == [4, 10]
    batch = next(iter(watched.loaders[1]))
    assert batch.depth.shape == (1, 1, 24, 32)
    assert np.isfinite(batch.truth.numpy()).all()


def test_doubles_of_validated_scenes_are_refused(tiny, folders):
    write_disparity(folders / 'msgnet70', ['05', '15', '25', '35', '45', '55', '59'])
    sources = [{'kind': 'disparity', 'path': 'msgnet70', 'doubles': True}]
    config = tiny(data=mixed(folders, sources=sources), validation_data=str(folders))
    assert validation(config).folders == ('msgnet70',) * 6
    write_disparity(folders / 'middlebury24', ['baby2', 'cones', 'lampshade1', 'plastic'])
    with pytest.raises(ConfigError, match='doubles: true trains on scenes of the set'):
        validation(config)


def test_nothing_is_validated_on_but_procedural_scenes_without_a_folder(tiny):
    watched = validation(tiny())
    assert watched.folders == ()
    assert len(watched.loaders) == 1
