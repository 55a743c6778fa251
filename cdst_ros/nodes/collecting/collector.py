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
"""The collecting half of the trainer node."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.lifecycle import LifecycleNode
from rclpy.parameter import Parameter
from rclpy.task import Future

from cdst_ros.nodes.collecting.holding import Holding
from cdst_ros.nodes.collecting.pairs import check_reliabilities, optional_streams, topics_of
from cdst_ros.nodes.collecting.parameters import OF_A_SESSION, CollectorParameters
from cdst_ros.nodes.collecting.session import Session
from cdst_ros.nodes.collecting.telling import Standing, counted, health_of, status_of, told
from cdst_ros.nodes.fixed_frames import FixedFrames
from cdst_ros.nodes.mailbox import Mailbox
from cdst_ros.nodes.services import ServiceRefusedError, serve
from cdst_ros.nodes.throttle import ThrottledLog
from cdst_ros.recordings.collecting.collection import Progress
from cdst_ros.recordings.sequences import MeasuredNoise

if TYPE_CHECKING:
    from cdst_ros.evaluation.characterise.held import HeldSensor


class Collector:
    """
    Records pairs while it is asked to; a part of the trainer node.

    ``~/start_collecting`` and ``~/stop_collecting`` begin and end a sequence of the recording,
    ``~/hold_still`` measures the sensor's noise.
    """

    def __init__(self, node: LifecycleNode, mailbox: Mailbox, log: ThrottledLog) -> None:
        self._node = node
        self._mailbox = mailbox
        self._log = log
        CollectorParameters.declare(node)
        self._chosen = CollectorParameters.read(node)
        self._state = 'unconfigured'
        self._frames: FixedFrames | None = None
        self._session: Session | None = None
        self._last: Progress | None = None
        self._held: HeldSensor | None = None
        self._holding: Holding | None = None
        self._waiting: Any = None
        self._noise: MeasuredNoise | None = None
        serve(node, '~/start_collecting', self._start)
        serve(node, '~/stop_collecting', self._stop)
        serve(node, '~/hold_still', self._hold_still)

    @property
    def recording(self) -> Path:
        """Folder of the recording."""
        return self._chosen.path

    def names(self) -> tuple[str, ...]:
        """Return the names of the part's parameters."""
        return CollectorParameters.names()

    def check(self, changes: Iterable[Parameter]) -> None:
        """
        Check that its parameters may change so.

        :raises ValueError: names the parameter, its value, and what to do
        """
        held = CollectorParameters.read(self._node)
        new = held.changed(changes)
        new.check()
        fixed = new.differing(held) & OF_A_SESSION
        if fixed and self._session is not None:
            raise ValueError(
                f'{", ".join(sorted(fixed))} cannot change while a session goes on: call '
                '~/stop_collecting first'
            )

    def apply(self) -> None:
        """Bring the parameters that the node holds now into effect."""
        self._chosen = CollectorParameters.read(self._node)
        if self._session is not None:
            self._session.change(self._chosen)

    def configure(self) -> None:
        """
        Check the parameters, and listen to how the cameras lie to each other.

        :raises ValueError: why it cannot, and what to do
        """
        self._chosen.check()
        check_reliabilities(self._node)
        self._frames = FixedFrames(self._node)
        self._state = 'inactive'

    def activate(self) -> None:
        """
        Wait for orders; begin to collect at once where ``collect`` says so.

        :raises ValueError: why it cannot collect, and what to do; likewise ``OSError``
        """
        self._state = 'idle'
        if self._chosen.collect:
            self._node.get_logger().info(self._start())

    def deactivate(self) -> None:
        """Finish the frame in hand, and close the recording."""
        if self._session is not None:
            self._node.get_logger().info(self._stop())
        self._break_off_holding()
        if self._state != 'unconfigured':
            self._state = 'inactive'

    def release(self) -> None:
        """Undo ``configure``."""
        self.deactivate()
        if self._frames is not None:
            self._frames.destroy()
        self._frames = self._last = self._noise = self._held = None
        self._state = 'unconfigured'

    def tick(self) -> None:
        """Look after the topics."""
        if self._session is not None:
            self._session.tick()

    def status(self) -> dict[str, Any]:
        """Return state and progress as JSON values."""
        return status_of(self._standing())

    def health(self) -> DiagnosticStatus:
        """Return the same for a person who looks at /diagnostics."""
        return health_of(self._standing())

    def _standing(self) -> Standing:
        session = self._session
        state = self._state if session is None else 'collecting'
        if self._holding is not None:
            state = 'holding still'
        progress = self._last if session is None else session.progress()
        return Standing(state, str(self.recording), progress, session, self._noise)

    def _start(self) -> str:
        """Begin a session; return what the answer says."""
        self._check_active()
        if self._session is not None:
            raise ServiceRefusedError(
                f'already collecting into {self.recording}: call ~/stop_collecting to end that'
            )
        assert self._frames is not None
        self._session = Session(
            self._node,
            self._mailbox,
            self._log,
            self._frames,
            parameters=self._chosen,
            noise=self._noise,
        )
        progress = self._session.progress()
        return (
            f'collecting into {self.recording}, sequence {progress.sequence}; the recording has '
            f'{progress.frames} frames by now. {self._explain_topics()}. '
            f'{self._explain_noise()}Call ~/stop_collecting to end'
        )

    def _stop(self) -> str:
        """End the session; return what the answer says."""
        if self._session is None:
            raise ServiceRefusedError('nothing is being collected: call ~/start_collecting first')
        session, self._session = self._session, None
        self._last = session.stop()
        counts = self._last.counts
        return (
            f'stopped: kept {counts.kept} of {counts.offered} frames as sequence '
            f'{self._last.sequence} of {self.recording}; not kept: {counted(counts.dropped)}. The '
            f'recording has {self._last.frames} frames, {self._last.size / 1e9:.3f} GB; look at '
            f'it with cdst-ros record verify {self.recording}'
        )

    async def _hold_still(self) -> str:
        """Measure the noise; return what the answer says."""
        self._check_active()
        if self._holding is not None:
            raise ServiceRefusedError('it is being measured already: wait, and hold it still')
        self._waiting = Future(executor=self._node.executor)
        self._holding = Holding(
            self._node,
            self._mailbox,
            self._held_sensor,
            self._chosen,
            measured=self._measured,
            failed=self._not_measured,
        )
        self._node.get_logger().info(f'hold the camera still for {self._chosen.hold_still_s:g} s')
        measured, said = await self._waiting
        if not measured:
            raise ServiceRefusedError(said)
        return str(said)

    def _held_sensor(self) -> HeldSensor:
        """Return what the noise is measured with; what several calls tell adds up."""
        if self._held is None:
            # The instruments of evaluation are large: a robot that only collects is spared them.
            from cdst_ros.evaluation.characterise.held import HeldSensor

            self._held = HeldSensor()
        return self._held

    def _measured(self, noise: MeasuredNoise) -> None:
        self._holding, self._noise = None, noise
        where = 'it is recorded with the next session'
        if self._session is not None:
            try:
                self._session.collection.note_noise(noise)
                where = f'it is recorded in {self.recording}'
            except OSError as error:
                where = f'it could not be recorded: {error}'
        self._waiting.set_result((True, f'{told(noise)}; {where}'))

    def _not_measured(self, reason: str) -> None:
        self._holding = None
        self._waiting.set_result((False, reason))

    def _break_off_holding(self) -> None:
        if self._holding is not None:
            self._holding.cancel()
            self._not_measured('broken off: the node stops working')

    def _check_active(self) -> None:
        if self._state in ('unconfigured', 'inactive'):
            step = 'configure' if self._state == 'unconfigured' else 'activate'
            name = self._node.get_fully_qualified_name()
            raise ServiceRefusedError(
                f'the node is {self._state}: ros2 lifecycle set {name} {step}'
            )

    def _explain_topics(self) -> str:
        """Return what is paired, and what is missing at present."""
        topics = topics_of(self._node, self._chosen)
        absent = [name for name, t in topics.items() if not self._node.count_publishers(t)]
        needed = set(absent) - optional_streams(self._chosen)
        paired = [
            t for name, t in topics.items() if name not in absent and not name.endswith('_info')
        ]
        said = f'Pairs {", ".join(paired) or "nothing yet"} within '
        said += f'{self._chosen.pairing_tolerance:g} s'
        if needed:
            said += f'; nobody publishes {", ".join(topics[name] for name in sorted(needed))} yet'
        return said

    def _explain_noise(self) -> str:
        if self._noise is None:
            return "The sensor's noise is not measured: call ~/hold_still. "
        return ''
