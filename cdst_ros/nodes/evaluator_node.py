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
from functools import partial
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.logging import get_logger
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.messages import stamp_ns
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.depth.pairing import StampPairer
from cdst_ros.evaluation.html.libraries import check_libraries
from cdst_ros.evaluation.live import LiveRun, Samples, SpreadSamples
from cdst_ros.evaluation.live_recording import Listened, recording_report
from cdst_ros.evaluation.live_report import summarise, write_picture
from cdst_ros.evaluation.plain import json_text
from cdst_ros.evaluation.report import EvaluationError
from cdst_ros.evaluation.spool import SpooledSamples
from cdst_ros.nodes.announce import Announcer
from cdst_ros.nodes.comparison import Comparison, Matched
from cdst_ros.nodes.error_topics import ErrorTopics
from cdst_ros.nodes.evaluator_diagnostics import diagnose
from cdst_ros.nodes.evaluator_parameters import EvaluatorParameters
from cdst_ros.nodes.gate import done_qos
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
#: Frames held until the camera of the reference is known.
_HELD = 4
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
    Receives and notes; what takes time is done on a thread, or after the run.

    It subscribes to the output first. Only when that is published does it subscribe to the input
    and the truth, so that a camera which waits for subscribers begins when the whole chain
    stands.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__('evaluator', **arguments)
        EvaluatorParameters.declare(self)
        self.settings = EvaluatorParameters.read(self)
        self.noted = LiveRun(
            _samples(self.settings.score_frames),
            simulated=bool(self.get_parameter('use_sim_time').value),
        )
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
        self._truth_info_topic = _beside(self.settings.reference_topic, 'camera_info')
        self._held: list[dict[str, Image]] = []
        names = ('high', 'low', 'truth', *(('sigma',) if self.settings.sigma_topic else ()))
        tolerance_ns = round(1e9 * self.settings.reference_tolerance)
        self._images = StampPairer[Any](names, tolerance_ns, _CAPACITY)
        self._infos = StampPairer[Any](('high', 'info'), 0, _CAPACITY)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 1)
        self._done = self.create_publisher(Header, '~/done', done_qos())
        self._comparison = Comparison(
            self.noted,
            ErrorTopics(self, self.settings.error_span),
            self._log,
            running=self.settings.running,
            depth_scale=self.settings.depth_scale,
            done=self._done.publish,
        )

    def start(self) -> bool:
        """Subscribe to the output; False when a parameter makes no sense."""
        try:
            self.settings.check()
            if self.settings.html:
                check_libraries()
        except ValueError as error:
            self.get_logger().fatal(f'refuses to start: {error}')
            return False
        qos = image_qos(_RELIABILITY[self.settings.reliability])
        options = subscription_overrides()
        outputs: list[tuple[Any, str, Any]] = [
            (Image, 'depth_hr/image_raw', self._on_output),
            (CameraInfo, 'depth_hr/camera_info', self._on_output_info),
        ]
        if self.settings.sigma_topic:
            outputs.append((Image, self.settings.sigma_topic, partial(self._on_image, 'sigma')))
        for kind, topic, callback in outputs:
            self.create_subscription(kind, topic, callback, qos, qos_overriding_options=options)
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)
        self.create_timer(_LOOK_S, self._look, clock=self._steady)
        self.create_timer(_ADAPT_S, self._each_second, clock=self._steady)
        return True

    def destroy_node(self) -> None:
        """Withdraw from the graph."""
        self._mailbox.close()
        for subscription in self._inputs:
            subscription.destroy()
        self._submit_held()
        self._comparison.finish()
        super().destroy_node()

    def _subscribe_to_inputs(self) -> None:
        topics: list[tuple[Any, str, Any]] = [
            (Image, 'depth/image_raw', self._on_input),
            (CameraInfo, 'depth/camera_info', self._on_input_info),
        ]
        if self.settings.score_frames:
            reference = self.settings.reference_topic
            topics += [
                (Image, reference, partial(self._on_image, 'truth')),
                (CameraInfo, self._truth_info_topic, self._on_truth_info),
            ]
        self._inputs = [
            AdaptiveSubscription(self, self._mailbox, kind, topic, callback)
            for kind, topic, callback in topics
        ]
        self._done.publish(Header())  # a player that waits for us may begin
        self._announcer.say('listening')
        self.get_logger().info('listening')

    def _on_output(self, msg: Image) -> None:
        received_ns, now_s = self.get_clock().now().nanoseconds, time.monotonic()
        stamp = stamp_ns(msg.header)
        self.noted.tally.add_output(stamp, received_ns, round(now_s * 1e9))
        self.noted.output_size = (msg.width, msg.height)
        if self._first_s is None:
            self._first_s = now_s
        self._on_image('high', msg)
        self._check_info(self._infos.push('high', stamp, (msg.width, msg.height)))

    def _on_output_info(self, msg: CameraInfo) -> None:
        self._check_info(self._infos.push('info', stamp_ns(msg.header), msg))

    def _on_input(self, msg: Image) -> None:
        self._input_came = True
        self.noted.tally.add_input(stamp_ns(msg.header), time.monotonic_ns())
        self.noted.input_size = (msg.width, msg.height)
        self._on_image('low', msg)

    def _on_input_info(self, msg: CameraInfo) -> None:
        self.noted.cameras.input += 1

    def _on_truth_info(self, msg: CameraInfo) -> None:
        self._truth_camera = CameraModel.from_message(msg)
        self._submit_held()

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        ours = f'{self.get_namespace().rstrip("/")}/superres'
        for status in msg.status:
            if status.hardware_id == ours:
                self.noted.superres = {item.key: item.value for item in status.values}

    def _on_image(self, name: str, msg: Image) -> None:
        found = self._images.push(name, stamp_ns(msg.header), msg)
        while found is not None:
            self._held.append(found)
            found = self._images.pop()
        if not self._awaits_camera():
            self._submit_held()

    def _awaits_camera(self) -> bool:
        """Tell whether the reference's first camera_info is on its way: topics overtake others."""
        return (
            self._truth_camera is None
            and len(self._held) < _HELD
            and bool(self.count_publishers(self._truth_info_topic))
        )

    def _submit_held(self) -> None:
        held, self._held = self._held, []
        for found in held:
            self._comparison.submit(Matched(**found, camera=self._truth_camera))

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

    def _each_second(self) -> None:
        """Ask the inputs for what their publishers offer, where no event told; say how it goes."""
        for subscription in self._inputs:
            subscription.update()
        reference = self.settings.reference_topic if self.settings.score_frames else ''
        topic = self.resolve_topic_name(reference) if reference else ''
        name, stamp = self.get_fully_qualified_name(), self.get_clock().now().to_msg()
        self._diagnostics.publish(diagnose(self.noted, name, topic, stamp))

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


def _samples(frames: int) -> Samples:
    """Return where samples are kept, for the parameter ``score_frames``."""
    return SpooledSamples() if frames < 0 else SpreadSamples(frames)


def _beside(topic: str, name: str) -> str:
    """Return the topic of this name in the namespace of another."""
    return f'{topic.rsplit("/", 1)[0]}/{name}' if '/' in topic else name


def conclude(noted: LiveRun, parameters: EvaluatorParameters) -> int:
    """Score, report and draw what was noted; return the exit code: 1 when nothing came out."""
    logger = get_logger('evaluator')
    announcer = Announcer(parameters.events)
    noise = _noise(parameters.model)
    report = summarise(noted, noise, parameters.bound_sigmas)
    try:
        if parameters.json or parameters.html:
            _write_recording_report(noted, parameters, announcer, noise)
        if parameters.picture:
            path = Path(parameters.picture)
            drawn = write_picture(noted, report, parameters.label, path)
            report['picture'] = str(path) if drawn else None
        if parameters.report:
            Path(parameters.report).write_text(json.dumps(report, indent=2) + '\n')
    except EvaluationError as error:
        logger.error(f'no report: {error}')
    except OSError as error:
        logger.error(f'cannot write: {error}')
        return 1
    announcer.say('report', **report)
    logger.info(f'{report["frames_out"]} of {report["frames_in"]} frames came out')
    return 0 if report['frames_out'] else 1


def _write_recording_report(
    noted: LiveRun, parameters: EvaluatorParameters, announcer: Announcer, noise: NoiseModel
) -> None:
    """
    Write the report that an offline evaluation writes.

    :raises EvaluationError: when nothing can be scored
    :raises OSError: when a file cannot be written
    """
    if parameters.html:
        from cdst_ros.evaluation.html import write_html
    listened = Listened(
        source=parameters.label or 'a live stream',
        model=_model_name(parameters.model),
        noise=noise,
        bound_sigmas=parameters.bound_sigmas if parameters.bounded else None,
        command=parameters.command,
    )
    last_s = 0.0

    def tell(done: int, total: int, what: str) -> None:
        nonlocal last_s
        if time.monotonic() - last_s >= _PROGRESS_S:
            last_s = time.monotonic()
            announcer.say('scored', done=done, total=total)

    report = recording_report(noted, listened, tell)
    if parameters.json:
        Path(parameters.json).write_text(json_text(report.to_json()), encoding='utf-8')
    if parameters.html:
        write_html(report, Path(parameters.html))


def _model_name(model: str) -> str:
    """Return what a model calls itself; its file, where it cannot be read here."""
    try:
        return read_metadata(find_model(model)).name if model else ''
    except ModelError:
        return model


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
