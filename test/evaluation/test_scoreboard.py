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
from dataclasses import dataclass, replace

import numpy as np
import pytest

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.judging import View
from cdst_ros.evaluation.methods import Method
from cdst_ros.evaluation.metrics import DepthErrors
from cdst_ros.evaluation.report import EvaluationError
from cdst_ros.evaluation.scoreboard import Scoreboard

from .conftest import WorkedEngine
from .metrics.worlds import camera_of, step


def views(count=6, color=None):
    for number in range(count):
        reference = step(near=1.0, far=2.0 + number / 10, at=16)
        low = reference[::2, ::2].copy()
        yield View(f'room {number // 2}', low, reference, color, camera_of(reference))


def method(name, added=0.0, *, is_model=False, **kwargs):
    return Method(name, WorkedEngine(scale=2, added=added, **kwargs), is_model)


def rows_of(methods, bounded=False, **kwargs):
    board = Scoreboard(methods, bounded=bounded, profile='tof')
    for view in views(**kwargs):
        board.add(view)
    return {row.method: row for row in board.rows()}, board


def test_figures_are_of_all_frames_and_lie_in_their_interval():
    rows, board = rows_of([method('floor', 0.1)])
    errors = DepthErrors()
    for view in views():
        errors.add(view.reference + np.float32(0.1), view.reference)
    row = rows['floor']
    assert len(board) == 6
    assert row.metrics['rmse_cm'] == pytest.approx(errors.rmse_cm)
    low, high = row.intervals['rmse_cm']
    assert low - 1e-6 <= row.metrics['rmse_cm'] <= high + 1e-6
    values = row.to_json()
    assert values['profile'] == 'tof'
    assert values['metrics']['rmse_cm'] == row.metrics['rmse_cm']
    assert (values['method'], values['scale']) == ('floor', 2)


def test_every_frame_has_its_own_error_at_edges():
    rows, _ = rows_of([method('floor', 0.1), method('model', 0.2, is_model=True)])
    for name, error in (('floor', 10.0), ('model', 20.0)):
        assert rows[name].to_json()['edge_mae_cm_by_frame'] == pytest.approx([error] * 6, abs=1e-3)
    board = Scoreboard([method('floor')], bounded=False)
    assert [row.details['edge_mae_cm_by_frame'] for row in board.rows()] == [[]]


def test_a_model_is_held_against_the_best_floor():
    floors = [method('good', 0.02), method('bad', 0.3)]
    rows, _ = rows_of([*floors, method('model', 0.01, is_model=True)])
    versus = rows['model'].details['versus']['rmse_cm']
    assert versus['floor'] == 'good'
    assert versus['difference'] == pytest.approx(-1, abs=1e-3)
    assert versus['interval'] == pytest.approx((-1, -1), abs=1e-3)
    assert versus['verdict'] == 'better'
    rows, _ = rows_of([*floors, method('model', 0.1, is_model=True)])
    assert rows['model'].details['versus']['rmse_cm']['verdict'] == 'worse'
    rows, _ = rows_of([*floors, method('model', 0.02, is_model=True)])
    assert rows['model'].details['versus']['rmse_cm']['verdict'] == 'even'
    assert 'versus' not in rows['good'].details


def test_methods_that_see_colour_are_told_apart():
    guided = method('guided', 0.0, guided=True)
    methods = [method('floor', 0.1), guided, method('model', 0.05, is_model=True)]
    rows, _ = rows_of(methods, color=np.zeros((24, 32, 3), np.uint8))
    details = rows['model'].details
    assert details['versus']['rmse_cm']['floor'] == 'guided'
    assert details['versus']['rmse_cm']['verdict'] == 'worse'
    assert details['versus_depth_only']['rmse_cm']['floor'] == 'floor'
    assert details['versus_depth_only']['rmse_cm']['verdict'] == 'better'


def test_greater_is_better_where_it_is():
    rows, _ = rows_of([method('floor', 0.3), method('model', 0.0, is_model=True)])
    versus = rows['model'].details['versus']
    assert versus['occupancy_f1']['difference'] > 0
    assert versus['occupancy_f1']['verdict'] == 'better'
    assert versus['flying_pixels']['verdict'] == 'better'


def test_the_price_of_the_bound_stands_beside():
    # The worked engine says sigma = 1 cm, so away from edges the bound lets 1 of 30 cm through.
    rows, board = rows_of([method('model', 0.3, is_model=True)], bounded=True)
    row = rows['model']
    assert row.details['bounded'] is True
    assert row.details['clipped_fraction'] > 0.9
    assert row.details['metrics_unbounded']['mae_cm'] == pytest.approx(30, abs=0.01)
    assert 1 <= row.metrics['mae_cm'] < 4
    assert row.metrics['within_2pct'] > 0.9
    assert board.faults() == []
    rows, _ = rows_of([method('model', 0.3, is_model=True)])
    assert 'metrics_unbounded' not in rows['model'].details
    assert rows['model'].metrics['mae_cm'] == pytest.approx(30, abs=0.01)


def test_a_broken_bound_is_a_fault(monkeypatch):
    monkeypatch.setattr('cdst_ros.superres.frame.bound', lambda *args, **kwargs: 0.0)
    _, board = rows_of([method('model', 0.3, is_model=True)], bounded=True)
    (fault,) = board.faults()
    assert fault.startswith('model broke its bound on tof')


def test_without_colour_guided_methods_are_left_out():
    methods = [method('floor'), method('guided', guided=True)]
    rows, board = rows_of(methods, color=np.zeros((24, 32, 3), np.uint8))
    assert set(rows) == {'floor', 'guided'}
    rows, board = rows_of(methods)
    assert set(rows) == {'floor'}
    assert board.left_out() == ['guided']


def test_views_without_a_camera_are_counted():
    board = Scoreboard([method('floor')], bounded=False)
    for view in views(2):
        board.add(view._replace(camera=None))
    assert board.without_camera == 2
    assert 'occupancy_f1' not in board.rows()[0].metrics
    assert 'profile' not in board.rows()[0].to_json()


def test_errors_are_of_the_pixels_that_all_know():
    class Lazy(WorkedEngine):
        def infer(self, depth, valid, rgb=None):
            out = super().infer(depth, valid, rgb)
            out.depth[:, 10:] = 0.0
            out.valid[:, 10:] = False
            return out

    rows, _ = rows_of([method('floor'), Method('lazy', Lazy(scale=2, added=0.1), False)])
    assert rows['floor'].metrics['edge_rmse_cm'] != rows['floor'].metrics['edge_rmse_cm']
    assert rows['lazy'].metrics['mae_cm'] == pytest.approx(10, abs=0.01)
    assert rows['lazy'].metrics['completeness'] == 10 / 32
    assert rows['floor'].metrics['completeness'] == 1


def test_another_grid_is_refused():
    @dataclass
    class Picked(WorkedEngine):
        @property
        def info(self):
            return replace(super().info, alignment=GridAlignment.PICKED)

    with pytest.raises(EvaluationError, match='model puts out a grid that is picked'):
        Scoreboard([Method('model', Picked(), True)], bounded=True)


def test_what_has_no_interval_is_no_verdict():
    # A flat wall: there is no edge that anything could be better at.
    board = Scoreboard([method('floor'), method('model', is_model=True)], bounded=False)
    reference = np.full((24, 32), 2.0, np.float32)
    board.add(View('a', reference[::2, ::2].copy(), reference))
    versus = board.rows()[1].details['versus']
    assert 'edge_rmse_cm' not in versus
    assert versus['rmse_cm']['verdict'] == 'even'
