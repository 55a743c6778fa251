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
"""The camera node publishes as a camera does, over DDS."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import rclpy
from graph import Inbox, pixels
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rosgraph_msgs.msg import Clock as ClockMessage
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from waiting import wait_until

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.messages import stamp_ns
from cdst_ros.nodes import camera_node, gate
from cdst_ros.nodes.announce import parse_announcement
from cdst_ros.nodes.camera_node import CameraNode
from cdst_ros.nodes.gate import done_qos
from cdst_ros.nodes.playback import PlayedFrame, Source, View
from cdst_ros.recordings.writer import Picture, RecordingWriter

SMALL = {'width': 32, 'height': 24, 'scale': 2, 'loop_frames': 3, 'rate': 100.0}
RELIABLE, BEST_EFFORT = QoSReliabilityPolicy.RELIABLE, QoSReliabilityPolicy.BEST_EFFORT


class Stage:
    """A camera node and a listener, spun together by the test."""

    def __init__(self, number: int) -> None:
        self.namespace = f'/camera{number}'
        self.executor = SingleThreadedExecutor()
        self.user = rclpy.create_node('listener', namespace=self.namespace)
        self.executor.add_node(self.user)
        self.camera: CameraNode | None = None

    def play(self, **parameters: Any) -> bool:
        """Make the camera and start it."""
        self.camera = CameraNode(
            namespace=self.namespace,
            parameter_overrides=[
                Parameter(name, value=value) for name, value in {**SMALL, **parameters}.items()
            ],
        )
        self.executor.add_node(self.camera)
        return self.camera.start()

    def listen(self, kind: Any, topic: str, reliability: Any = RELIABLE) -> Inbox:
        inbox = Inbox()
        qos = QoSProfile(depth=200, reliability=reliability)
        self.user.create_subscription(kind, topic, inbox, qos)
        return inbox

    def until(self, condition: Callable[[], Any]) -> Any:
        return wait_until(condition, lambda: self.executor.spin_once(timeout_sec=0.02))

    def played(self) -> int:
        """Wait for the end; return how many frames were published."""
        assert self.camera is not None
        camera = self.camera
        self.until(lambda: camera.done)
        return int(camera._published)

    def close(self) -> None:
        self.executor.shutdown()
        for node in (self.user, self.camera):
            if node is not None:
                node.destroy_node()


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    made = Stage(abs(hash(request.node.nodeid)) % 10**8)
    yield made
    made.close()


def stamps(inbox: Inbox) -> list[int]:
    return [stamp_ns(m.header) for m in inbox.messages]


def test_depth_truth_and_colour_come_with_camera_infos_of_the_same_stamps(stage):
    inboxes = {
        f'{name}/{topic}': stage.listen(kind, f'{name}/{topic}')
        for name in ('depth', 'truth', 'rgb')
        for kind, topic in ((Image, 'image_raw'), (CameraInfo, 'camera_info'))
    }
    before = stage.user.get_clock().now().nanoseconds
    assert stage.play(frames=6, wait_for_subscribers=1)
    assert stage.played() == 6
    stage.until(lambda: all(len(inbox.messages) == 6 for inbox in inboxes.values()))
    after = stage.user.get_clock().now().nanoseconds

    reference = stamps(inboxes['depth/image_raw'])
    assert all(stamps(inbox) == reference for inbox in inboxes.values())
    assert before < reference[0] < reference[-1] < after
    depth, truth, rgb = (
        inboxes[f'{name}/image_raw'].messages[0] for name in ('depth', 'truth', 'rgb')
    )
    assert (depth.encoding, depth.width, depth.height) == ('16UC1', 32, 24)
    assert (truth.encoding, truth.width, truth.height) == ('16UC1', 64, 48)
    assert (rgb.encoding, rgb.width, rgb.height, rgb.step) == ('rgb8', 64, 48, 192)
    assert len({m.header.frame_id for m in (depth, truth, rgb)}) == 1
    infos = [
        CameraModel.from_message(inboxes[f'{name}/camera_info'].messages[0])
        for name in ('depth', 'truth')
    ]
    assert infos[1].agrees(infos[0].scaled(2, GridAlignment.HALF_PIXEL), 1e-9)
    near = np.median(pixels(depth)[pixels(depth) > 0])
    assert abs(near - np.median(pixels(truth))) < 100, 'both in millimetres'


def test_frames_keep_to_a_grid_of_times_and_every_moment_is_accounted_for(stage):
    depth = stage.listen(Image, 'depth/image_raw')
    stage.listen(CameraInfo, 'depth/camera_info')
    assert stage.play(frames=60, rate=50.0, wait_for_subscribers=1, publish_truth=False)
    assert stage.played() == 60
    stage.until(lambda: len(depth.messages) == 60)
    assert stage.camera._published + stage.camera._late == stage.camera._moment
    seconds = 1e-9 * (stamps(depth)[-1] - stamps(depth)[0])
    moments = 59 + stage.camera._late
    assert seconds == pytest.approx(moments / 50.0, abs=0.1), 'no drift, no bunch'


def test_camera_waits_for_its_subscribers(stage):
    assert stage.play(frames=3, wait_for_subscribers=2)
    depth = stage.listen(Image, 'depth/image_raw')
    stage.listen(CameraInfo, 'depth/camera_info')
    stage.until(stage.camera._reel.ready.is_set)
    stage.until(lambda: stage.camera._topics['depth'].listeners() == 1)
    for _ in range(20):
        stage.executor.spin_once(timeout_sec=0.02)
    assert not depth.messages
    stage.listen(Image, 'depth/image_raw')
    stage.listen(CameraInfo, 'depth/camera_info')
    for _ in range(20):
        stage.executor.spin_once(timeout_sec=0.02)
    assert not depth.messages, 'the truth has no subscriber yet'
    stage.listen(Image, 'truth/image_raw')
    stage.listen(CameraInfo, 'truth/camera_info')
    assert stage.played() == 3
    stage.until(lambda: len(depth.messages) == 3)


def test_truth_is_published_as_rarely_as_asked(stage):
    truth = stage.listen(Image, 'truth/image_raw')
    stage.listen(CameraInfo, 'truth/camera_info')
    depth = stage.listen(Image, 'depth/image_raw')
    stage.listen(CameraInfo, 'depth/camera_info')
    assert stage.play(frames=8, truth_every=2, wait_for_subscribers=1)
    assert stage.played() == 8
    stage.until(lambda: len(depth.messages) == 8)
    stage.until(lambda: len(truth.messages) == 4)
    assert stamps(truth) == stamps(depth)[::2]


@pytest.mark.parametrize(('loop', 'published'), [(True, 7), (False, 4)])
def test_recording_is_played_once_or_again(stage, tmp_path, loop, published):
    camera = CameraModel.from_intrinsics(20, 20, 7.5, 5.5, 16, 12)
    with RecordingWriter(tmp_path / 'r', rate_hz=200.0) as writer:
        for k in range(4):
            depth = np.full((12, 16), 1.0 + k, np.float32)
            writer.append(1 + k, Picture(depth, 'optical', camera))
    inbox = stage.listen(Image, 'depth/image_raw')
    stage.listen(CameraInfo, 'depth/camera_info')
    assert stage.play(
        source=str(tmp_path / 'r'), rate=0.0, loop=loop, frames=7, wait_for_subscribers=1
    )
    assert stage.played() == published
    stage.until(lambda: len(inbox.messages) == published)
    values = [int(pixels(m)[0, 0]) for m in inbox.messages]
    assert values == ([1000, 2000, 3000, 4000] * 2)[:published]
    assert inbox.messages[0].header.frame_id == 'optical'
    assert not stage.user.get_publishers_info_by_topic(f'{stage.namespace}/truth/image_raw')


def test_frames_that_come_too_late_are_left_out_and_counted(stage, monkeypatch):
    release = threading.Event()

    def frames() -> Iterator[PlayedFrame]:
        image = np.full((4, 4), 1.0, np.float32)
        yield PlayedFrame(View(image, None, 'optical'))
        release.wait(30)
        yield PlayedFrame(View(image, None, 'optical'))

    slow = Source('slow', None, None, has_color=False, has_truth=False, frames=frames)
    monkeypatch.setattr(camera_node, 'open_source', lambda *_: slow)
    assert stage.play(loop=False, ahead=1)
    stage.until(lambda: stage.camera._late >= 3)
    assert stage.camera._published == 1
    release.set()
    assert stage.played() == 2


def test_source_that_breaks_ends_the_camera_and_is_told(stage, monkeypatch):
    def frames() -> Iterator[PlayedFrame]:
        raise OSError('unplugged')
        yield

    broken = Source('broken', 3, None, has_color=False, has_truth=False, frames=frames)
    monkeypatch.setattr(camera_node, 'open_source', lambda *_: broken)
    assert stage.play(wait_for_subscribers=5)
    assert stage.played() == 0
    assert stage.camera.failed


def test_reliability_is_offered_as_asked(stage):
    assert stage.play(reliability='best_effort', wait_for_subscribers=9)
    topic = f'{stage.namespace}/depth/image_raw'
    found = stage.until(lambda: stage.user.get_publishers_info_by_topic(topic))
    assert found[0].qos_profile.reliability == BEST_EFFORT
    assert found[0].qos_profile.depth in (5, 0), 'where the middleware tells it'


@pytest.mark.parametrize(
    'wrong',
    [{'source': '/nowhere'}, {'profile': 'x'}, {'reliability': 'sometimes'}, {'clock': True}],
)
def test_nonsense_is_refused_at_start(stage, wrong):
    assert not stage.play(**wrong)


@pytest.mark.parametrize('signum', [signal.SIGINT, signal.SIGTERM])
def test_process_plays_until_a_signal_and_says_what_it_played(signum):
    parameters = {**SMALL, 'events': 'true'}
    command = [sys.executable, '-m', 'cdst_ros.nodes.camera_node', '--ros-args']
    command += ['-r', f'__ns:=/camera_process_{signum}']
    for name, value in parameters.items():
        command += ['-p', f'{name}:={value}']
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stdout is not None
    for line in process.stdout:
        if parse_announcement(line) == ('playing', {}):
            break
    process.send_signal(signum)
    out, error = process.communicate(timeout=30)
    assert process.returncode == 0, error
    event = parse_announcement(out.strip().split('\n')[-1])
    assert event is not None
    assert event[0] == 'played'
    assert set(event[1]) == {'published', 'late', 'missed'}


def recording_of(path: Any, frames: int) -> list[int]:
    """Write a recording with uneven stamps; return them [ns]."""
    camera = CameraModel.from_intrinsics(20, 20, 7.5, 5.5, 16, 12)
    stamps = [1_700_000_000 * 10**9 + 40_000_000 * k + 1000 * k * k for k in range(frames)]
    with RecordingWriter(path, rate_hz=25.0) as writer:
        for stamp in stamps:
            writer.append(stamp, Picture(np.full((12, 16), 1.2345, np.float32), 'optical', camera))
    return stamps


def test_recorded_stamps_are_kept_and_told_on_the_clock(stage, tmp_path):
    stamps = recording_of(tmp_path / 'walk', 5)
    images = stage.listen(Image, 'depth/image_raw')
    clocks = stage.listen(ClockMessage, '/clock')
    assert stage.play(
        source=str(tmp_path / 'walk'),
        loop=False,
        stamps='recorded',
        clock=True,
        encoding='32FC1',
        wait_for_subscribers=1,
    )
    stage.listen(CameraInfo, 'depth/camera_info')
    assert stage.played() == 5
    stage.until(lambda: len(images.messages) == 5)
    assert [stamp_ns(msg.header) for msg in images.messages] == stamps
    assert images.messages[0].encoding == '32FC1'
    # Image and clock of one moment may come in either order.
    stage.until(lambda: len(clocks.messages) >= len(stamps))
    told = [10**9 * msg.clock.sec + msg.clock.nanosec for msg in clocks.messages]
    assert told == stamps


def test_player_waits_until_each_frame_has_been_dealt_with(stage, tmp_path):
    stamps = recording_of(tmp_path / 'walk', 4)
    images = stage.listen(Image, 'depth/image_raw')
    stage.listen(CameraInfo, 'depth/camera_info')
    assert stage.play(
        source=str(tmp_path / 'walk'),
        loop=False,
        stamps='recorded',
        wait_for='evaluator/done',
        wait_for_subscribers=1,
    )
    for _ in range(40):
        stage.executor.spin_once(timeout_sec=0.01)
    assert not images.messages, 'nobody is there yet'
    answers = stage.user.create_publisher(Header, 'evaluator/done', done_qos())
    answers.publish(Header())
    for k in range(4):
        stage.until(lambda k=k: len(images.messages) == k + 1)
        answers.publish(Header())  # of another stamp: no answer
        for _ in range(20):
            stage.executor.spin_once(timeout_sec=0.01)
        assert len(images.messages) == k + 1
        assert not stage.camera.done
        answers.publish(images.messages[-1].header)
    assert stage.played() == 4
    assert [stamp_ns(msg.header) for msg in images.messages] == stamps


def test_frame_that_nobody_deals_with_is_given_up(stage, tmp_path):
    recording_of(tmp_path / 'walk', 3)
    stage.user.create_publisher(Header, 'done', done_qos()).publish(Header())
    images = stage.listen(Image, 'depth/image_raw')
    assert stage.play(source=str(tmp_path / 'walk'), loop=False, wait_for='done', wait_timeout=0.2)
    assert stage.played() == 3
    assert stage.camera._gate.missed == 3
    assert len(images.messages) <= 3


def test_frame_without_an_answer_is_sent_again(stage, tmp_path, monkeypatch):
    monkeypatch.setattr(gate, '_AGAIN_S', 0.1)
    stamps = recording_of(tmp_path / 'walk', 2)
    images = stage.listen(Image, 'depth/image_raw')
    stage.listen(CameraInfo, 'depth/camera_info')
    answers = stage.user.create_publisher(Header, 'done', done_qos())
    answers.publish(Header())
    assert stage.play(
        source=str(tmp_path / 'walk'),
        loop=False,
        stamps='recorded',
        wait_for='done',
        wait_for_subscribers=1,
    )
    for k in range(2):
        stage.until(lambda k=k: [stamp_ns(m.header) for m in images.messages].count(stamps[k]) > 1)
        answers.publish(images.messages[-1].header)
    assert stage.played() == 2, 'each counts once'
    assert stage.camera._gate.missed == 0
