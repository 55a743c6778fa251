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
"""The evaluator node: listens to the output, counts it, and scores it against the truth."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.logging import get_logger
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.encodings import DepthDecodeError, decode
from cdst_ros.depth.messages import stamp_ns
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.depth.pairing import StampPairer
from cdst_ros.evaluation.live import LiveRun, Sample, SpreadSamples
from cdst_ros.evaluation.live_report import summarise, write_picture
from cdst_ros.nodes.announce import Announcer
from cdst_ros.nodes.evaluator_parameters import EvaluatorParameters
from cdst_ros.nodes.mailbox import Mailbox
from cdst_ros.nodes.process import run
from cdst_ros.nodes.qos import BEST_EFFORT, RELIABLE, image_qos, subscription_overrides
from cdst_ros.nodes.subscription import AdaptiveSubscription
from cdst_ros.nodes.throttle import ThrottledLog
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engine import ModelError
from cdst_ros.superres.store import find_model

_RELIABILITY = {'reliable': RELIABLE, 'best_effort': BEST_EFFORT}
#: Frames that one topic may run ahead of another.
_CAPACITY = 16
#: How often to look who publishes, and whether the end has come [s].
_LOOK_S = 0.05
#: How often to look how the inputs are published [s].
_ADAPT_S = 1.0
#: How long the last frames may take to come out once the input has gone [s].
_PATIENCE_S = 3.0
#: How often to say how many frames there are [s].
_PROGRESS_S = 0.25


class EvaluatorNode(Node):  # type: ignore[misc]
    """
    Receives and notes; whatever takes time is done after the run, by ``conclude``.

    It subscribes to the output first. Only when that is published does it subscribe to the input
    and the truth, so that a camera which waits for subscribers begins when the whole chain
    stands.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__('evaluator', **arguments)
        EvaluatorParameters.declare(self)
        self.settings = EvaluatorParameters.read(self)
        self.noted = LiveRun(SpreadSamples(self.settings.score_frames))
        #: Whether there is nothing more to listen to.
        self.done = False
        self._announcer = Announcer(self.settings.events)
        self._log = ThrottledLog(self.get_logger())
        self._mailbox = Mailbox(self)
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._inputs: list[AdaptiveSubscription] = []
        self._input_came = False
        self._input_gone_s: float | None = None
        self._first_s: float | None = None
        self._told_s = 0.0
        self._truth_camera: CameraModel | None = None
        self._images = StampPairer[Any](('high', 'low', 'truth'), 0, _CAPACITY)
        self._infos = StampPairer[Any](('high', 'info'), 0, _CAPACITY)

    def start(self) -> bool:
        """Subscribe to the output; False when a parameter makes no sense."""
        try:
            self.settings.check()
        except ValueError as error:
            self.get_logger().fatal(f'refuses to start: {error}')
            return False
        qos = image_qos(_RELIABILITY[self.settings.reliability])
        options = subscription_overrides()
        for kind, topic, callback in (
            (Image, 'depth_hr/image_raw', self._on_output),
            (CameraInfo, 'depth_hr/camera_info', self._on_output_info),
        ):
            self.create_subscription(kind, topic, callback, qos, qos_overriding_options=options)
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)
        self.create_timer(_LOOK_S, self._look, clock=self._steady)
        self.create_timer(_ADAPT_S, self._adapt, clock=self._steady)
        return True

    def destroy_node(self) -> None:
        """Withdraw from the graph."""
        self._mailbox.close()
        for subscription in self._inputs:
            subscription.destroy()
        super().destroy_node()

    def _subscribe_to_inputs(self) -> None:
        topics: list[tuple[Any, str, Any]] = [
            (Image, 'depth/image_raw', self._on_input),
            (CameraInfo, 'depth/camera_info', self._on_input_info),
        ]
        if self.settings.score_frames:
            topics += [
                (Image, 'truth/image_raw', self._on_truth),
                (CameraInfo, 'truth/camera_info', self._on_truth_info),
            ]
        self._inputs = [
            AdaptiveSubscription(self, self._mailbox, kind, topic, callback)
            for kind, topic, callback in topics
        ]
        self._announcer.say('listening')
        self.get_logger().info('listening')

    def _on_output(self, msg: Image) -> None:
        received_ns, now_s = self.get_clock().now().nanoseconds, time.monotonic()
        stamp = stamp_ns(msg.header)
        self.noted.tally.add_output(stamp, received_ns, round(now_s * 1e9))
        self.noted.output_size = (msg.width, msg.height)
        if self._first_s is None:
            self._first_s = now_s
        self._pair('high', stamp, msg)
        self._check_info(self._infos.push('high', stamp, (msg.width, msg.height)))

    def _on_output_info(self, msg: CameraInfo) -> None:
        self._check_info(self._infos.push('info', stamp_ns(msg.header), msg))

    def _on_input(self, msg: Image) -> None:
        self._input_came = True
        stamp = stamp_ns(msg.header)
        self.noted.tally.add_input(stamp)
        self.noted.input_size = (msg.width, msg.height)
        self._pair('low', stamp, msg)

    def _on_input_info(self, msg: CameraInfo) -> None:
        self.noted.cameras.input += 1

    def _on_truth(self, msg: Image) -> None:
        self._pair('truth', stamp_ns(msg.header), msg)

    def _on_truth_info(self, msg: CameraInfo) -> None:
        self._truth_camera = CameraModel.from_message(msg)

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        ours = f'{self.get_namespace().rstrip("/")}/superres'
        for status in msg.status:
            if status.hardware_id == ours:
                self.noted.superres = {item.key: item.value for item in status.values}

    def _pair(self, name: str, stamp: int, msg: Image) -> None:
        found = self._images.push(name, stamp, msg)
        while found is not None:
            self._keep(found)
            found = self._images.pop()

    def _keep(self, found: dict[str, Image]) -> None:
        if not self.noted.samples.wants_next():
            return
        try:
            sample = Sample(decode(found['low']), decode(found['high']), decode(found['truth']))
        except DepthDecodeError as error:
            self._log.warn(f'cannot score a frame: {error}')
            return
        if sample.high.shape == sample.truth.shape:
            self.noted.samples.keep(sample)
            return
        high, truth = (f'{d.shape[1]}x{d.shape[0]}' for d in (sample.high, sample.truth))
        self._log.warn(
            f'cannot score: the output is {high}, the truth {truth}; give the camera the scale '
            'of the model',
        )

    def _check_info(self, found: dict[str, Any] | None) -> None:
        while found is not None:
            camera = CameraModel.from_message(found['info'])
            self.noted.cameras.add(camera, found['high'], self._truth_camera)
            found = self._infos.pop()

    def _look(self) -> None:
        """Follow the graph, and see whether the end has come."""
        if not self._inputs:
            if self.count_publishers('depth_hr/image_raw'):
                self._subscribe_to_inputs()
            return
        self._tell_progress()
        self.done = self._enough() or self._input_ended()

    def _adapt(self) -> None:
        """Ask the inputs for what their publishers offer, where no event told of a change."""
        for subscription in self._inputs:
            subscription.update()

    def _tell_progress(self) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= _PROGRESS_S:
            self._told_s = now_s
            tally = self.noted.tally
            self._announcer.say('heard', frames_in=tally.frames_in, frames_out=tally.frames_out)

    def _enough(self) -> bool:
        wanted = self.settings
        if wanted.frames and self.noted.tally.frames_out >= wanted.frames:
            return True
        return bool(
            wanted.duration
            and self._first_s is not None
            and time.monotonic() - self._first_s >= wanted.duration
        )

    def _input_ended(self) -> bool:
        """Whether the input was published, is no more, and all that was in it has come out."""
        if not self._input_came or self.count_publishers('depth/image_raw'):
            self._input_gone_s = None
            return False
        now_s = time.monotonic()
        if self._input_gone_s is None:
            self._input_gone_s = now_s
        waited_s = now_s - self._input_gone_s
        return self.noted.tally.is_complete() or waited_s >= _PATIENCE_S


def conclude(noted: LiveRun, parameters: EvaluatorParameters) -> int:
    """Score, report and draw what was noted; return the exit code: 1 when nothing came out."""
    logger = get_logger('evaluator')
    report = summarise(noted, _noise(parameters.model), parameters.bound_sigmas)
    try:
        if parameters.picture:
            path = Path(parameters.picture)
            drawn = write_picture(noted, report, parameters.label, path)
            report['picture'] = str(path) if drawn else None
        if parameters.report:
            Path(parameters.report).write_text(json.dumps(report, indent=2) + '\n')
    except OSError as error:
        logger.error(f'cannot write: {error}')
        return 1
    Announcer(parameters.events).say('report', **report)
    logger.info(f'{report["frames_out"]} of {report["frames_in"]} frames came out')
    return 0 if report['frames_out'] else 1


def _noise(model: str) -> NoiseModel:
    """Return the noise that the model's bound allows for; none for classical methods."""
    try:
        return read_metadata(find_model(model)).noise
    except ModelError:
        return NoiseModel()


def main(args: Sequence[str] | None = None) -> int:
    """Run the evaluator until it has heard enough, or a signal; 1 when nothing came out."""
    nodes: list[EvaluatorNode] = []

    def make() -> EvaluatorNode:
        nodes.append(EvaluatorNode())
        return nodes[0]

    code = run(make, start=EvaluatorNode.start, finished=lambda node: node.done, args=args)
    return code or conclude(nodes[0].noted, nodes[0].settings)


if __name__ == '__main__':
    sys.exit(main())
