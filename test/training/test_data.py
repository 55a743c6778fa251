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
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from cdst_ros.depth.noise import NoiseModel
from cdst_ros.synthetic import (
    GENERIC,
    IDEAL,
    Sampling,
    SensorProfile,
    load_profile,
    profile_names,
    training_view,
)
from cdst_ros.training.config import DataConfig
from cdst_ros.training.data import (
    Batches,
    Pairs,
    PooledBatches,
    cut,
    make_pool,
    make_view,
    validation_batches,
)

SMALL = DataConfig(crop=12, tiles=2, batch_size=3)
SENSORS = {GENERIC: 1.0}
#: Mean input and truth [m] of views of a sensor and of disparity, as the shipped models saw them.
FIGURES = (1.667927, 1.693186, 2.577822, 2.574902)


def take(count, config=SMALL, seed=0, start=0, workers=0):
    batches = Batches(Pairs(config, 2, SENSORS, seed), start)
    loader = DataLoader(batches, batch_size=None, num_workers=workers)
    return list(itertools.islice(loader, count))


def same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        if (a is None) != (b is None) or not (a is None or torch.equal(a, b)):
            return False
    return True


@pytest.mark.parametrize('scale', [2, 4])
def test_a_batch_is_depth_and_masks_in_their_shapes(scale):
    batch = Batches(Pairs(SMALL, scale, SENSORS, 0)).batch(0)
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
    fixed = validation_batches(SMALL, 2, SENSORS, 2)
    assert same(fixed[1], validation_batches(SMALL, 2, SENSORS, 2)[1])
    assert not same(fixed[0], take(1)[0])


def sample(seed=0, scale=2, sensor=GENERIC, **shares):
    config = DataConfig(crop=12, **shares)
    view = make_view(np.random.default_rng(seed), config, scale, {sensor: 1.0})
    return cut(view, config, scale)


def test_a_view_is_cut_into_tiles_that_lie_on_their_truth():
    low, high = sample(sensor_share=0.0, disparity_share=0.0)
    assert low.shape == (4, 12, 12)
    assert high.shape == (4, 24, 24)
    means = high.reshape(4, 12, 2, 12, 2)
    inside = (low >= means.min((2, 4)) - 0.01) & (low <= means.max((2, 4)) + 0.01)
    assert inside.mean() > 0.9


@pytest.mark.parametrize('name', [n for n in profile_names() if n != 'ideal'])
@pytest.mark.parametrize('scale', [2, 4])
def test_what_a_sensor_sees_lies_on_the_truth(name, scale):
    sensor = load_profile(name)
    medians = []
    for seed in range(4):
        low, high = sample(seed, scale, sensor, sensor_share=1.0)
        middle = np.median(high.reshape(4, 12, scale, 12, scale), axis=(2, 4))
        known = np.isfinite(low) & np.isfinite(middle)
        medians += list(((low - middle) / middle)[known])
    assert len(medians) > 100
    # edges and noise aside, it is the same view
    assert abs(np.median(medians)) < 0.02
    assert np.median(np.abs(medians)) < 0.05


def test_a_sensor_that_picks_is_placed_in_the_middle_of_its_block():
    sensor = SensorProfile('picking', sampling=Sampling.PICK)
    middle, corner = [], []
    for seed in range(6):
        low, high = sample(seed, 4, sensor, sensor_share=1.0)
        blocks = high.reshape(4, 12, 4, 12, 4)
        smooth = np.ptp(blocks, axis=(2, 4)) < 0.01 * low
        # an even block has no pixel in its middle, but four about it
        between = blocks[:, :, 1:3, :, 1:3].mean((2, 4))
        middle += list(np.abs(low - between)[smooth])
        corner += list(np.abs(low - blocks[:, :, 0, :, 0])[smooth])
    assert len(middle) > 1000
    assert np.median(middle) < 0.01 * np.median(corner)


def test_noise_is_in_the_input_alone():
    noisy = replace(IDEAL, name='noisy', noise=NoiseModel(constant=0.02))
    low, high = sample(3, sensor=noisy, sensor_share=1.0)
    clean, same_high = sample(3, sensor=replace(IDEAL, name='noisy'), sensor_share=1.0)
    assert np.array_equal(high, same_high, equal_nan=True)
    assert 0.01 < np.nanstd(low - clean) < 0.03


def test_disparity_is_whole_levels_in_input_and_truth():
    low, high = sample(sensor_share=0.0, disparity_share=1.0)
    levels = np.unique(high)
    step = np.diff(levels).min()
    assert np.abs(np.diff(levels) / step - np.rint(np.diff(levels) / step)).max() < 0.01
    away = (low - levels[0]) / step
    assert np.abs(away - np.rint(away)).max() < 0.02


def test_a_pool_is_what_the_views_are_for_any_number_of_workers():
    pairs = Pairs(SMALL, 2, SENSORS, 0)
    alone, together = (list(make_pool(pairs, 3, workers)) for workers in (0, 2))
    for k in range(3):
        for side, other, wanted in zip(alone[k], together[k], pairs[k], strict=True):
            assert np.array_equal(side, other, equal_nan=True)
            assert np.array_equal(side, wanted, equal_nan=True)


def test_a_step_draws_the_same_samples_of_a_pool_wherever_a_run_starts():
    pool = Pairs(SMALL, 2, SENSORS, 0)[0]
    from_start = list(itertools.islice(PooledBatches(pool, 3, 5), 4))
    later = next(iter(PooledBatches(pool, 3, 5, start=3)))
    assert same(from_start[3], later)
    assert not same(from_start[0], from_start[1])


def test_the_stream_that_shipped_models_saw_stays_as_it_was():
    """What these figures were is of no matter; a training of before could not be repeated."""
    figures = []
    for shares in ({'sensor_share': 1.0}, {'disparity_share': 1.0, 'sensor_share': 0.0}):
        low, high = sample(7, 4, **shares)
        figures += [np.nanmean(low), np.nanmean(high)]
    np.testing.assert_allclose(figures, FIGURES, rtol=1e-5)


def test_kinds_of_views_may_be_chosen(monkeypatch):
    drawn = []

    def watched(*args, kind, **options):
        drawn.append(kind)
        return training_view(*args, kind=kind, **options)

    monkeypatch.setattr('cdst_ros.training.data.training_view', watched)
    take(8, replace(SMALL, kinds={'thin': 1, 'closeup': 1}))
    assert set(drawn) == {'thin', 'closeup'}
    with pytest.raises(ValueError, match="no kind of view 'attic'"):
        DataConfig(kinds={'attic': 1.0})
    with pytest.raises(ValueError, match="share of views 'thin'"):
        DataConfig(kinds={'thin': 0})
