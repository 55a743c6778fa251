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
import numpy as np
import pytest

from cdst_ros.evaluation.metrics.bootstrap import block_length, interval, resamplings


def test_blocks_keep_neighbours_together():
    counts = resamplings(['walk'] * 25, 200)
    assert counts.shape == (200, 25)
    assert (counts.sum(axis=1) == 25).all()
    # Of 5 blocks of 5, a frame within comes with a neighbour: it is never drawn alone.
    drawn = counts > 0
    alone = drawn & ~np.roll(drawn, 1, axis=1) & ~np.roll(drawn, -1, axis=1)
    assert not alone.any()
    # The ends are drawn as often as the middle.
    assert counts.mean(axis=0) == pytest.approx(np.ones(25), abs=0.3)
    assert len({tuple(row) for row in counts.astype(int).tolist()}) > 150


def test_blocks_never_reach_into_another_sequence():
    sequences = ['a'] * 4 + ['b'] * 9
    for row in resamplings(sequences, 100):
        # Sequences are drawn whole: a multiple of 4 frames of one, of 9 of the other, 2 in all.
        assert row[:4].sum() % 4 == row[4:].sum() % 9 == 0
        assert row[:4].sum() / 4 + row[4:].sum() / 9 == 2


def test_the_same_frames_are_drawn_for_every_method():
    assert (resamplings(['a'] * 9) == resamplings(['a'] * 9)).all()


def test_no_frames_are_no_draws():
    assert resamplings([], 5).shape == (5, 0)


@pytest.mark.parametrize(('frames', 'length'), [(1, 1), (2, 2), (4, 2), (25, 5), (94, 10)])
def test_the_block_is_as_long_as_the_root(frames, length):
    assert block_length(frames) == length


def test_an_interval_holds_95_percent():
    low, high = interval(np.linspace(0, 1, 1001))
    assert (low, high) == pytest.approx((0.025, 0.975))
    assert np.isnan(interval(np.array([np.nan, np.nan]))).all()
    assert interval(np.array([np.nan, 2.0])) == (2.0, 2.0)


def test_intervals_cover_the_mean_of_correlated_frames():
    # AR(1) with a lag-1 correlation of .66, as of the walk: an interval of independent frames
    # (standard error / 2.2) would miss it every second time.
    rng = np.random.default_rng(2)
    counts = resamplings(['walk'] * 94, 400)
    hits, runs = 0, 150
    for _ in range(runs):
        noise = rng.normal(0, 1, 94 + 50)
        frames = np.zeros(94 + 50)
        for k in range(1, frames.size):
            frames[k] = 0.66 * frames[k - 1] + noise[k]
        low, high = interval(counts @ frames[50:] / 94)
        hits += low <= 0 <= high
    assert hits / runs > 0.8
