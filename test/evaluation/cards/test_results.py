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
import json
import shutil

import pytest

from cdst_ros.evaluation.cards import results as module
from cdst_ros.evaluation.cards.results import (
    Model,
    Results,
    Task,
    measure,
    measure_missing,
    plan,
)
from cdst_ros.evaluation.report import EvaluationError
from cdst_ros.superres.store import shipped_models


@pytest.fixture
def model(tmp_path):
    path = tmp_path / 'mine.onnx'
    shutil.copy(shipped_models()['lite_x4'], path)
    return Model.of(path)


@pytest.fixture
def measured(monkeypatch):
    """Return the tasks that were measured; nothing is, really."""
    done = []

    def record(task, models, progress, machine):
        done.append(task.name)
        return {'rows': []}

    monkeypatch.setattr(module, 'measure', record)
    return done


def test_every_protocol_of_the_scale_is_planned_and_the_cost(model, tmp_path):
    tasks = {task.name: task for task in plan([model], {'replica_x4': tmp_path}, 5)}
    assert {'synthetic_tof_x4', 'synthetic_generic_x4', 'middlebury6_x4', 'cost_x4'} <= set(tasks)
    assert 'hololens_x2' not in tasks
    assert 'synthetic_ideal_x4' not in tasks
    assert tasks['replica_x4'].data == tmp_path
    assert tasks['synthetic_tof_x4'].frames == 5
    assert tasks['replica_x4'].frames == 1
    assert tasks['middlebury6_x4'].frames is None
    assert tasks['synthetic_tof_x4'].can_be_done
    assert tasks['cost_x4'].can_be_done
    assert not tasks['tartanair_x4'].can_be_done


def test_data_of_a_protocol_that_takes_none_are_refused(model, tmp_path):
    with pytest.raises(EvaluationError, match='no protocol synthetic_tof of cards takes data'):
        plan([model], {'synthetic_tof': tmp_path})


def test_what_is_there_is_not_measured_again(model, tmp_path, measured):
    results, tasks = Results(tmp_path / 'results'), plan([model], {}, 5)
    lacking = measure_missing(results, [model], tasks)
    assert 'replica_x4' in {task.name for task in lacking}
    assert 'cost_x4' in measured
    first = len(measured)
    assert first + len(lacking) == len(tasks)
    measure_missing(results, [model], tasks)
    assert len(measured) == first
    measure_missing(results, [model], tasks, again=True)
    assert len(measured) == 2 * first


@pytest.mark.parametrize('change', ['model', 'frames', 'file'])
def test_what_has_changed_is_measured_again(model, tmp_path, measured, change):
    results, task = Results(tmp_path / 'results'), Task('synthetic_tof', 4, None, 5)
    measure_missing(results, [model], [task])
    assert results.find(task, [model]) is not None
    if change == 'model':
        with model.path.open('ab') as file:
            file.write(b'more')
    elif change == 'frames':
        task = Task('synthetic_tof', 4, None, 6)
    else:
        (tmp_path / 'results' / 'synthetic_tof_x4.json').write_text('{"format": 1, "mod')
    assert results.find(task, [model]) is None
    measure_missing(results, [model], [task])
    assert measured == ['synthetic_tof_x4'] * 2
    assert results.find(task, [model]) is not None


def test_a_result_of_more_models_holds_for_one(model, tmp_path):
    other = Model('other', shipped_models()['fast_x4'], 4)
    results, task = Results(tmp_path / 'results'), Task('cost', 4)
    results.write(task, [model, other], {'rows': []})
    assert results.find(task, [model])['rows'] == []
    results.write(task, [other], {'rows': []})
    assert results.find(task, [model]) is None


def test_results_are_json_that_every_reader_takes(model, tmp_path):
    results, task = Results(tmp_path / 'results'), Task('cost', 4)
    results.write(task, [model], {'rows': [float('nan')]})
    (file,) = (tmp_path / 'results').iterdir()
    assert json.loads(file.read_text(), parse_constant=pytest.fail)['rows'] == [None]


def test_a_protocol_and_the_cost_are_measured(model, monkeypatch):
    monkeypatch.setattr(module, 'SIZES', ((32, 24), (40, 30)))
    report = measure(Task('synthetic_tof', 4, None, 1), [model])
    assert [row['method'] for row in report['rows']][-2:] == ['joint_bilateral', model.name]
    cost = measure(Task('cost', 4), [model], machine='mine')
    assert cost['machine'] == 'mine'
    assert len(cost['rows']) == 2 * 5
    assert all(row['cpu_ms'] >= 0 < row['wall_ms'] for row in cost['rows'])
