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
from torch.utils.data import DataLoader

from cdst_ros.synthetic import GENERIC
from cdst_ros.training.data import Part
from cdst_ros.training.sources.levels import PROTOCOL
from cdst_ros.training.sources.opening import open_sources
from cdst_ros.training.sources.stream import MixedBatches, Share
from training.sources.folders import data_of, write_disparity, write_metric

SENSORS = {GENERIC: 1.0}


@pytest.fixture
def root(tmp_path):
    write_disparity(tmp_path / 'flat', 'abc', color=False)
    write_disparity(tmp_path / 'pairs', 'abc')
    write_metric(tmp_path / 'rooms', 'abc')
    return tmp_path


def stream(root, seed=0, start=0, part=None, sources=None, **changes):
    sources = sources or [
        {'kind': 'disparity', 'path': 'flat'},
        {'kind': 'disparity', 'path': 'pairs', 'remapped': 1.0},
        {'kind': 'metric', 'path': 'rooms', 'degradation': {'tof': 1.0}},
    ]
    config = data_of(root, *sources, **{'color': True, 'batch_size': 6, **changes})
    shares = open_sources(config, 2, SENSORS, seed)
    return MixedBatches(shares, config, seed, start, part or Part())


def same(ours, theirs):
    return all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_a_batch_tells_what_each_of_its_samples_is(root):
    batches = [stream(root).batch(step) for step in range(10)]
    batch = type(batches[0])(*(torch.cat(field) for field in zip(*batches, strict=True)))
    assert batch.depth.shape == (60, 1, 8, 8)
    assert batch.rgb.shape == (60, 3, 16, 16)
    assert batch.rgb.min() >= 0
    assert batch.rgb.max() <= 1
    flat = (batch.disparity == 1) & (batch.has_rgb == 0)
    pairs = (batch.disparity == 1) & (batch.has_rgb == 1)
    rooms = (batch.disparity == 0) & (batch.has_rgb == 1)
    assert flat.sum() + pairs.sum() + rooms.sum() == 60
    assert min(flat.sum(), pairs.sum(), rooms.sum()) > 8
    assert (batch.rgb[flat] == 0).all()
    assert batch.rgb[pairs].flatten(1).amax(1).min() > 0
    assert torch.allclose(batch.step[flat], torch.tensor(PROTOCOL.step))
    assert torch.allclose(batch.offset[flat], torch.tensor(PROTOCOL.offset))
    assert (batch.step[rooms] == 1).all()
    assert (batch.offset[rooms] == 0).all()
    step, offset = (one[:, None, None, None] for one in (batch.step, batch.offset))
    levels = (batch.truth / step - offset)[flat | pairs]
    assert (levels - levels.round()).abs().max() < 0.02


def test_batches_carry_no_pictures_unless_asked(root):
    batch = stream(root, color=False).batch(0)
    assert batch.rgb is None
    assert batch.has_rgb is None
    assert batch.disparity is not None


def test_a_batch_depends_on_seed_and_step_alone(root):
    first = list(itertools.islice(stream(root), 4))
    assert same(first[3], next(iter(stream(root, start=3))))
    assert same(first[2], stream(root).batch(2))
    assert not same(first[0], first[1])
    assert not same(first[0], stream(root, seed=1).batch(0))


def test_batches_do_not_depend_on_the_number_of_workers(root):
    loader = DataLoader(stream(root), batch_size=None, num_workers=2)
    for step, batch in enumerate(itertools.islice(loader, 4)):
        assert same(batch, stream(root).batch(step))


@pytest.mark.parametrize('tiles', [1, 2])
@pytest.mark.parametrize('world', [2, 3])
def test_processes_share_a_batch_between_them(root, world, tiles):
    whole = stream(root, tiles=tiles).batch(5)
    parts = [stream(root, tiles=tiles, part=Part(rank, world)).batch(5) for rank in range(world)]
    for wanted, *fields in zip(whole, *parts, strict=True):
        assert torch.equal(torch.cat(fields), wanted)


def test_parts_have_to_be_equal():
    with pytest.raises(ValueError, match='batch_size 6 can not be shared by 4 processes'):
        Part(0, 4).of(6)


def test_sources_are_drawn_by_their_shares():
    class Counted:
        def __init__(self):
            self.count = 0

        def samples(self, rng, count):
            self.count += count
            return []

    often, rarely = Counted(), Counted()
    config = data_of('.', {'kind': 'procedural'})
    mixed = MixedBatches([Share(often, 3.0), Share(rarely, 1.0)], config, 0)
    for number in range(2000):
        mixed.group(number)
    assert 1400 < often.count < 1600
    assert often.count + rarely.count == 2000


@pytest.mark.parametrize('pool', [0, 3])
def test_procedural_scenes_are_mixed_in_with_their_pictures(root, pool):
    sources = [{'kind': 'procedural'}, {'kind': 'disparity', 'path': 'flat'}]
    mixed = stream(root, sources=sources, pool=pool, tiles=2, batch_size=8, disparity_share=0.5)
    batch = [mixed.batch(step) for step in range(4)]
    with_picture = torch.cat([each.has_rgb for each in batch])
    assert 0 < with_picture.mean() < 1
    again = stream(root, sources=sources, pool=pool, tiles=2, batch_size=8, disparity_share=0.5)
    assert same(batch[3], again.batch(3))


def test_the_picture_of_a_procedural_scene_is_of_the_truths_view(root):
    sources = [{'kind': 'procedural'}]
    mixed = stream(root, sources=sources, tiles=2, batch_size=8, crop=16, sensor_share=0.5)
    on, off = [], []
    for step in range(6):
        batch = mixed.batch(step)
        known = torch.nn.functional.avg_pool2d(batch.truth_valid, 3, 1, 1) > 0.999
        near = batch.truth.clamp(min=0.1).log()
        jumps = (-torch.nn.functional.max_pool2d(-near, 3, 1, 1) - near).abs() > 0.1
        grey = batch.rgb.mean(1, keepdim=True)
        change = torch.nn.functional.max_pool2d(grey, 3, 1, 1)
        change = change + torch.nn.functional.max_pool2d(-grey, 3, 1, 1)
        on += change[jumps & known].tolist()
        off += change[~jumps & known].tolist()
    # Where depth jumps, another surface begins: colour changes there as well.
    assert len(on) > 100
    assert np.mean(on) > 2 * np.mean(off)
