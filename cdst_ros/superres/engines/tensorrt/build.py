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
"""
From a model file to a plan; run as a process of its own by ``builder``.

The process is told what to build by a line of JSON on its standard input, and ends when that is
closed: with whoever started it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import tensorrt as trt

from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engine import EngineError, ModelError
from cdst_ros.superres.engines.model import Port, check_ports
from cdst_ros.superres.engines.tensorrt.cuda import Device
from cdst_ros.superres.engines.tensorrt.logger import Logger, make
from cdst_ros.superres.engines.tensorrt.order import PlanOrder, model_sha256

#: Kinds of message to whoever started the process, each with a text or the plan.
PROGRESS, LOG, PLAN, MODEL_ERROR, ENGINE_ERROR = 'progress', 'log', 'plan', 'model', 'engine'

#: Politeness of the process: what the robot runs meanwhile comes first.
_NICE = 10

_DTYPES = {trt.DataType.FLOAT: 'float32', trt.DataType.HALF: 'float16'}

Tell = Callable[[str, 'str | bytes'], None]


def build_plan(order: PlanOrder, tell: Tell) -> bytes:
    """
    Build a plan: one static profile, strongly typed, without TF32.

    :param tell: takes ``PROGRESS`` and ``LOG``; any thread
    :raises ModelError: when TensorRT can not take the model
    :raises EngineError: when it can not build the plan
    """
    Device(order.device).use()
    logger = Logger(lambda text: tell(LOG, text))
    builder = make(trt.Builder, logger, logger=logger)
    network = builder.create_network(_network_flags())
    parser = make(trt.OnnxParser, network, logger, logger=logger)
    _parse(Path(order.model), order.sha256, parser)
    _check(Path(order.model), network)
    config = builder.create_builder_config()
    # On by default, and worth millimetres: this is metric depth.
    config.clear_flag(trt.BuilderFlag.TF32)
    if config.get_flag(trt.BuilderFlag.TF32):
        raise EngineError('TensorRT keeps TF32 on, which this model is not to be computed in')
    config.progress_monitor = Monitor(lambda text: tell(PROGRESS, text))
    profile = builder.create_optimization_profile()
    for name, shape in order.shapes.items():
        try:
            profile.set_shape(name, shape, shape, shape)
        except RuntimeError as error:
            raise EngineError(f'TensorRT takes no {name} of shape {shape}: {error}') from error
    if config.add_optimization_profile(profile) < 0:
        raise EngineError(f'TensorRT refuses these shapes: {logger.errors()}')
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise EngineError(f'TensorRT can not build the engine: {logger.errors()}')
    return bytes(plan)


def _network_flags() -> int:
    """Return the flags of a network whose precision is that of the model file."""
    if int(trt.__version__.split('.', maxsplit=1)[0]) >= 11:
        return 0  # strongly typed is all there is
    return 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)


def _parse(path: Path, sha256: str, parser: Any) -> None:
    content = path.read_bytes()
    if model_sha256(content) != sha256:
        raise ModelError(f'{path} was changed while its engine was to be built')
    if parser.parse(content):
        return
    errors = [parser.get_error(index) for index in range(parser.num_errors)]
    texts = [f'{error.node_name()}: {error.desc()}' for error in errors]
    raise ModelError(f'{path}: TensorRT can not take it: {"; ".join(texts) or "no reason given"}')


def _check(path: Path, network: Any) -> None:
    inputs = [_port(network.get_input(index)) for index in range(network.num_inputs)]
    outputs = [_port(network.get_output(index)) for index in range(network.num_outputs)]
    check_ports(path, read_metadata(path), inputs, outputs)


def _port(tensor: Any) -> Port:
    sides = tuple(None if side < 0 else int(side) for side in tensor.shape)
    return Port(tensor.name, _DTYPES.get(tensor.dtype, str(tensor.dtype)), sides)


class _Phase(NamedTuple):
    parent: str | None
    steps: int
    done: int


class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
    """Turns TensorRT's phases within phases into one share of the work."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """Take who is told; TensorRT may call from several threads."""
        trt.IProgressMonitor.__init__(self)
        self._tell = tell
        self._lock = threading.Lock()
        self._phases: dict[str, _Phase] = {}

    def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
        """Note a phase."""
        with self._lock:
            self._phases[phase_name] = _Phase(parent_phase, max(num_steps, 1), 0)

    def step_complete(self, phase_name: str, step: int) -> bool:
        """Note progress; True lets the build go on."""
        with self._lock:
            if phase_name in self._phases:
                phase = self._phases[phase_name]
                self._phases[phase_name] = phase._replace(done=min(step + 1, phase.steps))
            share = max((self._share(name) for name in self._roots()), default=0.0)
        self._tell(f'{100 * share:.0f} % ({phase_name})')
        return True

    def phase_finish(self, phase_name: str) -> None:
        """Forget a phase; its parent's step follows."""
        with self._lock:
            self._phases.pop(phase_name, None)

    def _roots(self) -> list[str]:
        return [name for name, phase in self._phases.items() if phase.parent not in self._phases]

    def _share(self, name: str) -> float:
        """Return how much of a phase is done, 0 to 1; within its step, what its children say."""
        phase = self._phases[name]
        children = [child for child, other in self._phases.items() if other.parent == name]
        within = max((self._share(child) for child in children), default=0.0)
        return min((phase.done + within) / phase.steps, 1.0)


def main(descriptor: int) -> int:
    """Build what the first line of standard input says; answer on the open ``descriptor``."""
    os.nice(_NICE)
    order = PlanOrder.parse(json.loads(sys.stdin.readline()))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    answers = Connection(descriptor, readable=False)
    lock = threading.Lock()

    def tell(kind: str, content: str | bytes) -> None:
        # Whoever started us has gone where this fails; the other thread sees to that.
        with lock, suppress(BrokenPipeError):
            answers.send((kind, content))

    try:
        tell(PLAN, build_plan(order, tell))
    except ModelError as error:
        tell(MODEL_ERROR, str(error))
    except (EngineError, OSError) as error:
        tell(ENGINE_ERROR, str(error))
    else:
        return 0
    return 1


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == '__main__':
    # TensorRT may have threads that do not end, and nothing is left to tidy.
    os._exit(main(int(sys.argv[1])))
