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
"""Counting, timing and sampling of a live stream."""

from __future__ import annotations

import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.live import CameraTally, LiveTally, Sample, SpreadSamples

MS = 1_000_000


def sample(value: float) -> Sample:
    image = np.full((2, 2), value, np.float32)
    return Sample(image, image, image)


def test_frames_are_counted_once_and_matched_by_stamp():
    tally = LiveTally()
    for stamp in (1, 2, 3, 3):
        tally.add_input(stamp)
    tally.add_output(2, 5, 5)
    tally.add_output(2, 9, 9)
    assert (tally.frames_in, tally.frames_out) == (3, 1)
    assert not tally.is_complete()
    tally.add_output(3, 6, 6)
    assert tally.is_complete()


def test_output_whose_input_was_not_heard_went_in_all_the_same():
    tally = LiveTally()
    tally.add_output(7, 8, 8)
    assert (tally.frames_in, tally.frames_out) == (1, 1)


def test_rate_and_latency_come_of_arrival_times():
    tally = LiveTally()
    for k in range(11):
        stamp = k * 100 * MS
        tally.add_output(stamp, stamp + (30 if k == 10 else 20) * MS, stamp + 5)
    assert tally.rate_hz() == pytest.approx(10.0)
    latency = tally.latency_ms()
    assert latency is not None
    assert latency['p50'] == pytest.approx(20.0)
    assert latency['max'] == pytest.approx(30.0)
    assert latency['p99'] > 25.0


def test_nothing_heard_has_no_figures():
    tally = LiveTally()
    assert tally.rate_hz() is None
    assert tally.latency_ms() is None
    assert tally.is_complete()
    tally.add_output(1, 2, 2)
    assert tally.rate_hz() is None


@pytest.mark.parametrize('offers', [1, 5, 8, 9, 100, 1000])
def test_samples_are_few_and_spread_over_the_run(offers):
    samples = SpreadSamples(8)
    for k in range(offers):
        if samples.wants_next():
            samples.keep(sample(k))
    kept = [int(s.low[0, 0]) for s in samples]
    assert min(offers, 4) <= len(samples) <= 8
    gaps = np.diff(kept)
    assert kept[0] == 0
    assert len(set(gaps.tolist())) <= 1, 'evenly'
    assert offers - kept[-1] <= 2 * max(gaps, default=1), 'up to the end'


def test_no_samples_are_wanted_where_none_are_kept():
    assert not SpreadSamples(0).wants_next()


def test_camera_infos_are_held_against_image_and_truth():
    truth = CameraModel.from_intrinsics(100, 100, 31.5, 23.5, 64, 48)
    shifted = CameraModel.from_intrinsics(100, 100, 32.0, 24.0, 64, 48)
    tally = CameraTally()
    tally.add(truth, (64, 48), None)
    tally.add(truth, (64, 48), truth)
    tally.add(truth, (32, 24), truth)
    tally.add(shifted, (64, 48), truth)
    assert tally == CameraTally(paired=4, wrong_size=1, wrong_intrinsics=1)


def test_in_simulated_time_latency_is_from_hearing_to_hearing():
    tally = LiveTally()
    for stamp, came_ms, went_ms in ((10, 5, 9), (20, 30, 36), (30, 50, 49)):
        tally.add_input(stamp, came_ms * 10**6)
        tally.add_output(stamp, stamp, went_ms * 10**6)
    tally.add_output(40, 40, 70 * 10**6)
    assert tally.latency_ms() == {'p50': 0.0, 'p99': 0.0, 'max': 0.0}
    found = tally.latency_ms(simulated=True)
    assert found is not None
    assert (found['p50'], found['max']) == (4.0, 6.0)
    assert [tally.latency_of_ms(stamp, simulated=True) for stamp in (10, 30)] == [4.0, 0.0]
    assert np.isnan(tally.latency_of_ms(40, simulated=True)), 'its input was not heard'
    assert tally.recorded_seconds() == pytest.approx(30e-9)
