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
"""The superres node: low-resolution depth in, high-resolution depth out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.parameter import Parameter

from cdst_ros.nodes.builder import EngineBuilder, open_tried
from cdst_ros.nodes.choice import EngineChoice, Geometry, Size
from cdst_ros.nodes.diagnostics import ColorHealth, Health, diagnose
from cdst_ros.nodes.engines import Engines
from cdst_ros.nodes.fixed_frames import FixedFrames
from cdst_ros.nodes.forward import LogForward
from cdst_ros.nodes.frame import Frame
from cdst_ros.nodes.mailbox import Mailbox
from cdst_ros.nodes.managed import ManagedNode
from cdst_ros.nodes.outputs import Outputs
from cdst_ros.nodes.parameters import Parameters
from cdst_ros.nodes.pipeline import Pipeline
from cdst_ros.nodes.process import run
from cdst_ros.nodes.slot import EngineSlot
from cdst_ros.nodes.source import DepthSource, check_reliabilities
from cdst_ros.nodes.throttle import ThrottledLog
from cdst_ros.nodes.window import Window
from cdst_ros.nodes.worker import Worker
from cdst_ros.superres.engine import EngineError, EngineInfo, ModelError

#: Parameters that decide which engine runs.
_ENGINE_PARAMETERS = frozenset(
    {'model', 'guided_model', 'engine', 'precision', 'threads', 'scale', 'expected_rate'}
)


class SuperresNode(ManagedNode):
    """
    Enlarges a depth stream.

    Callbacks store and return; one worker thread takes the newest frame to the publishers, and
    another builds engines. Everything else happens on the executor's thread.
    """

    _refusals = (ModelError, EngineError, ValueError)

    def __init__(self, **arguments: Any) -> None:
        super().__init__('superres', **arguments)
        self._chosen = Parameters()
        self._window = Window()
        self._log = ThrottledLog(self.get_logger())
        self._forward = LogForward(self.get_logger())
        self._mailbox = Mailbox(self)
        self._wanted: EngineChoice | None = None
        self._running: EngineChoice | None = None
        self._running_parameters = self._chosen
        self._restoring = False
        self._slot: EngineSlot | None = None
        self._outputs: Outputs | None = None
        self._builder: EngineBuilder | None = None
        self._pipeline: Pipeline | None = None
        self._worker: Worker[Frame] | None = None
        self._source: DepthSource | None = None
        self._frames: FixedFrames | None = None
        self._swap_failure = ''
        self._enlarged = ''
        # From here on values may be refused, and the node is destroyed then.
        Parameters.declare(self)
        self._chosen = Parameters.read(self)
        self.add_on_set_parameters_callback(self._on_set)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 1)
        # Steady time: a paused simulation must not silence the warnings.
        self.create_timer(1.0, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def destroy_node(self) -> None:
        """Release everything and withdraw from the graph."""
        self._mailbox.close()
        self._release()
        self._forward.close()
        super().destroy_node()

    def _configure(self) -> None:
        self._chosen.check()
        self._wanted = self._running = EngineChoice.of(self._chosen)
        self._running_parameters = self._chosen
        check_reliabilities(self)
        engines = open_tried(self._running, expected=self._chosen.size())
        self._slot = EngineSlot(engines)
        self._frames = FixedFrames(self)
        self._outputs = Outputs(self, partial(self._mailbox.post, self._follow_demand))
        self._builder = EngineBuilder(self._mailbox, self._swap, self._swap_failed)
        self.get_logger().info(f'{_describe_both(engines)} is ready')
        self._caution(self._running)
        if self._chosen.max_sigma and self._running.classical:
            self.get_logger().warning(
                f'max_sigma has no effect: {engines.info.engine} has no notion of its error; set '
                'engine to auto to run a model'
            )

    def _start_working(self) -> None:
        assert self._slot is not None
        assert self._outputs is not None
        self._window = Window()
        self._enlarged = ''
        self._pipeline = Pipeline(
            slot=self._slot,
            outputs=self._outputs,
            parameters=self._chosen,
            window=self._window,
            log=self._log,
            clock=self.get_clock(),
            logger=self.get_logger(),
            enlarged=lambda factor: self._mailbox.post(partial(self._tell_enlarged, factor)),
        )
        self._worker = Worker(
            'superres',
            self._pipeline.process,
            self._pipeline.broke,
            partial(self._window.count, 'dropped/superseded'),
        )

    def _stop_working(self) -> None:
        self._unsubscribe()
        if self._worker is not None:
            self._worker.stop()
        if self._pipeline is not None:
            self._pipeline.stop()
        self._worker = self._pipeline = None

    def _release(self) -> None:
        self._stop_working()
        if self._builder is not None:
            self._builder.stop()
        if self._slot is not None:
            self._slot.close()
        if self._outputs is not None:
            self._outputs.destroy()
        if self._frames is not None:
            self._frames.destroy()
        self._builder = self._slot = self._outputs = self._wanted = self._running = None
        self._frames = None
        self._swap_failure = ''

    def _follow_demand(self) -> None:
        """Subscribe while somebody listens; always, unless lazy."""
        if self._worker is None or self._outputs is None:
            return
        if self._chosen.lazy and not self._outputs.any_wanted():
            self._unsubscribe()
        elif self._source is None:
            self._subscribe()
        self._follow_color()

    def _follow_color(self) -> None:
        """Look for colour while it is of use: to an engine, or to a cloud."""
        if self._source is None or self._slot is None or self._outputs is None:
            return
        engines = self._slot.engines
        self._source.want_color(
            engines.seeing is not None or self._outputs.wanted('cloud'),
            patient=engines.need_color,
        )

    def _subscribe(self) -> None:
        assert self._worker is not None
        assert self._frames is not None
        self._source = DepthSource(
            self,
            self._mailbox,
            parameters=self._chosen,
            frames=self._frames,
            window=self._window,
            log=self._log,
            deliver=self._worker.submit,
        )

    def _unsubscribe(self) -> None:
        if self._source is not None:
            self._source.destroy()
        self._source = None

    def _subscribe_anew(self) -> None:
        if self._source is not None:
            self._unsubscribe()
            self._subscribe()
            self._follow_color()

    def _tick(self) -> None:
        """Once a second: follow the graph, where no event did, and report."""
        self._follow_demand()
        self._prepare_engine()
        self._choose_for_size()
        if self._source is not None:
            self._source.tick()
        self._diagnostics.publish(
            diagnose(self._health(), self.get_fully_qualified_name(), self._stamp())
        )

    def _prepare_engine(self) -> None:
        """Have a slow engine made ready for frames that its standby has to take so far."""
        engines = None if self._slot is None else self._slot.engines
        size = self._seen()
        if self._builder is None or engines is None:
            return
        if self._builder.progress:
            self._log.info(f'{self._builder.progress}; {engines.info.engine} goes on meanwhile')
        if size is None:
            return
        for engine in engines.standbys:
            if engine.wants(size):
                self._builder.prepare(engine, size)

    def _choose_for_size(self) -> None:
        """Have the model chosen for the size that the frames turn out to have."""
        if self._wanted is None or self._builder is None or self._seen() is None:
            return
        if self._wanted.automatic and not self._swap_failure:
            self._ask_for_engine(self._builder)

    def _seen(self) -> Size | None:
        """Return height and width of the last frame [px]."""
        frame = None if self._pipeline is None else self._pipeline.frame
        return None if frame is None else (frame.shape[0], frame.shape[1])

    def _health(self) -> Health:
        state = 'active'
        if self._slot is None:
            state = 'unconfigured'
        elif self._worker is None:
            state = 'inactive'
        elif self._source is None:
            state = 'idle'
        engines = None if self._slot is None else self._slot.engines
        refusals = () if engines is None else [w for e in engines.standbys for w in e.refusals]
        return Health(
            state=state,
            window=self._window,
            engine=None if engines is None else engines.info,
            color=self._color_health(engines),
            refusal=self._refusal,
            warnings=tuple(w for w in (self._swap_failure, self._enlarged, *refusals) if w),
            silent=self._source is not None and self._source.silent(),
            topic='' if self._source is None else self._source.topic,
            building='' if self._builder is None else self._builder.progress,
        )

    def _color_health(self, engines: Engines | None) -> ColorHealth | None:
        """Return what is known of colour, None where nobody asks for it."""
        if self._source is None or self._pipeline is None or not self._source.color_topic:
            return None
        seeing = None if engines is None else engines.seeing
        watch, found = self._pipeline.color, self._pipeline.registration.found
        return ColorHealth(
            topic=self._source.color_topic,
            guided=None if seeing is None else seeing.info,
            lacking=watch.lacking,
            reason=watch.reason,
            misregistration=None if found is None else found.size,
        )

    def _stamp(self) -> Any:
        return self.get_clock().now().to_msg()

    def _tell_enlarged(self, factor: float) -> None:
        """Say whether the input is an enlarged image, and which topic to use instead."""
        self._enlarged = ''
        if self._source is None or factor == 1.0:
            return
        self._enlarged = (
            f'{self._source.topic}: the image has been enlarged {factor:g} times by repeating its '
            'pixels, as aligned or registered depth often is'
        )
        self.get_logger().warning(
            f'{self._enlarged}. Remap depth/image_raw and depth/camera_info to the depth that the '
            f'sensor measures{self._source.candidates()}'
        )

    def _on_set(self, changes: list[Parameter]) -> SetParametersResult:
        """Refuse what cannot take effect; what is accepted is applied right afterwards."""
        names = {p.name for p in changes} & set(Parameters.names())
        if self._restoring or not names:
            return SetParametersResult(successful=True)
        try:
            self._check_changes(changes, names)
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self._mailbox.post(partial(self._apply, names))
        return SetParametersResult(successful=True)

    def _check_changes(self, changes: list[Parameter], names: set[str]) -> None:
        """
        Check that a change is possible and has an effect.

        :raises ValueError: why it is refused, and what to do
        """
        for p in changes:
            if p.name in names and p.type_ == Parameter.Type.NOT_SET:
                raise ValueError(f'{p.name} cannot be removed: give it a value')
        # Not self._chosen: what an earlier change of the same call set is not applied yet.
        held = Parameters.read(self)
        new = held.changed(changes)
        new.check()
        new.check_effect(new.differing(held))
        if not names & _ENGINE_PARAMETERS:
            return
        choice = EngineChoice.of(new)
        choice.check_guided()
        wanted = choice.geometry()
        if self._slot is None or new.allow_geometry_change:
            return
        present = Geometry.of(self._slot.info)
        if wanted != present:
            raise ValueError(
                f'{choice} would change the output from {present} to {wanted} under the feet of '
                'those who listen: set allow_geometry_change to true first, or choose one of the '
                'same scale and alignment'
            )

    def _apply(self, names: set[str]) -> None:
        """Bring the parameters that the node holds now into effect."""
        old, self._chosen = self._chosen, Parameters.read(self)
        if self._pipeline is not None:
            self._pipeline.change(self._chosen)
        if self._source is not None:
            if old.input_transport != self._chosen.input_transport:
                self._subscribe_anew()
            else:
                self._source.change(self._chosen)
        self._follow_demand()
        if names & _ENGINE_PARAMETERS and self._builder is not None:
            self._ask_for_engine(self._builder)

    def _ask_for_engine(self, builder: EngineBuilder) -> None:
        try:
            wanted = EngineChoice.of(self._chosen, self._seen())
        except ModelError as error:  # the file went between the check and now
            self._keep_engine(str(error))
            return
        if wanted == self._wanted:
            return  # it runs, or is being built
        self._wanted = wanted
        if wanted != self._running:
            self.get_logger().info(f'building {wanted}; the present engine goes on meanwhile')
            builder.build(wanted, None if self._pipeline is None else self._pipeline.frame)

    def _swap(self, choice: EngineChoice, engines: Engines) -> None:
        """Let new engines take over, unless something else is wanted by now."""
        if self._slot is None or choice != self._wanted:
            engines.close()
            return
        self._slot.put(engines)
        self._running, self._running_parameters = choice, self._chosen
        self._swap_failure = ''
        self.get_logger().info(f'{_describe_both(engines)} takes over with the next frame')
        self._caution(choice)
        self._follow_color()

    def _caution(self, choice: EngineChoice) -> None:
        try:
            said = choice.caution()
        except ModelError:  # the file went meanwhile; the engine runs
            return
        if said:
            self.get_logger().warning(said)

    def _swap_failed(self, choice: EngineChoice, reason: str) -> None:
        if self._slot is not None and choice == self._wanted:
            self._keep_engine(f'{choice}: {reason}')

    def _keep_engine(self, reason: str) -> None:
        """Say why the engine stays, and set the parameters back to it."""
        assert self._slot is not None
        self._wanted = self._running
        self._swap_failure = f'{reason}. {_describe(self._slot.info)} goes on'
        self.get_logger().error(f'no change of engine: {self._swap_failure}')
        self._restoring = True
        self.set_parameters_atomically(
            [
                Parameter(name, value=getattr(self._running_parameters, name))
                for name in sorted(_ENGINE_PARAMETERS)
            ]
        )
        self._restoring = False
        self._apply(set())


def _describe(engine: EngineInfo) -> str:
    name = engine.engine
    if engine.model != name:
        name = f'{engine.model} on {name}'
    alignment = engine.alignment.value
    return f'{name} ({engine.precision}, {engine.device}, x{engine.scale}, {alignment})'


def _describe_both(engines: Engines) -> str:
    if engines.guided is None:
        return _describe(engines.info)
    return f'{_describe(engines.info)}, and with colour {_describe(engines.guided.info)},'


def main(args: Sequence[str] | None = None) -> int:
    """Run the node as a process; the exit code is 1 when it refuses to start."""
    return run(SuperresNode, SuperresNode.start, args=args)


if __name__ == '__main__':
    sys.exit(main())
