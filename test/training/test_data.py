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
from cdst_ros.training.config import DataConfig
from cdst_ros.training.data import ProceduralBatches, make_sample, validation_batches

SMALL = DataConfig(crop=12, batch_size=3, views=2)


def take(count, config=SMALL, seed=0, start=0, workers=0):
    batches = ProceduralBatches(config, 2, GENERIC, seed, start)
    loader = DataLoader(batches, batch_size=None, num_workers=workers)
    return list(itertools.islice(loader, count))


def same(ours, theirs):
    return all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize('scale', [2, 4])
def test_a_batch_is_depth_and_masks_in_their_shapes(scale):
    batch = next(iter(ProceduralBatches(SMALL, scale, GENERIC, 0)))
    assert batch.depth.shape == batch.valid.shape == (3, 1, 12, 12)
    assert batch.truth.shape == batch.truth_valid.shape == (3, 1, 12 * scale, 12 * scale)
    for depth, mask in ((batch.depth, batch.valid), (batch.truth, batch.truth_valid)):
        assert depth.dtype == mask.dtype == torch.float32
        assert set(mask.unique().tolist()) <= {0.0, 1.0}
        assert (depth[mask == 0] == 0).all()
        assert (depth[mask == 1] > 0).all()


def test_samples_depend_on_seed_and_step_alone():
    first = take(4)
    assert all(same(a, b) for a, b in zip(first, take(4), strict=True))
    assert same(first[2], take(1, start=2)[0])
    assert not same(first[0], first[1])
    assert not same(first[0], take(1, seed=1)[0])


def test_samples_do_not_depend_on_the_number_of_workers():
    assert all(same(a, b) for a, b in zip(take(4), take(4, workers=2), strict=True))


def test_validation_never_meets_training():
    fixed = validation_batches(SMALL, 2, GENERIC, 2)
    assert same(fixed[1], validation_batches(SMALL, 2, GENERIC, 2)[1])
    assert not same(fixed[0], take(1)[0])


def sample(**shares):
    rng = np.random.default_rng(0)
    view = 2.0 + np.add.outer(0.01 * np.arange(60), 0.02 * np.arange(60)).astype(np.float32)
    low, high = make_sample(rng, view, DataConfig(crop=12, **shares), 2, GENERIC)
    return low, high


def test_input_and_truth_lie_on_one_another():
    low, high = sample(sensor_share=0.0, disparity_share=0.0)
    means = high.reshape(12, 2, 12, 2).mean(axis=(1, 3))
    assert np.abs(low - means).max() < 2e-3


def test_a_sensor_adds_noise_to_the_input_alone():
    low, high = sample(sensor_share=1.0, holes=0.0)
    clean, _ = sample(sensor_share=0.0, disparity_share=0.0)
    assert np.nanstd(low - high[::2, ::2]) > np.std(clean - high[::2, ::2])
    assert np.abs(np.diff(high, 2)).max() < 1e-5


def test_disparity_is_whole_levels_in_input_and_truth():
    low, high = sample(sensor_share=0.0, disparity_share=1.0)
    levels = np.unique(high)
    step = np.diff(levels).min()
    assert np.abs(np.diff(levels) / step - np.rint(np.diff(levels) / step)).max() < 0.01
    away = (low - levels[0]) / step
    assert np.abs(away - np.rint(away)).max() < 0.02
