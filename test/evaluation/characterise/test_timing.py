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
from hypothesis import given, settings
from hypothesis import strategies as st

from cdst_ros.evaluation.characterise.stamps import Stamps, nearest_offsets
from cdst_ros.evaluation.characterise.timing import timing


def stamps_of(times_s, sums=None, logs=None) -> Stamps:
    stamps = Stamps('/depth')
    for k, time in enumerate(times_s):
        log = None if logs is None else round(1e9 * logs[k])
        stamps.add(round(1e9 * time), log, k if sums is None else sums[k], 'optical')
    return stamps


@settings(deadline=None)
@given(st.floats(2.0, 200.0), st.floats(0.0, 0.1), st.integers(0, 1000))
def test_rate_and_jitter_are_found_again(rate: float, share: float, seed: int):
    period, rng = 1 / rate, np.random.default_rng(seed)
    steps = period * (1 + share * rng.uniform(-1, 1, 400))
    section = timing(stamps_of(100 + np.cumsum(steps)))
    assert section['rate'].value == pytest.approx(1 / steps[1:].mean(), rel=1e-6)
    assert section['jitter'].value == pytest.approx(1e3 * steps[1:].std(ddof=1), abs=1e-3)
    assert section['loss'].value == 0


@settings(deadline=None)
@given(st.sets(st.integers(1, 298), max_size=60), st.integers(0, 1000))
def test_lost_frames_are_counted(lost: set, seed: int):
    rng = np.random.default_rng(seed)
    times = np.arange(300) / 30 + rng.normal(0, 0.0005, 300)
    kept = [time for k, time in enumerate(times) if k not in lost]
    section = timing(stamps_of(kept))
    assert section['loss'].value == pytest.approx(len(lost) / 300)
    assert section['rate'].value == pytest.approx(30, rel=0.001)
    assert section['delivered'].value == pytest.approx(30 * (len(kept) - 1) / 299, rel=0.001)


def test_order_and_repetition_are_counted():
    section = timing(
        stamps_of([0, 0.1, 0.2, 0.15, 0.3, 0.3, 0.4, 0.5], sums=[1, 2, 3, 3, 4, 5, 5, 5])
    )
    assert section['backward'].value == 1
    assert section['equal'].value == 1
    assert section['duplicates'].value == pytest.approx(3 / 7)


def test_recording_late_is_told():
    times = np.arange(20) / 10
    late = timing(stamps_of(times, logs=times + 0.02))['latency']
    assert late.value == pytest.approx(20)
    other_clock = timing(stamps_of(times, logs=times + 1e6))['latency']
    assert not other_clock.told


def test_a_stuck_driver_is_named():
    assert 'stuck' in timing(stamps_of(np.arange(9) / 10, sums=[1] * 9))['duplicates'].note


@pytest.mark.parametrize('depth', [None, stamps_of([1.0]), stamps_of([])])
def test_too_little_tells_nothing(depth):
    section = timing(depth)
    assert not section['rate'].told
    assert section['rate'].note


def test_made_stamps_tell_nothing():
    made = stamps_of(np.arange(50) / 10)
    made.made = True
    assert 'made at import' in timing(made)['rate'].note


def test_colour_beside_depth():
    times = np.arange(30) / 10
    section = timing(stamps_of(times), stamps_of(times + 0.004))
    assert section['color_offset'].value == pytest.approx(4)


@given(st.lists(st.integers(0, 10**9), min_size=1), st.lists(st.integers(0, 10**9), min_size=1))
def test_the_nearest_is_the_nearest(mine: list, others: list):
    expected = [min(abs(other - one) for other in others) for one in mine]
    np.testing.assert_array_equal(np.abs(nearest_offsets(mine, others)), expected)
