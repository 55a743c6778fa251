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
import pytest

from cdst_ros.evaluation.report import Row
from cdst_ros.evaluation.verdict import verdict


def stands(gain, low, high, floor='bilinear', verdict='even'):
    return {'floor': floor, 'gain': gain, 'gain_interval': (low, high), 'verdict': verdict}


def model(name, scale, edge, *, rmse=None, profile='', latency=None, flying=None):
    versus = {'edge_mae_cm': edge} if edge else {}
    if rmse:
        versus['rmse_cm'] = rmse
    if flying:
        versus['flying_pixels'] = flying
    details = {'versus_depth_only': versus}
    if latency is not None:
        details['latency_ms'] = {'median': latency, 'p95': 2 * latency}
    metrics = {'rmse_cm': 2.6, 'flying_pixels': 0.035}
    return Row(name, scale, {}, details, metrics, profile=profile)


FLOOR = Row('bilinear', 2, {})


def test_a_gain_is_told_with_its_interval_its_floor_and_its_cost():
    told = verdict([FLOOR, model('lite_x2', 2, stands(0.12, 0.08, 0.16), latency=12.4)], 94)
    assert told == (
        'On this camera x2 helps edges by 12 % (8.0 to 16; lite_x2 against bilinear), '
        'at 12 ms a frame.'
    )


def test_no_is_said_where_it_is_no():
    rows = [
        model('lite_x2', 2, stands(0.12, 0.08, 0.16)),
        model('lite_x4', 4, stands(-0.031, -0.052, -0.011, 'bicubic'), latency=3.21),
    ]
    assert verdict(rows, 94) == (
        'On this camera x2 helps edges by 12 % (8.0 to 16; lite_x2 against bilinear); '
        'x4 does not help: edges are 3.1 % worse (1.1 to 5.2; lite_x4 against bicubic), '
        'at 3.2 ms a frame.'
    )


def test_even_is_no_gain():
    told = verdict([model('lite_x4', 4, stands(0.01, -0.03, 0.05))], 40)
    assert told == (
        'On this camera x4 makes no difference to edges that 40 frames can show '
        '(+1.0 %, -3.0 to +5.0; lite_x4 against bilinear).'
    )


@pytest.mark.parametrize('frames', [0, 1, 9])
def test_of_too_few_frames_nothing_is_claimed(frames):
    told = verdict([model('lite_x2', 2, stands(0.5, 0.5, 0.5))], frames)
    assert f'{frames} frame' in told
    assert 'too few, 10 are needed' in told
    assert 'helps' not in told
    assert 'helps' in verdict([model('lite_x2', 2, stands(0.5, 0.5, 0.5))], 10)


def test_what_gets_worse_is_told_beside_the_gain():
    worse = {**stands(-0.04, -0.06, -0.02, 'bicubic', 'worse'), 'difference': 0.1}
    flying = {'floor': 'nearest', 'difference': 0.01, 'verdict': 'worse'}
    told = verdict([model('m', 2, stands(0.1, 0.1, 0.1), rmse=worse, flying=flying)], 50)
    assert 'helps edges by 10 %' in told
    assert 'but the RMSE of all pixels grows from 2.500 to 2.600 cm (against bicubic)' in told
    assert 'and flying pixels grow from 2.50 to 3.50 % (against nearest)' in told
    lost = verdict([model('m', 2, stands(-0.1, -0.1, -0.1), rmse=worse)], 50)
    assert 'against bilinear), and the RMSE' in lost
    better = stands(0.04, 0.02, 0.06, verdict='better')
    assert 'but' not in verdict([model('m', 2, stands(0.1, 0.1, 0.1), rmse=better)], 50)


def test_of_several_models_of_a_scale_the_best_is_told():
    rows = [model('a', 4, stands(0.05, 0.01, 0.1)), model('b', 4, stands(0.2, 0.1, 0.3))]
    told = verdict(rows, 50)
    assert 'b against bilinear' in told
    assert 'a against' not in told


def test_without_models_or_edges_nothing_is_judged():
    assert verdict([FLOOR], 50) == 'On this camera no model was judged.'
    told = verdict([model('flat', 2, None)], 50)
    assert told == (
        'On this camera nothing can be told: the reference has no depth edges in these 50 frames.'
    )
    undefined = stands(float('nan'), float('nan'), float('nan'))
    assert 'no depth edges' in verdict([model('flat', 2, undefined)], 50)


def test_sensor_profiles_are_told_apart():
    rows = [
        model('m', 4, stands(0.1, 0.1, 0.1), profile='tof'),
        model('m', 4, stands(-0.1, -0.1, -0.1), profile='stereo'),
    ]
    told = verdict(rows, 50, 'On renders')
    assert told.startswith('On renders on tof x4 helps')
    assert '; on stereo x4 does not help' in told
    assert 'on tof' not in verdict(rows[:1], 50, 'On rooms of tof')
