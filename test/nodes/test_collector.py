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
"""The collecting half of the trainer node, fed over DDS by a robot that sees a room."""

from __future__ import annotations

import gc
import os
import threading
from dataclasses import replace
from itertools import cycle, groupby

import cv2
import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from test_lifecycle import change
from trainer_graph import walk

from cdst_ros.recordings.collecting.rejection import Reason
from cdst_ros.recordings.verify import verify
from cdst_ros.recordings.writer import RecordingWriter
from cdst_ros.synthetic import load_profile


def collecting_graph(make_trainer, **parameters):
    """Return a graph whose first frame is recorded."""
    graph = make_trainer(**parameters)
    answer = graph.call('start_collecting')
    assert answer.success, answer.message
    graph.see_until_kept()
    return graph


def see_and_count(graph, frame, reason, **how):
    """Publish a frame until the status counts it for that reason."""
    before = graph.collecting()['dropped'].get(reason, 0)

    def counted():
        graph.see(frame, **how)
        graph.until(lambda: graph.collecting()['dropped'].get(reason, 0) > before, 0.3, False)
        return graph.collecting()['dropped'].get(reason, 0) > before

    graph.until(counted)


def test_a_walk_is_recorded_as_it_was_seen(make_trainer):
    graph = collecting_graph(make_trainer, min_change=0.0)
    for frame in walk()[1:7]:
        graph.see_until_kept(frame)
    answer = graph.call('stop_collecting')
    assert answer.success
    assert verify(graph.recording).sound
    recording = graph.recorded(7)
    assert f'kept {len(recording)} of' in answer.message
    stamps = graph.recorded_ns()
    assert stamps == sorted(stamps)
    # Each frame of the walk in its turn, some of them more than once.
    shown = [graph.seen[stamp] for stamp in stamps]
    assert [frame for frame, _ in groupby(shown, key=id)] == [id(f) for f in walk()[:7]]
    for recorded, frame in zip(recording, shown, strict=True):
        np.testing.assert_allclose(recorded.depth(), frame.depth, atol=0.00051)
        assert np.abs(recorded.color().astype(int) - frame.color).mean() < 3
        assert recorded.camera() == frame.camera
        assert recorded.camera('color') == frame.camera_hr
        assert recorded.frame_id('color') == 'camera_optical'
        np.testing.assert_array_equal(recorded.extrinsics('color'), np.eye(4))


def test_the_sequence_tells_its_topics_and_its_counts(make_trainer):
    graph = collecting_graph(make_trainer)
    see_and_count(graph, walk()[0], 'no motion')
    counts = graph.collecting()
    graph.call('stop_collecting')
    sequence = graph.recorded(1).sequences[0].entry
    assert sequence.ended
    assert sequence.topics['depth'] == f'{graph.namespace}/depth/image_raw'
    assert sequence.topics['color_info'] == f'{graph.namespace}/rgb/camera_info'
    assert sequence.offered >= counts['offered']
    assert sequence.dropped['no motion'] >= 1


def test_a_robot_that_rests_is_recorded_once_and_one_that_goes_on_again(make_trainer):
    graph = collecting_graph(make_trainer)
    for frame in walk(6)[1:6]:
        see_and_count(graph, frame, 'no motion')
    assert len(graph.stamps()) == 1
    # Rest is no fault, as long as frames come.
    graph.until(lambda: graph.see(walk(6)[5]) and graph.diagnosis().level == b'\0')
    graph.see(walk()[12])
    graph.recorded(2)


@pytest.mark.parametrize(
    ('reason', 'spoil', 'says'),
    [
        (Reason.DARK, {'color': lambda c: c // 20}, 'switch on the light'),
        (Reason.FEW_VALID, {'depth': lambda d: d * np.nan}, 'lens covered'),
        (Reason.BLURRED, {'color': lambda c: cv2.blur(c, (15, 15))}, 'move more slowly'),
    ],
)
def test_what_would_teach_a_fault_is_counted_and_not_kept(make_trainer, reason, spoil, says):
    graph = collecting_graph(make_trainer)
    frame = walk()[12]
    changed = {name: change_it(getattr(frame, name)) for name, change_it in spoil.items()}
    see_and_count(graph, replace(frame, **changed), reason.value)
    graph.until(lambda: graph.said(reason.value, says))
    assert len(graph.stamps()) == 1
    graph.see(frame)
    graph.recorded(2)


def test_colour_that_stops_is_said_and_collecting_goes_on_when_it_is_back(make_trainer):
    graph = collecting_graph(make_trainer)
    graph.withdraw('rgb')

    def said():
        graph.see(walk()[4], streams=('depth',))
        graph.until(lambda: False, 0.05, strict=False)
        return graph.said('no pair is complete', 'rgb', 'nobody publishes it', 'set color to opt')

    graph.until(said)
    assert graph.diagnosis().level == b'\1'
    see_and_count(graph, walk()[4], 'unpaired', streams=('depth',))
    assert len(graph.stamps()) == 1
    graph.until(lambda: graph.see(walk()[12]) and len(graph.stamps()) >= 2)
    assert graph.call('stop_collecting').success
    assert verify(graph.recording).sound


def test_depth_alone_is_collected_where_colour_is_optional(make_trainer):
    graph = make_trainer(color='optional')
    assert graph.call('start_collecting').success
    graph.see_until_kept(streams=('depth',))
    assert not graph.recorded(1)[0].has('color')


def test_depth_that_a_driver_has_enlarged_is_said(make_trainer):
    graph = make_trainer(min_change=0.0)
    assert graph.call('start_collecting').success
    frame = walk()[0]
    blocks = frame.depth[::3, ::3].repeat(3, axis=0).repeat(3, axis=1)
    frames = iter([replace(walk()[k % 24], depth=blocks) for k in range(2000)])

    def said():
        graph.see(next(frames))
        graph.until(lambda: False, 0.05, strict=False)
        return graph.said('enlarged 3 times', 'Nothing can be learned from that')

    graph.until(said)
    assert 'enlarged' in graph.diagnosis().message


def test_stamps_that_lie_apart_are_said(make_trainer):
    graph = collecting_graph(make_trainer)

    def said():
        stamp = graph.tick()
        graph.see(walk()[4], streams=('depth',), stamp=stamp)
        graph.see(walk()[4], streams=('rgb',), stamp=stamp + 0.04)
        graph.until(lambda: False, 0.05, strict=False)
        return graph.said('stamps lie apart', 'rgb', 'by 0.04', 'pairing_tolerance is 0.015')

    graph.until(said)


def test_a_clock_that_jumps_back_begins_a_sequence_and_loses_nothing(make_trainer):
    graph = collecting_graph(make_trainer)
    graph.see(walk()[12])
    graph.recorded(2)
    graph.clock_s -= 500
    graph.until(lambda: graph.see(walk()[0]) and len(graph.stamps()) >= 3)
    graph.until(lambda: graph.said('ran back by', 'new sequence'))
    assert graph.call('stop_collecting').success
    found = verify(graph.recording)
    assert found.sound, found.problems
    assert [frame.sequence for frame in graph.recorded(3)][:3] == [0, 0, 1]
    assert 'set back' in graph.recorded(3).sequences[1].entry.began


def test_a_stamp_of_another_time_is_stale(make_trainer):
    graph = make_trainer(max_age=1.0)
    assert graph.call('start_collecting').success
    see_and_count(graph, walk()[0], 'stale')
    graph.until(lambda: graph.said('stale', 'use_sim_time', 'set max_age to 0'))
    assert graph.stamps() == []
    assert graph.set(max_age=0.0).successful
    graph.see_until_kept()


def test_a_reference_is_recorded_and_one_of_another_size_left_out(make_trainer):
    graph = make_trainer(min_change=0.0)
    assert graph.call('start_collecting').success
    streams = ('depth', 'rgb', 'reference')

    def with_reference():
        graph.see(walk()[0], streams)
        graph.until(lambda: False, 0.05, strict=False)
        return graph.stamps() and graph.recorded(1)[-1].has('reference')

    graph.until(with_reference)
    graph.settle()
    np.testing.assert_allclose(graph.recorded(1)[-1].reference(), walk()[0].truth(), atol=0.00051)
    odd = replace(walk()[1], truth_mm=walk()[1].truth_mm[:20, :30])
    stamp = graph.see(odd, streams)
    graph.until(lambda: stamp in graph.stamps())
    graph.until(lambda: graph.said('the reference is 30x20', 'kept without it'))
    frame = graph.recorded(1)[graph.stamps().index(stamp)]
    assert frame.has('color')
    assert not frame.has('reference')
    graph.call('stop_collecting')
    assert verify(graph.recording).sound


def test_a_recording_that_another_writes_to_is_refused(make_trainer):
    graph = make_trainer()
    with RecordingWriter(graph.recording):
        answer = graph.call('start_collecting')
        assert not answer.success
        assert f'{os.getpid()}' in answer.message
        assert 'end it, or choose another folder' in answer.message
    assert graph.call('start_collecting').success


def test_two_trainers_on_one_folder(make_trainer):
    graph = collecting_graph(make_trainer)
    other = make_trainer()
    assert not other.call('start_collecting').success
    graph.see(walk()[12])
    graph.recorded(2)


def test_a_disk_that_refuses_is_said_and_collecting_goes_on_once_it_is_mended(make_trainer):
    graph = collecting_graph(make_trainer, min_change=0.0)
    depth = graph.recording / 'depth'
    depth.rename(graph.recording / 'away')
    depth.write_text('in the way')
    see_and_count(graph, walk()[1], 'not written')
    graph.until(lambda: graph.said('could not be written', 'are safe'))
    assert graph.diagnosis().level == b'\2'
    depth.unlink()
    (graph.recording / 'away').rename(depth)
    graph.until(lambda: graph.see(walk()[2]) and len(graph.stamps()) >= 2)
    graph.call('stop_collecting')
    assert verify(graph.recording).sound


def test_a_folder_that_cannot_be_made_is_refused_with_the_reason(make_trainer, tmp_path):
    (tmp_path / 'file').write_text('')
    graph = make_trainer(
        recording=tmp_path / 'file' / 'recording', learning=str(tmp_path / 'learning')
    )
    answer = graph.call('start_collecting')
    assert not answer.success
    assert 'Not a directory' in answer.message
    assert graph.set(recording=str(tmp_path / 'elsewhere')).successful
    assert graph.call('start_collecting').success


@pytest.mark.parametrize(
    ('budget', 'says'),
    [
        ({'max_frames': 1}, 'has 1 frames, and max_frames is 1'),
        ({'max_gigabytes': 1e-6}, 'max_gigabytes is 1e-06'),
    ],
)
def test_a_budget_ends_it_and_a_larger_one_goes_on(make_trainer, budget, says):
    graph = collecting_graph(make_trainer, **budget)
    see_and_count(graph, walk()[12], 'over budget')
    graph.until(lambda: graph.said('over budget', says))
    # A frame or two are no complaint.
    graph.until(lambda: graph.see(walk()[12]) and graph.diagnosis().level == b'\1')
    assert graph.set(**{name: type(value)(1000) for name, value in budget.items()}).successful
    graph.until(lambda: graph.see(walk()[12]) and len(graph.stamps()) == 2)


def test_a_full_disk_is_left_alone(make_trainer):
    graph = make_trainer(min_disk_gigabytes=1e6)
    assert graph.call('start_collecting').success
    see_and_count(graph, walk()[0], 'over budget')
    graph.until(lambda: graph.said('over budget', 'left on the disk', 'goes on by itself'))
    assert graph.stamps() == []


def test_services_say_what_to_do_first(make_trainer):
    graph = make_trainer(start=False)
    answer = graph.call('start_collecting')
    assert not answer.success
    assert f'ros2 lifecycle set {graph.namespace}/trainer configure' in answer.message
    assert change(graph, Transition.TRANSITION_CONFIGURE)
    assert 'trainer activate' in graph.call('hold_still').message
    assert change(graph, Transition.TRANSITION_ACTIVATE)
    assert 'start_collecting first' in graph.call('stop_collecting').message
    started = graph.call('start_collecting')
    assert started.success
    for part in (str(graph.recording), 'nobody publishes', 'rgb/image_raw', 'hold_still'):
        assert part in started.message
    assert 'stop_collecting to end' in graph.call('start_collecting').message


def test_what_a_session_was_begun_with_stays_until_it_ends(make_trainer, tmp_path):
    graph = collecting_graph(make_trainer)
    for change_of in ({'recording': str(tmp_path / 'other')}, {'color': 'none'}):
        refused = graph.set(**change_of)
        assert not refused.successful
        assert 'stop_collecting first' in refused.reason
    graph.call('stop_collecting')
    assert graph.set(recording=str(tmp_path / 'other')).successful


def test_deactivation_closes_the_recording_and_collect_begins_with_activation(make_trainer):
    graph = make_trainer(collect=True)
    graph.see_until_kept()
    assert graph.collecting()['state'] == 'collecting'
    assert change(graph, Transition.TRANSITION_DEACTIVATE)
    assert graph.recorded(1).sequences[0].entry.ended
    with RecordingWriter(graph.recording, append=True) as writer:
        assert len(writer) == 1
    assert not [t for t in threading.enumerate() if t.name == 'collector']
    assert change(graph, Transition.TRANSITION_ACTIVATE)
    graph.until(lambda: graph.see(walk()[12]) and len(graph.stamps()) == 2)


def test_collecting_again_and_again_leaks_nothing(make_trainer):
    graph = make_trainer()

    def round_trip():
        assert graph.call('start_collecting').success
        assert graph.call('stop_collecting').success

    def holdings():
        gc.collect()
        node = graph.node
        return {
            'threads': threading.active_count(),
            'files': len(os.listdir('/proc/self/fd')),
            'subscriptions': len(list(node.subscriptions)),
            'timers': len(list(node.timers)),
            'waitables': len(list(node.waitables)),
        }

    round_trip()
    before = holdings()
    for _ in range(3):
        round_trip()
    assert holdings() == before


def test_held_still_the_noise_is_measured_told_and_recorded(make_trainer):
    frames = cycle(walk(90)[:90])
    graph = collecting_graph(make_trainer, hold_still_s=2.0)
    client, future = graph.ask('hold_still')

    def answered():
        graph.see(next(frames))
        graph.until(future.done, 0.03, strict=False)
        return future.done()

    graph.until(answered)
    answer = future.result()
    assert answer.success, answer.message
    assert 'still depth images' in answer.message
    graph.user.destroy_client(client)
    noise = graph.recorded(1).sequences[0].noise
    assert noise.frames >= 8
    truth = load_profile('tof').noise.sigma(np.float32(2.0))
    assert noise.model.sigma(np.float32(2.0)) == pytest.approx(float(truth), rel=0.35)
    graph.until(lambda: graph.collecting()['noise'])


def test_a_camera_that_moves_is_not_held_still(make_trainer):
    frames = iter((walk()[4:20] + walk()[20:4:-1]) * 50)
    graph = make_trainer(hold_still_s=1.5)
    client, future = graph.ask('hold_still')

    def answered():
        graph.see(next(frames), streams=('depth',))
        graph.until(future.done, 0.05, strict=False)
        return future.done()

    graph.until(answered)
    assert not future.result().success
    assert 'moved' in future.result().message
    graph.user.destroy_client(client)
    assert graph.collecting()['noise'] is None


def test_holding_still_says_what_is_missing(make_trainer):
    graph = make_trainer()
    answer = graph.call('hold_still')
    assert not answer.success
    assert 'nobody publishes it' in answer.message
    assert graph.call('start_collecting').success


def test_deactivation_breaks_the_holding_off(make_trainer):
    graph = make_trainer(warn_after_s=100.0)
    client, future = graph.ask('hold_still')
    graph.until(lambda: graph.collecting()['state'] == 'holding still')
    assert change(graph, Transition.TRANSITION_DEACTIVATE)
    graph.until(future.done)
    assert 'broken off' in future.result().message
    graph.user.destroy_client(client)
