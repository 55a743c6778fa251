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
import json

import pytest
import torch

from cdst_ros.training.config import ConfigError, TrainConfig
from cdst_ros.training.data import WHOLE, Part
from cdst_ros.training.loading import training_loader, validation


@pytest.fixture
def kept(tmp_path):
    """Return a maker of configurations that draw from one folder of samples."""

    def make(seed=0, **data) -> TrainConfig:
        values = {
            'crop': 12,
            'tiles': 2,
            'batch_size': 4,
            'pool': 3,
            'workers': 0,
            'color': True,
            'sources': [{'kind': 'procedural'}],
            'kept': str(tmp_path / 'runs' / 'samples'),
            **data,
        }
        return TrainConfig.from_dict(
            {'name': 'tiny', 'seed': seed, 'model': {'scale': 2}, 'data': values}
        )

    return make


def first(config, count=3, start=0, part=WHOLE):
    batches = iter(training_loader(config, start, part))
    return [next(batches) for _ in range(count)]


def same(ours, theirs):
    pairs = zip(ours, theirs, strict=True)
    return all(torch.equal(a, b) for one, two in pairs for a, b in zip(one, two, strict=True))


def test_samples_are_made_once(kept, tmp_path, monkeypatch):
    config = kept()
    made = first(config)
    folder = tmp_path / 'runs' / 'samples'
    assert len(list(folder.glob('*.npy'))) == 7
    assert [path.name for path in folder.parent.iterdir()] == ['samples']
    monkeypatch.setattr('cdst_ros.training.loading.keep', None)
    assert same(first(config), made)


def test_a_kept_batch_is_like_a_fresh_one(kept):
    fresh = first(kept(kept=None, pool=0), 1)[0]
    batch = first(kept(), 1)[0]
    for ours, theirs in zip(batch, fresh, strict=True):
        assert ours.shape == theirs.shape
        assert ours.dtype == theirs.dtype
    assert 0 <= batch.rgb.min() < batch.rgb.max() <= 1
    assert batch.has_rgb.all()
    known = batch.truth_valid > 0.5
    assert torch.isfinite(batch.truth).all()
    assert (batch.truth[known] > 0).all()


def test_order_depends_on_the_seed_and_the_step_alone(kept):
    whole = first(kept(), 4)
    assert same(first(kept(), 2, start=2), whole[2:])
    assert same(first(kept(workers=1), 4), whole)
    assert not same(first(kept(seed=1), 4), whole)


def test_processes_make_the_parts_of_one_batch(kept):
    parts = [first(kept(), 1, part=Part(rank, 2))[0] for rank in range(2)]
    joint = [torch.cat(both) for both in zip(*parts, strict=True)]
    assert same([joint], first(kept(), 1))


def test_samples_of_another_configuration_are_refused(kept, tmp_path):
    first(kept(), 1)
    with pytest.raises(ConfigError, match='samples of another configuration'):
        first(kept(pool=5), 1)
    first(kept(batch_size=2), 1)


def test_a_folder_without_samples_is_refused(kept, tmp_path):
    (tmp_path / 'runs' / 'samples').mkdir(parents=True)
    with pytest.raises(ConfigError, match='holds no samples'):
        first(kept(), 1)


def test_what_they_are_made_of_is_said(kept, tmp_path):
    first(kept(), 1)
    told = json.loads((tmp_path / 'runs' / 'samples' / 'made_of.json').read_text())
    assert told['scale'] == 2
    assert told['sources'][0]['kind'] == 'procedural'


def test_keeping_needs_pictures_and_a_pool(kept):
    with pytest.raises(ConfigError, match='kept needs color, and a pool'):
        kept(pool=0)


def test_what_is_validated_on_is_kept_beside(kept, tmp_path, monkeypatch):
    section = {'mismatched': {'validation': [{'kind': 'procedural'}], 'validation_seed': 3}}

    def seen(**data):
        config = TrainConfig.from_dict({**kept(**data).to_dict(), **section})
        return list(validation(config).loaders[0])

    monkeypatch.setattr('cdst_ros.training.loading._SOURCE_BATCHES', 2)
    fresh, made = seen(kept=None, pool=0), seen()
    assert len(made) == 2
    for one, two in zip(made, fresh, strict=True):
        for ours, theirs in zip(one, two, strict=True):
            assert torch.equal(ours, theirs)
            assert ours.dtype == theirs.dtype
    assert [path.name for path in (tmp_path / 'runs').iterdir()] == ['samples_validation']
    monkeypatch.setattr('cdst_ros.training.loading.keep', None)
    assert same(seen(), made)
    section['mismatched']['validation_seed'] = 4
    with pytest.raises(ConfigError, match='samples of another configuration'):
        seen()
