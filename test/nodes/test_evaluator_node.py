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
"""The evaluator counts, times and scores what it hears over DDS, and knows when to end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from graph import camera, heard, image, info
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from waiting import wait_until

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.messages import stamp_ns
from cdst_ros.nodes.announce import parse_announcement
from cdst_ros.nodes.evaluator_node import EvaluatorNode, conclude
from cdst_ros.nodes.gate import done_qos

SCALE = 2
LOW = camera()
HIGH = LOW.scaled(SCALE, GridAlignment.HALF_PIXEL)


def plane(height: int, width: int) -> np.ndarray:
    """Return a slanted wall (H, W) [m], the same at every size."""
    at = (np.arange(width, dtype=np.float32) + 0.5) / width
    return np.ascontiguousarray((1.0 + at)[None].repeat(height, axis=0))


class Band:
    """Publishes input, output and truth; whoever listens is spun along."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.executor = SingleThreadedExecutor()
        self.node = rclpy.create_node('band', namespace=namespace)
        self.executor.add_node(self.node)
        self.listener: EvaluatorNode | None = None
        self.publishers: dict[str, Any] = {}
        self.start_s = 1e-9 * self.node.get_clock().now().nanoseconds
        for name in ('depth_hr', 'depth', 'truth'):
            self.advertise(name)

    def advertise(self, name: str, reliability: Any = QoSReliabilityPolicy.RELIABLE) -> None:
        qos = QoSProfile(depth=50, reliability=reliability)
        for kind, topic in ((Image, 'image_raw'), (CameraInfo, 'camera_info')):
            self.publishers[f'{name}/{topic}'] = self.node.create_publisher(
                kind, f'{name}/{topic}', qos
            )

    def evaluate(self, **parameters: Any) -> EvaluatorNode:
        """Start an evaluator and wait until it hears everything."""
        self.listener = EvaluatorNode(
            namespace=self.namespace,
            parameter_overrides=[Parameter(n, value=v) for n, v in parameters.items()],
        )
        self.executor.add_node(self.listener)
        assert self.listener.start()
        elsewhere = parameters.get('score_frames') == 0 or 'reference_topic' in parameters
        silent = ('truth',) if elsewhere else ()
        wanted = [p for n, p in self.publishers.items() if not n.startswith(silent)]
        self.until(lambda: heard(self.node, wanted))
        return self.listener

    def until(self, condition: Callable[[], Any]) -> Any:
        return wait_until(condition, self.spin)

    def spin(self) -> None:
        self.executor.spin_once(timeout_sec=0.02)

    def spin_until_taken(self) -> None:
        """Spin until nothing more is ready: subscriptions keep the last few messages only."""
        for _ in range(10):
            self.executor.spin_once(timeout_sec=0)

    def stamp(self, k: int) -> float:
        """Return the stamp of frame ``k`` [s]."""
        return round(self.start_s + 0.01 * k, 3)

    def send(
        self,
        stamp: float,
        *,
        error_m: float = 0.0,
        out: bool = True,
        truth: bool = True,
        high: CameraModel = HIGH,
    ) -> None:
        """Publish one frame at every place of the chain."""
        exact = plane(HIGH.height, HIGH.width)
        self.publishers['depth/image_raw'].publish(image(plane(LOW.height, LOW.width), stamp))
        self.publishers['depth/camera_info'].publish(info(LOW, stamp))
        if truth:
            self.publishers['truth/camera_info'].publish(info(HIGH, stamp))
            self.publishers['truth/image_raw'].publish(image(exact, stamp))
        if out:
            self.publishers['depth_hr/camera_info'].publish(info(high, stamp))
            self.publishers['depth_hr/image_raw'].publish(image(exact + error_m, stamp))
        self.spin_until_taken()

    def withdraw(self, name: str) -> None:
        for topic in ('image_raw', 'camera_info'):
            self.node.destroy_publisher(self.publishers.pop(f'{name}/{topic}'))

    def close(self) -> None:
        self.executor.shutdown()
        for node in (self.node, self.listener):
            if node is not None:
                node.destroy_node()


@pytest.fixture
def band(request: pytest.FixtureRequest) -> Iterator[Band]:
    made = Band(f'/band{abs(hash(request.node.nodeid)) % 10**8}')
    yield made
    made.close()


def test_frames_are_counted_by_stamp_however_they_come(band):
    listener = band.evaluate()
    for k in range(10):
        band.send(band.stamp(k), out=k not in (3, 4), truth=False)
    band.publishers['depth_hr/image_raw'].publish(image(plane(48, 64), band.stamp(0)))
    tally = listener.noted.tally
    band.until(lambda: (tally.frames_in, tally.frames_out) == (10, 8))
    band.until(lambda: listener.noted.cameras.paired == 8)
    assert listener.noted.input_size == (32, 24)
    assert listener.noted.output_size == (64, 48)
    assert listener.noted.cameras.input == 10


def test_latency_is_from_stamp_to_receipt(band):
    listener = band.evaluate()
    age_s = 5.0
    for _ in range(5):
        now_s = 1e-9 * band.node.get_clock().now().nanoseconds
        band.send(now_s - age_s)
        band.spin()
    band.until(lambda: listener.noted.tally.frames_out == 5)
    latency = listener.noted.tally.latency_ms()
    assert latency is not None
    assert 1e3 * age_s <= latency['p50'] < 1e3 * age_s + 5e3


def test_camera_infos_that_do_not_fit_are_counted(band):
    listener = band.evaluate()
    picked = LOW.scaled(SCALE, GridAlignment.PICKED)
    for k, high in enumerate((HIGH, picked, LOW)):
        band.send(band.stamp(k), high=high)
        band.until(lambda k=k: listener.noted.cameras.paired == k + 1)
    found = listener.noted.cameras
    assert (found.wrong_size, found.wrong_intrinsics) == (1, 2)


def test_report_and_picture_tell_the_error_that_was_made(band, tmp_path):
    listener = band.evaluate(
        report=str(tmp_path / 'r.json'),
        picture=str(tmp_path / 'p.png'),
        score_frames=4,
        model='',
    )
    diagnostics = band.node.create_publisher(DiagnosticArray, '/diagnostics', 10)
    status = DiagnosticStatus(hardware_id=f'{band.namespace}/superres')
    status.values = [KeyValue(key='model', value='tiny'), KeyValue(key='engine', value='none')]
    for k in range(12):
        band.send(band.stamp(k), error_m=0.02)
        band.spin()
    band.until(lambda: listener.noted.tally.frames_out == 12)
    band.until(lambda: 2 <= len(listener.noted.samples) <= 4)

    def told() -> bool:
        other = DiagnosticStatus(hardware_id='/elsewhere/superres')
        diagnostics.publish(DiagnosticArray(status=[other, status]))
        band.spin()
        return bool(listener.noted.superres)

    band.until(told)
    assert conclude(listener.noted, listener.settings) == 0
    report = json.loads((tmp_path / 'r.json').read_text())
    assert report['rmse_cm']['model'] == pytest.approx(2.0, abs=0.05)
    assert report['rmse_cm']['bilinear'] < 0.5
    assert (report['model'], report['engine']) == ('tiny', 'none')
    assert (report['frames_in'], report['frames_out'], report['dropped']) == (12, 12, 0)
    assert report['broken_promises']['outside'] > 0, '2 cm is more than a plane allows'
    assert (tmp_path / 'p.png').stat().st_size > 10_000


def test_truth_of_another_size_is_not_scored(band):
    listener = band.evaluate()
    band.publishers['truth/image_raw'].publish(image(plane(24, 32), band.stamp(0)))
    band.send(band.stamp(0), truth=False)
    band.send(band.stamp(1))
    band.until(lambda: len(listener.noted.samples) == 1)


def test_nothing_heard_is_a_failure_and_says_so(band, tmp_path):
    listener = band.evaluate(report=str(tmp_path / 'r.json'))
    assert conclude(listener.noted, listener.settings) == 1
    assert json.loads((tmp_path / 'r.json').read_text())['frames_out'] == 0


def test_report_that_cannot_be_written_is_a_failure(band):
    listener = band.evaluate(report='/nowhere/at/all/r.json')
    assert conclude(listener.noted, listener.settings) == 1


def test_ends_after_the_frames_asked_for(band):
    listener = band.evaluate(frames=3)
    for k in range(3):
        assert not listener.done
        band.send(band.stamp(k))
        band.until(lambda k=k: listener.noted.tally.frames_out == k + 1)
    band.until(lambda: listener.done)


def test_ends_after_the_time_asked_for(band):
    listener = band.evaluate(duration=0.2)
    band.send(band.stamp(0))
    band.until(lambda: listener.done)


def test_ends_when_the_input_has_gone_and_all_of_it_has_come_out(band):
    listener = band.evaluate()
    band.send(band.stamp(0))
    band.send(band.stamp(1), out=False)
    band.until(lambda: listener.noted.tally.frames_in == 2)
    band.withdraw('depth')
    band.until(lambda: listener._input_gone_s is not None)
    assert not listener.done, 'one is still to come out'
    band.publishers['depth_hr/image_raw'].publish(image(plane(48, 64), band.stamp(1)))
    band.until(lambda: listener.done)


def test_does_not_wait_for_ever_for_a_frame_that_was_dropped(band):
    listener = band.evaluate()
    band.send(band.stamp(0), out=False)
    band.until(lambda: listener.noted.tally.frames_in == 1)
    band.withdraw('depth')
    band.until(lambda: listener.done)


def test_counting_alone_leaves_the_truth_alone(band):
    listener = band.evaluate(score_frames=0)
    band.send(band.stamp(0), truth=False)
    band.until(lambda: listener.noted.tally.frames_out == 1)
    assert not band.node.count_subscribers('truth/image_raw')


def test_best_effort_publishers_are_heard_when_asked_for(band):
    band.withdraw('depth_hr')
    band.advertise('depth_hr', QoSReliabilityPolicy.BEST_EFFORT)
    listener = band.evaluate(reliability='best_effort')

    def heard() -> int:
        band.send(1e-9 * band.node.get_clock().now().nanoseconds)
        band.spin()
        return int(listener.noted.tally.frames_out)

    band.until(heard)


def test_nonsense_is_refused_at_start(band):
    listener = EvaluatorNode(
        namespace=band.namespace, parameter_overrides=[Parameter('reliability', value='maybe')]
    )
    assert not listener.start()
    listener.destroy_node()


def test_process_reports_what_it_heard_when_interrupted(band):
    command = [sys.executable, '-m', 'cdst_ros.nodes.evaluator_node', '--ros-args']
    command += ['-r', f'__ns:={band.namespace}', '-p', 'events:=true']
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    publishers = band.publishers.values()
    band.until(lambda: heard(band.node, publishers))
    assert process.stdout is not None
    sent = 0
    for line in process.stdout:
        event = parse_announcement(line)
        assert event is not None
        if event[0] == 'heard' and event[1]['frames_out'] >= 3:
            break
        band.send(band.stamp(sent))
        sent += 1
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    last = parse_announcement(out.strip().split('\n')[-1])
    assert last is not None
    assert last[0] == 'report'
    assert 3 <= last[1]['frames_out'] <= sent
    assert last[1]['rmse_cm']['model'] == pytest.approx(0.0, abs=0.1)


def test_any_reference_of_the_outputs_size_will_do_within_the_tolerance(band):
    reference = band.node.create_publisher(Image, 'other/depth', 10)
    listener = band.evaluate(reference_topic='other/depth', reference_tolerance=0.004)
    band.until(lambda: heard(band.node, [reference]))
    exact = plane(HIGH.height, HIGH.width)
    for k, late_s in enumerate((0.003, 0.006)):
        reference.publish(image(exact, band.stamp(10 * k) + late_s))
        band.send(band.stamp(10 * k), error_m=0.01, truth=False)
    band.until(lambda: listener.noted.running.frames)
    assert listener.noted.running.overall()['rmse_cm'] == pytest.approx(1.0, abs=0.06)
    band.until(lambda: listener.noted.tally.frames_out == 2)
    assert listener.noted.running.frames == 1, '6 ms are too far'


def test_error_images_are_signed_and_come_only_when_somebody_listens(band):
    listener = band.evaluate(error_span=0.04)
    band.send(band.stamp(0), error_m=-0.02)
    band.until(lambda: listener.noted.running.frames == 1)
    errors: list[Image] = []
    pictures: list[Image] = []
    band.node.create_subscription(Image, 'evaluator/error', errors.append, 10)
    band.node.create_subscription(Image, 'evaluator/error_picture', pictures.append, 10)
    band.until(lambda: band.node.count_publishers('evaluator/error'))
    band.until(lambda: listener.count_subscribers('evaluator/error_picture'))
    sent = iter(range(1, 100))

    def came() -> bool:
        band.send(band.stamp(next(sent)), error_m=-0.02)
        band.spin()
        return bool(errors and pictures)

    band.until(came)
    (error, picture) = errors[0], pictures[0]
    assert (error.encoding, picture.encoding) == ('32FC1', 'bgr8')
    assert error.header.frame_id == 'depth_optical'
    signed = np.frombuffer(error.data, np.float32).reshape(error.height, error.width)
    assert np.median(signed) == pytest.approx(-0.02, abs=1e-3)
    painted = np.frombuffer(picture.data, np.uint8).reshape(picture.height, picture.width, 3)
    blue, _, red = np.median(painted.reshape(-1, 3), axis=0)
    assert blue > red + 40, 'too near'


def hear_diagnostics(band) -> list[DiagnosticStatus]:
    """What our evaluator says from now on; other nodes may speak on the topic, too."""
    statuses: list[DiagnosticStatus] = []
    ours = f'{band.namespace}/evaluator'
    band.node.create_subscription(
        DiagnosticArray,
        '/diagnostics',
        lambda msg: statuses.extend(s for s in msg.status if s.hardware_id == ours),
        10,
    )
    return statuses


def test_running_figures_are_on_diagnostics(band):
    listener = band.evaluate()
    statuses = hear_diagnostics(band)
    for k in range(3):
        band.send(band.stamp(k), error_m=0.03)
    band.until(lambda: listener.noted.running.frames == 3)
    statuses.clear()
    band.until(lambda: statuses)
    assert statuses[-1].message.startswith('RMSE 3.0')
    values = {item.key: item.value for item in statuses[-1].values}
    assert values['frames compared'] == '3'
    assert float(values['RMSE [cm], all frames']) == pytest.approx(3.0, abs=0.05)


def test_output_that_nothing_is_compared_with_is_a_warning(band):
    listener = band.evaluate()
    statuses = hear_diagnostics(band)
    band.send(band.stamp(0), truth=False)
    band.until(lambda: listener.noted.tally.frames_out == 1)
    statuses.clear()
    band.until(lambda: statuses)
    assert statuses[-1].level == DiagnosticStatus.WARN
    assert 'truth/image_raw has no image of the same stamp' in statuses[-1].message


def test_sigma_belongs_to_the_sample_and_done_tells_the_stamp(band):
    sigma = band.node.create_publisher(Image, 'superres/sigma', 10)
    listener = band.evaluate(sigma_topic='superres/sigma', score_frames=-1)
    done: list[Header] = []
    band.node.create_subscription(Header, 'evaluator/done', done.append, done_qos())
    band.until(lambda: heard(band.node, [sigma]))
    band.until(lambda: done)
    assert stamp_ns(done.pop()) == 0, 'the evaluator is ready'
    for k in range(2):
        band.send(band.stamp(k))
        sigma.publish(image(np.full((48, 64), 0.01 * (k + 1), np.float32), band.stamp(k), '32FC1'))
        band.until(lambda k=k: len(done) == k + 1)
    band.send(band.stamp(1))
    sigma.publish(image(np.full((48, 64), 0.02, np.float32), band.stamp(1), '32FC1'))
    band.until(lambda: len(done) == 3)
    kept = list(listener.noted.samples)
    assert len(kept) == 2, 'what comes again is answered, and not scored again'
    assert [float(sample.sigma.max()) for sample in kept] == pytest.approx([0.01, 0.02])
    assert [stamp_ns(header) for header in done[:2]] == [sample.stamp_ns for sample in kept]
