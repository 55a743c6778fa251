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
from dataclasses import replace

import numpy as np
import pytest

from cdst_ros.evaluation import procedural
from cdst_ros.evaluation.protocols import PROTOCOLS, protocol
from cdst_ros.evaluation.report import EvaluationError, Request
from cdst_ros.synthetic import IDEAL, Sampling, load_profile, profile_names

FLOORS = ['nearest', 'bilinear', 'bicubic', 'joint_bilateral']


@pytest.fixture(scope='module')
def report():
    return protocol('synthetic_tof').run(Request(scales=(4,), models=('lite_x4',), frames=2))


def test_every_sensor_profile_has_a_protocol_that_needs_no_data():
    for name in ('tof', 'stereo', 'structured_light', 'phone_lidar', 'aligned'):
        assert PROTOCOLS[f'synthetic_{name}'].makes_data
    assert {f'synthetic_{name}' for name in profile_names()} <= set(PROTOCOLS)


def test_the_floors_stand_beside_the_model(report):
    assert [row.method for row in report.rows] == [*FLOORS, 'lite_x4']
    assert report.broken == []
    assert '2 views of 2 procedural rooms' in report.conditions
    for row in report.rows:
        assert (row.scale, row.profile) == (4, 'tof')
        assert 0 < row.metrics['rmse_cm'] < 100
        assert 0.3 < row.metrics['occupancy_f1'] < 1
        assert row.metrics['completeness'] > 0.5
    model = report.rows[-1]
    assert 0 < model.metrics['ause'] < 1
    assert model.metrics['coverage_50'] < model.metrics['coverage_95'] <= 1
    assert set(model.details['versus']) >= {'rmse_cm', 'flying_pixels', 'occupancy_f1'}
    assert model.details['metrics_unbounded']['rmse_cm'] > 0


def test_the_views_are_always_the_same_and_shortened_by_rooms():
    sensor = load_profile('stereo')
    first = list(procedural.views_of(sensor, 4, 3))
    again, small = (next(procedural.views_of(sensor, scale)) for scale in (4, 2))
    assert [view.sequence for view in first] == ['room 0', 'room 1', 'room 2']
    assert np.array_equal(first[0].low, again.low, equal_nan=True)
    assert np.array_equal(first[0].reference, again.reference, equal_nan=True)
    assert again.low.shape == small.low.shape == (144, 192)
    # The same view at every scale: nothing but what hides within a pixel may differ.
    off = np.abs(again.reference[1::4, 1::4] / small.reference[::2, ::2] - 1)
    assert np.median(off) < 0.01
    assert first[0].camera.matches(*first[0].reference.shape[::-1])
    totals = [sum(procedural._views_of(k, n) for k in range(procedural.SCENES)) for n in (1, 17)]
    assert totals == [1, 17]


def test_one_view_is_found_again():
    sensor = load_profile('tof')
    last = list(procedural.views_of(sensor, 2, 14))[2]
    found = procedural.view_at(sensor, 2, 2, 14)
    assert found.sequence == last.sequence == 'room 1'
    np.testing.assert_array_equal(found.low, last.low)
    np.testing.assert_array_equal(found.reference, last.reference)
    with pytest.raises(EvaluationError, match='no view 14 of synthetic_tof'):
        procedural.view_at(sensor, 2, 14, 14)


def test_a_sensor_that_picks_pixels_lies_on_the_grid_of_the_reference():
    sensor = replace(IDEAL, sampling=Sampling.PICK)
    view = next(procedural.views_of(sensor, 4, 1))
    height, width = view.low.shape
    blocks = view.reference.reshape(height, 4, width, 4)
    middle = blocks[:, 1:3, :, 1:3]
    flat = np.ptp(1 / middle, axis=(1, 3)) < 0.002
    assert flat.mean() > 0.7
    # A plane's value in the middle of four pixels is the mean of theirs in 1/z.
    expected = 1 / (1 / middle).mean(axis=(1, 3))
    assert np.quantile(np.abs(view.low - expected)[flat], 0.99) < 0.002
    corner = np.abs(view.low - blocks[:, 0, :, 0])[flat]
    assert np.median(np.abs(view.low - expected)[flat]) < 0.1 * np.median(corner)


def test_no_training_draws_from_the_same_stream():
    data = pytest.importorskip('cdst_ros.training.data')
    streams = {data.TRAINING_STREAM, data.VALIDATION_STREAM, procedural.EVALUATION_STREAM}
    assert len(streams) == 3
    key = (procedural.EVALUATION_SEED, procedural.EVALUATION_STREAM, 0)
    ours = np.random.default_rng(key).random()
    for stream in (data.TRAINING_STREAM, data.VALIDATION_STREAM):
        # Even a run with this protocol's own seed sees other scenes.
        theirs = (procedural.EVALUATION_SEED, stream, 0)
        assert np.random.default_rng(theirs).random() != ours


def test_other_scales_are_refused():
    with pytest.raises(EvaluationError, match='synthetic_tof is of scales'):
        procedural.run('tof', Request(scales=(3,)))


def test_a_profile_of_ones_own_has_a_protocol(tmp_path):
    path = tmp_path / 'mine.yaml'
    path.write_text('{name: mine, sampling: mean, noise: {constant: 0.003}, range_m: [0.1, 9.0]}')
    own = protocol(f'synthetic_{path}')
    assert own.makes_data
    assert own.scales == procedural.SCALES
    report = own.run(Request(scales=(2,), frames=1))
    assert "sensor profile 'mine'" in report.conditions
    assert {row.method for row in report.rows} >= {'bicubic', 'nearest'}
    with pytest.raises(EvaluationError, match='no sensor profile'):
        protocol('synthetic_nothing.yaml')
