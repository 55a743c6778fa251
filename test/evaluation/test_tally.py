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
from typing import Any, NamedTuple

import numpy as np
import pytest

from cdst_ros.evaluation.frame_scoring import FrameSums
from cdst_ros.evaluation.metrics.accuracy import accuracy_sums
from cdst_ros.evaluation.metrics.distance import DistanceBands
from cdst_ros.evaluation.metrics.distribution import distribution_sums
from cdst_ros.evaluation.tally import FEWEST_STEPS, Tally

from .metrics.worlds import step


class One(NamedTuple):
    name: str
    is_model: bool = False
    guided: bool = False
    scale: int = 2

    def details(self) -> dict[str, Any]:
        return {'engine': self.name}


CONTESTANTS = (One('floor'), One('guided', guided=True), One('model', is_model=True))


def sums_of(error):
    reference = step()
    output = (reference + error).astype(np.float32)
    every = np.ones(reference.shape, bool)
    return {
        **accuracy_sums(output, reference, every),
        **DistanceBands.of(reference).sums(output, every),
        **distribution_sums(output, reference, every),
    }


def frame(index, errors, *, kind='first', extra=None, broken=(0, 0, 0)):
    return FrameSums(
        index=index,
        name=str(index),
        stamp_ns=index,
        sequence='walk',
        scale=2,
        step=kind,
        has_camera=index % 2 == 0,
        sums={name: {**sums_of(error), **(extra or {})} for name, error in errors.items()},
        latency_ms=dict.fromkeys(errors, 1.0 + index),
        clipped=dict.fromkeys(errors, 0.5),
        broken={'model': broken},
    )


def filled(*frames):
    tally = Tally(CONTESTANTS, bounded=True)
    for one in frames:
        tally.add(one)
    return tally


ALL = {'floor': 0.02, 'guided': 0.005, 'model': 0.01}


def test_a_method_that_missed_a_frame_is_left_out():
    tally = filled(frame(0, ALL), frame(1, {'floor': 0.02, 'model': 0.01}))
    assert [row.method for row in tally.rows()] == ['floor', 'model']
    assert tally.left_out() == ['guided']
    assert (len(tally), tally.without_camera) == (2, 1)
    assert all(set(score.metrics) == {'floor', 'model'} for score in tally.frames())


def test_rows_are_pooled_and_ranked():
    rows = {row.method: row for row in filled(frame(0, ALL), frame(1, ALL)).rows()}
    assert rows['model'].metrics['mae_cm'] == pytest.approx(1, rel=1e-3)
    assert rows['model'].details['rank'] == 2
    assert rows['model'].details['versus']['edge_mae_cm']['floor'] == 'guided'
    told = rows['model'].details['versus_depth_only']['edge_mae_cm']
    assert told['floor'] == 'floor'
    assert told['gain'] == pytest.approx(0.5, rel=1e-3)
    assert rows['model'].details['latency_ms']['median'] == 1.5
    assert filled(frame(0, ALL)).baseline() == 'floor'


def test_bands_and_distribution_are_of_all_frames():
    tally = filled(frame(0, ALL), frame(1, ALL))
    bands = tally.bands()[2, 'model']
    assert [(band.near_m, band.far_m) for band in bands] == [(1.0, 1.5), (3.0, 4.0)]
    assert sum(band.pixels for band in bands) == 2 * step().size
    edges, counts = tally.histograms()[2, 'model']
    assert sum(counts) == 2 * step().size
    at = int(np.flatnonzero(counts)[0])
    assert edges[at] <= 1.0001
    assert edges[at + 1] >= 0.9999


def test_the_frames_worth_seeing_are_told_once():
    errors = [0.03, 0.01, 0.05, 0.02]
    tally = filled(*(frame(k, {**ALL, 'model': e}) for k, e in enumerate(errors)))
    assert tally.worth_seeing() == {'best': 1, 'median': 0, 'worst': 2}
    assert filled(frame(0, ALL)).worth_seeing() == {'best': 0}
    assert Tally(CONTESTANTS, bounded=True).worth_seeing() == {}


def test_flicker_of_few_steps_is_not_told():
    flicker = {'flicker_absolutes': 1.0, 'flicker_pixels': 100.0}
    steps = [frame(k, ALL, kind='still', extra=flicker) for k in range(FEWEST_STEPS)]
    assert 'flicker_cm' not in filled(*steps[:-1]).rows()[0].metrics
    assert filled(*steps).rows()[0].metrics['flicker_cm'] == pytest.approx(1)
    # A frame that has no step counts nothing, before or after.
    mixed = filled(frame(9, ALL), *steps, frame(10, ALL)).rows()[0]
    assert mixed.metrics['flicker_cm'] == pytest.approx(1)


def test_a_broken_bound_is_a_fault():
    assert filled(frame(0, ALL)).faults() == []
    (fault,) = filled(frame(0, ALL, broken=(1, 0, 2)), frame(1, ALL)).faults()
    assert fault.startswith('model broke its bound')
    assert 'outside=1' in fault


def test_it_can_be_asked_between_frames():
    tally = filled(frame(0, ALL))
    first = tally.rows()[0].metrics['mae_cm']
    tally.add(frame(1, {**ALL, 'floor': 0.04}))
    assert first == pytest.approx(2, rel=1e-3)
    assert tally.rows()[0].metrics['mae_cm'] == pytest.approx(3, rel=1e-3)
