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
"""The trainer node's other half: training, offers, and who runs which model."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from desk_graph import LONG_S, Desk, finished_job
from tiny_model import write_model

from cdst_ros.learning.job import Status
from cdst_ros.learning.ledger import Ledger
from cdst_ros.learning.workshop import Workshop
from cdst_ros.superres.contract import read_metadata, read_origin
from cdst_ros.superres.store import shipped_models

sys.path.insert(0, str(Path(__file__).parents[1] / 'learning'))
from rooms import record
from stand_in import write_stand_in

needs_torch = pytest.mark.skipif(find_spec('torch') is None, reason='trains, which needs torch')

#: A training of seconds.
SMALL = """
start: fast_x4
validate_every: 1000
checkpoint_every: 5
data: {tiles: 1, batch_size: 4, workers: 0, sources: [{kind: recordings, path: .}]}
optimiser: {learning_rate: 1.0e-3, warmup_steps: 2, averaging: 0.5}
"""


@pytest.fixture
def make_desk(make_graph: Callable[..., Any], make_trainer: Callable[..., Any], tmp_path: Path):
    def make(model: str, **parameters: Any) -> Desk:
        superres = make_graph(engine='auto', model=model, scale=0)
        learning = tmp_path / 'learning'
        trainer = make_trainer(
            **{
                'superres': superres.node.get_fully_qualified_name(),
                'learning': str(learning),
                'priority': 'normal',
                **parameters,
            }
        )
        return Desk(superres, trainer, learning)

    return make


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write_model(tmp_path / 'tiny.onnx')


def offered(make_desk, tmp_path: Path, base: Path, model: Path, **arguments: Any) -> Desk:
    """Return the nodes where ``model`` is on offer and ``base`` runs."""
    finished_job(tmp_path / 'learning', model, base, **arguments)
    return make_desk(str(base))


@needs_torch
def test_the_whole_loop(make_desk, tmp_path):
    recording = record(tmp_path / 'room')
    config = tmp_path / 'small.yaml'
    config.write_text(SMALL)
    desk = make_desk(
        'fast_x4', recording=str(recording), config=str(config), steps=25, judge_frames=12
    )
    begun = desk.call('train')
    assert begun.success, begun.message
    assert 'from fast_x4 on' in begun.message
    again = desk.call('train')
    assert not again.success
    assert 'is at work' in again.message
    early = desk.call('accept')
    assert not early.success
    assert 'no offer yet' in early.message
    told = desk.until_told(state='offering')
    offer = told['offer']
    assert offer['better']
    assert 'against fast_x4' in offer['says']
    assert Path(offer['report']).exists()
    taken = desk.call('accept')
    assert taken.success, taken.message
    assert desk.runs() == offer['model']
    assert f'runs {offer["model"]} now, in place of fast_x4' in taken.message
    back = desk.call('rollback')
    assert back.success, back.message
    assert desk.runs() == 'fast_x4'
    assert 'nothing to bring back' in desk.call('rollback').message
    origin = read_origin(offer['file'])
    assert origin['start']['name'] == 'fast_x4'
    assert origin['recordings'][0]['name'] == 'room'
    assert len(origin['recordings'][0]['fingerprint']) == 64
    assert str(tmp_path) not in str(origin) + read_metadata(offer['file']).command


def test_a_model_takes_over_without_a_missed_frame(make_desk, tmp_path, tiny):
    desk = offered(make_desk, tmp_path, tiny, write_model(tmp_path / 'better.onnx'))
    desk.superres.flow()
    desk.until_told(state='offering')
    stamps = []
    future = desk.begin('accept')
    while not future.done():
        stamps.append(desk.superres.send())
        desk.superres.until(lambda: desk.superres.images.at(stamps[-1]))
        desk.trainer.until(future.done, 0.01, strict=False)
    assert future.result().success, future.result().message
    stamps.append(desk.superres.send())
    desk.superres.until(lambda: desk.superres.images.at(stamps[-1]))
    assert desk.runs() == 'better'
    assert len(stamps) > 3
    assert all(desk.superres.images.at(stamp) for stamp in stamps)
    values = {v.key: v.value for v in desk.superres.status().values}
    assert not any(key.startswith('dropped') for key in values)


def test_another_scale_or_grid_is_refused(make_desk, tmp_path, tiny):
    desk = offered(make_desk, tmp_path, tiny, write_model(tmp_path / 'larger.onnx', scale=4))
    desk.until_told(state='offering')
    refused = desk.call('accept')
    assert not refused.success
    assert 'larger makes images of x4' in refused.message
    assert 'of x2' in refused.message
    assert desk.runs() == 'tiny'
    assert Ledger(desk.learning / 'accepted').last() is None


def test_what_is_not_better_is_not_offered(make_desk, tmp_path, tiny):
    model = write_model(tmp_path / 'worse.onnx')
    desk = offered(make_desk, tmp_path, tiny, model, better=False)
    told = desk.until_told(state='idle', offer={})
    desk.trainer.until(lambda: 'no offer: worse was judged' in desk.told()['remark'])
    refused = desk.call('accept')
    assert not refused.success
    assert 'worse was judged' in refused.message
    assert 'ros2 param set' in refused.message
    assert told['accepted'] == ''


def test_an_offer_stands_when_a_later_training_came_to_nothing(make_desk, tmp_path, tiny):
    better, later = write_model(tmp_path / 'better.onnx'), write_model(tmp_path / 'later.onnx')
    finished_job(tmp_path / 'learning', later, tiny).write_status(Status(state='cancelled'))
    desk = offered(make_desk, tmp_path, tiny, better)
    assert Workshop(desk.learning / 'jobs').latest().status().state == 'cancelled'
    desk.until_told(state='offering')
    assert desk.call('accept').success
    assert desk.runs() == 'better'
    refused = desk.call('accept')
    assert not refused.success, 'it was accepted once'


def test_a_model_that_no_engine_takes_leaves_the_old_one(make_desk, tmp_path, tiny):
    broken = write_model(tmp_path / 'broken.onnx', operator='Nonsense')
    desk = offered(make_desk, tmp_path, tiny, broken)
    desk.until_told(state='offering')
    refused = desk.call('accept')
    assert not refused.success
    assert 'could not take broken and goes on as before' in refused.message
    assert desk.runs() == 'tiny'
    assert Ledger(desk.learning / 'accepted').last() is None
    desk.until_told(accepted='')
    desk.superres.flow()


def test_what_was_accepted_runs_again_after_a_restart(make_desk, make_graph, tmp_path, tiny):
    better = write_model(tmp_path / 'better.onnx')
    desk = offered(make_desk, tmp_path, tiny, better)
    desk.until_told(state='offering')
    assert desk.call('accept').success
    better.unlink()
    shutil.rmtree(desk.learning / 'jobs')
    desk.trainer.on_node(desk.trainer.node.trigger_shutdown)
    # The robot starts anew, with the model that its launch file names.
    second = make_desk(str(tiny))
    second.trainer.until(lambda: second.runs() == 'better', LONG_S)
    assert second.told()['accepted'] == 'better'
    assert second.call('rollback').success
    assert second.runs() == 'tiny'


def test_what_was_accepted_last_of_several_runs_again_and_goes_back_step_by_step(
    make_desk, tmp_path, tiny
):
    desk = offered(make_desk, tmp_path, tiny, write_model(tmp_path / 'first.onnx'))
    desk.until_told(state='offering')
    assert desk.call('accept').success
    finished_job(desk.learning, write_model(tmp_path / 'second.onnx'), tiny)
    desk.trainer.until(lambda: desk.told()['offer'].get('model') == 'second')
    assert desk.call('accept').success
    desk.trainer.on_node(desk.trainer.node.trigger_shutdown)
    # The launch file names neither of them, nor what the second has replaced.
    again = make_desk(str(tiny))
    again.trainer.until(lambda: again.runs() == 'second', LONG_S)
    # Of calls that wait for one another each finds what the one before has left.
    calls = [again.begin('rollback') for _ in range(3)]
    again.trainer.until(lambda: all(call.done() for call in calls), LONG_S)
    assert sorted(call.result().success for call in calls) == [False, True, True]
    assert again.runs() == 'tiny'


def test_what_somebody_has_chosen_since_is_not_rolled_back(make_desk, tmp_path, tiny):
    desk = offered(make_desk, tmp_path, tiny, write_model(tmp_path / 'better.onnx'))
    desk.until_told(state='offering')
    assert desk.call('accept').success
    chosen = write_model(tmp_path / 'chosen.onnx')
    assert desk.superres.set(model=str(chosen)).successful
    desk.trainer.until(lambda: desk.runs() == 'chosen', LONG_S)
    refused = desk.call('rollback')
    assert not refused.success
    assert 'which somebody has chosen since better was accepted' in refused.message
    assert f'model {tiny}' in refused.message
    assert desk.runs() == 'chosen'


def test_where_it_is_said_so_an_offer_is_taken_at_once(make_desk, tmp_path, tiny):
    finished_job(tmp_path / 'learning', write_model(tmp_path / 'better.onnx'), tiny)
    desk = make_desk(str(tiny), auto_accept='better')
    desk.until_told(accepted='better')
    # Noted first, so that nobody who is killed meanwhile forgets it; then it is handed over.
    desk.trainer.until(lambda: desk.runs() == 'better', LONG_S)
    assert desk.call('rollback').success


def test_a_model_from_elsewhere_is_judged_here_and_offered(make_desk, tmp_path):
    recording = record(tmp_path / 'room')
    desk = make_desk('fast_x4', recording=str(recording), judge_frames=10)
    desk.until_told(state='idle')
    # The workstation's: here, one of the shipped models that is for this sensor.
    shutil.copyfile(shipped_models()['lite_x4_stereo'], desk.learning / 'offers' / 'mine.onnx')
    told = desk.until_told(state='offering')
    assert told['offer']['model'] == 'lite_x4_stereo'
    assert 'lite_x4_stereo against fast_x4' in told['offer']['says']
    assert told['job']['step'] == 0
    assert (desk.learning / 'offers' / 'mine.onnx.taken').exists()
    assert desk.call('accept').success
    assert desk.runs() == 'lite_x4_stereo'


def test_without_a_recording_a_model_from_elsewhere_is_offered_unjudged(make_desk, tmp_path, tiny):
    desk = make_desk(str(tiny), auto_accept='better')
    desk.until_told(state='idle')
    shutil.copyfile(write_model(tmp_path / 'new.onnx'), desk.learning / 'offers' / 'new.onnx')
    told = desk.until_told(state='offering')
    assert not told['offer']['better']
    assert 'could not be judged here' in told['offer']['says']
    assert desk.call('accept').success
    assert desk.runs() == 'new'
    assert (desk.learning / 'offers' / 'new.onnx.taken').exists()


def test_what_could_not_be_judged_is_judged_after_a_restart(make_desk, tmp_path, tiny):
    desk = make_desk(str(tiny), recording=str(tmp_path / 'room'))
    desk.until_told(state='idle')
    file = desk.learning / 'offers' / 'new.onnx'
    shutil.copyfile(write_model(tmp_path / 'new.onnx'), file)
    told = desk.until_told(state='offering')
    assert 'could not be judged here: 0 frames are too few' in told['offer']['says']
    desk.trainer.on_node(desk.trainer.node.trigger_shutdown)
    record(tmp_path / 'room', size=(16, 12), scale=2)
    second = make_desk(str(tiny), recording=str(tmp_path / 'room'))
    second.trainer.until(lambda: 'new against tiny' in second.told()['remark'], LONG_S)
    assert second.told()['offer'] == {}, 'both do the same, so none is better'
    assert [path.name for path in file.parent.iterdir()] == ['new.onnx.taken']


def test_a_file_that_is_no_model_is_named(make_desk, tiny):
    desk = make_desk(str(tiny))
    desk.until_told(state='idle')
    (desk.learning / 'offers' / 'text.onnx').write_text('no model')
    desk.trainer.until(lambda: 'text.onnx is no model' in desk.told()['remark'], LONG_S)
    assert (desk.learning / 'offers' / 'text.onnx.refused').exists()


def test_a_model_of_another_scale_that_somebody_brings_is_refused(make_desk, tmp_path, tiny):
    desk = make_desk(str(tiny))
    desk.until_told(state='idle')
    model = write_model(tmp_path / 'larger.onnx', scale=4)
    shutil.copyfile(model, desk.learning / 'offers' / 'larger.onnx')
    desk.trainer.until(lambda: 'larger makes images of x4' in desk.told()['remark'], LONG_S)
    assert (desk.learning / 'offers' / 'larger.onnx.refused').exists()


@needs_torch
def test_the_services_say_what_is_missing(make_desk, tmp_path, tiny):
    desk = make_desk(str(tiny), recording=str(tmp_path / 'none'))
    assert 'call ~/train' in desk.call('accept').message
    assert 'nothing to bring back' in desk.call('rollback').message
    assert 'nothing is being trained' in desk.call('cancel_training').message
    few = desk.call('train')
    assert not few.success
    assert '0 frames are too few' in few.message
    assert desk.trainer.set(superres='nobody').successful is False


def test_a_training_that_failed_on_its_way_goes_on_when_asked_again(make_desk, tmp_path):
    recording = record(tmp_path / 'room', size=(16, 12))
    base = shipped_models()['fast_x4']
    python = write_stand_in(tmp_path / 'python', base, 'stumble')
    desk = make_desk('fast_x4', recording=str(recording), python=str(python), steps=10)
    assert desk.call('train').success
    desk.trainer.until(lambda: desk.told()['job'].get('state') == 'failed', LONG_S)
    early = desk.call('accept')
    assert 'the camera fell. Call ~/train, and it goes on from its last' in early.message
    write_stand_in(python, base)
    again = desk.call('train')
    assert again.success, again.message
    assert 'goes on from its last checkpoint' in again.message
    assert 'the camera fell' in again.message
    desk.trainer.until(lambda: desk.told()['state'] == 'offering', LONG_S)
    assert len(Workshop(desk.learning / 'jobs').jobs()) == 1
    assert 'began at 5' in (Path(desk.told()['job']['folder']) / 'log.txt').read_text()


@needs_torch
def test_a_superres_node_that_is_not_there_is_named(make_trainer, tmp_path):
    graph = make_trainer(superres='nobody', learning=str(tmp_path / 'learning'))
    answer = graph.call('train')
    assert not answer.success
    assert f'there is no superres node {graph.namespace}/nobody' in answer.message


@needs_torch
def test_cancelling_ends_the_training_and_its_processes(make_desk, tmp_path):
    recording = record(tmp_path / 'room')
    desk = make_desk('fast_x4', recording=str(recording), steps=100000)
    assert desk.call('train').success
    desk.trainer.until(lambda: desk.told()['job'].get('stage') == 'train', LONG_S)
    cancelled = desk.call('cancel_training')
    assert cancelled.success, cancelled.message
    assert 'is cancelled after' in cancelled.message
    assert not Workshop(desk.learning / 'jobs').is_minded()
    desk.until_told(state='idle')
    assert 'is cancelled' in desk.call('accept').message


@needs_torch
def test_a_training_outlives_the_node_and_is_taken_up_by_the_next(
    make_desk, make_trainer, tmp_path
):
    recording = record(tmp_path / 'room')
    desk = make_desk('fast_x4', recording=str(recording), steps=100000)
    assert desk.call('train').success
    workshop = Workshop(desk.learning / 'jobs')
    desk.trainer.until(lambda: workshop.is_minded() and desk.told()['state'] == 'training', LONG_S)
    desk.trainer.on_node(desk.trainer.node.trigger_shutdown)
    assert workshop.is_minded()
    second = make_trainer(
        superres=desk.superres.node.get_fully_qualified_name(), learning=str(desk.learning)
    )
    second.until(lambda: second.told and second.told[-1]['learning']['state'] == 'training')
    assert second.call('cancel_training').success


def test_a_second_trainer_in_the_folder_is_refused(make_desk, make_trainer, tmp_path, tiny):
    desk = make_desk(str(tiny))
    second = make_trainer(start=False, learning=str(desk.learning))
    assert not second.on_node(second.node.start)
    second.until(lambda: second.said('cannot configure', 'another trainer node learns in'))
    desk.trainer.on_node(desk.trainer.node.trigger_deactivate)
    desk.trainer.on_node(desk.trainer.node.trigger_cleanup)
    assert second.on_node(second.node.start)


def test_a_folder_that_cannot_be_written_is_named(make_trainer, tmp_path):
    (tmp_path / 'file').write_text('')
    graph = make_trainer(start=False, learning=str(tmp_path / 'file' / 'learning'))
    assert not graph.on_node(graph.node.start)
    graph.until(lambda: graph.said('cannot configure', 'Not a directory'))
