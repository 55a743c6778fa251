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
"""The trainer node: collects pairs on the robot, and has a model trained on them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import cv2
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.parameter import Parameter
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from std_msgs.msg import String

from cdst_ros.nodes.collecting.collector import Collector
from cdst_ros.nodes.learning.desk import TrainingDesk
from cdst_ros.nodes.mailbox import Mailbox
from cdst_ros.nodes.managed import ManagedNode
from cdst_ros.nodes.part import Part
from cdst_ros.nodes.process import run
from cdst_ros.nodes.throttle import ThrottledLog
from cdst_ros.nodes.trainer_parameters import TrainerParameters


class TrainerNode(ManagedNode):
    """
    Composes the parts: the collector, which records pairs, and the desk, which has them trained.

    Each part has parameters and services of its own; the node gives them its states, and tells
    what they say of themselves. ``~/status`` is latched, so that whoever asks learns the present
    state at once; it carries JSON in a std_msgs/String, for an offer with its report does not
    fit the flat texts of /diagnostics, and a package in Python brings no messages of its own.
    """

    _refusals = (ValueError, OSError)

    def __init__(self, **arguments: Any) -> None:
        super().__init__('trainer', **arguments)
        self._mailbox = Mailbox(self)
        self._log = ThrottledLog(self.get_logger())
        self._state = 'unconfigured'
        self._said = ''
        TrainerParameters.declare(self)
        collector = Collector(self, self._mailbox, self._log)
        self._parts: dict[str, Part] = {
            'collecting': collector,
            'learning': TrainingDesk(self, lambda: collector.recording),
        }
        self.add_on_set_parameters_callback(self._on_set)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 1)
        latched = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
        self._status = self.create_publisher(String, '~/status', latched)
        # Steady time: a paused simulation must not silence the warnings.
        self.create_timer(1.0, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def destroy_node(self) -> None:
        """Release everything and withdraw from the graph."""
        self._mailbox.close()
        self._release()
        super().destroy_node()

    def _configure(self) -> None:
        for part in self._parts.values():
            part.configure()
        self._state = 'inactive'

    def _start_working(self) -> None:
        for part in self._parts.values():
            part.activate()
        self._state = 'active'

    def _stop_working(self) -> None:
        for part in self._parts.values():
            part.deactivate()
        self._state = 'inactive'

    def _release(self) -> None:
        self._stop_working()
        for part in self._parts.values():
            part.release()
        self._state = 'unconfigured'

    def _tick(self) -> None:
        """Once a second: have the parts look after themselves, and report."""
        for part in self._parts.values():
            part.tick()
        self._tell_status()
        self._diagnostics.publish(self._diagnose())

    def _tell_status(self) -> None:
        """Publish the status where it differs from what was last said."""
        values = {name: part.status() for name, part in self._parts.items()}
        text = json.dumps({'state': self._state, 'refusal': self._refusal, **values})
        if text != self._said:
            self._said = text
            self._status.publish(String(data=text))

    def _diagnose(self) -> DiagnosticArray:
        name = self.get_fully_qualified_name()
        array = DiagnosticArray()
        array.header.stamp = self.get_clock().now().to_msg()
        for part, health in ((part, self._parts[part].health()) for part in self._parts):
            health.name, health.hardware_id = f'{name}: {part}', name
            if self._refusal:
                health.level, health.message = DiagnosticStatus.ERROR, self._refusal
            array.status.append(health)
        return array

    def _on_set(self, changes: list[Parameter]) -> SetParametersResult:
        """Refuse what cannot take effect; what is accepted is applied right afterwards."""
        for part in self._parts.values():
            own = [change for change in changes if change.name in part.names()]
            if not own:
                continue
            try:
                part.check(own)
            except ValueError as error:
                return SetParametersResult(successful=False, reason=str(error))
            self._mailbox.post(part.apply)
        return SetParametersResult(successful=True)


def main(args: Sequence[str] | None = None) -> int:
    """Run the node as a process; the exit code is 1 when it refuses to start."""
    # The cores belong to those who work with the images at once.
    cv2.setNumThreads(1)
    return run(TrainerNode, TrainerNode.start, args=args)


if __name__ == '__main__':
    sys.exit(main())
