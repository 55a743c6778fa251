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
"""A plan that is loaded, with what it needs to run frames of its one size."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorrt as trt

from cdst_ros.depth.arrays import F32, Bool
from cdst_ros.superres.engine import EngineError
from cdst_ros.superres.engines.cache import PlanRefusedError
from cdst_ros.superres.engines.model import OUTPUTS, check_output_shape
from cdst_ros.superres.engines.tensorrt.cuda import (
    DeviceBlock,
    Graph,
    PinnedBlock,
    Stream,
    aligned,
)
from cdst_ros.superres.engines.tensorrt.logger import Logger, make

_log = logging.getLogger(__name__)


def load_plan(plan: bytes, logger: Logger) -> Any:
    """
    Return TensorRT's engine of a plan.

    A GPU must have been asked for before: without a driver, TensorRT's runtime crashes.

    :raises PlanRefusedError: when TensorRT does not take it
    :raises EngineError: when TensorRT does not work here
    """
    runtime = make(trt.Runtime, logger, logger=logger)
    engine = runtime.deserialize_cuda_engine(plan)
    if engine is None:
        raise PlanRefusedError(f'TensorRT {trt.__version__} refuses the plan: {logger.errors()}')
    return engine


class _Tensors(NamedTuple):
    """All inputs, or all outputs: arrays over one block of the host, and its twin on the GPU."""

    arrays: dict[str, F32]
    host: PinnedBlock
    device: DeviceBlock


class Session:
    """
    Runs frames of one size: one upload, the network, one download, all in one CUDA graph.

    What it holds on the GPU goes with the last reference to it; its arrays live as long as
    somebody holds them.

    :param engine: of a plan with one static profile
    :param shapes: shape of each input
    :param size: height and width of the outputs
    :param graph: False sends each step off by itself, for comparison
    """

    def __init__(
        self,
        engine: Any,
        shapes: dict[str, tuple[int, ...]],
        size: tuple[int, int],
        logger: Logger,
        *,
        graph: bool = True,
    ) -> None:
        """
        Allocate and bind everything.

        :raises EngineError: when TensorRT or CUDA refuse; says what
        """
        self._logger = logger
        self._context = engine.create_execution_context()
        if self._context is None:
            raise EngineError(f'TensorRT makes no execution context: {logger.errors()}')
        for name, shape in shapes.items():
            self._check(self._context.set_input_shape(name, shape), f'shape {shape} of {name}')
        missing = self._context.infer_shapes()
        if missing:
            raise EngineError(f'TensorRT lacks the shapes of {", ".join(missing)}')
        for name in OUTPUTS:
            check_output_shape(name, tuple(self._context.get_tensor_shape(name)), size)
        self._stream = Stream()
        self._in = self._bind(shapes)
        self._out = self._bind(dict.fromkeys(OUTPUTS, (1, 1, *size)))
        #: (sH, sW), for whoever makes a mask of ``valid_hr``.
        self.valid: Bool = np.empty(size, np.bool_)
        self._graph: Graph | None = None
        self._frames = 0
        self._wants_graph = graph

    @property
    def inputs(self) -> dict[str, F32]:
        """By name, over pinned memory: to be filled before ``run``."""
        return self._in.arrays

    @property
    def outputs(self) -> dict[str, F32]:
        """By name, over pinned memory: what ``run`` fills."""
        return self._out.arrays

    @property
    def has_graph(self) -> bool:
        """Whether frames run as one CUDA graph."""
        return self._graph is not None

    def run(self) -> None:
        """
        Take ``inputs`` to ``outputs``.

        :raises EngineError: when TensorRT or CUDA break
        """
        if self._wants_graph and self._frames == 1:
            self._record()
        self._frames += 1
        if self._graph is not None:
            self._graph.launch(self._stream)
        else:
            self._send()
        self.wait()

    @property
    def steps(self) -> dict[str, Callable[[], None]]:
        """What a frame consists of; each returns before it is done, and ``wait`` after it."""
        return {
            'upload': lambda: self._stream.upload(self._in.host, self._in.device),
            'network': self._execute,
            'download': lambda: self._stream.download(self._out.host, self._out.device),
        }

    def wait(self) -> None:
        """Return when all that was sent off is done."""
        self._stream.wait()

    def _send(self) -> None:
        for step in self.steps.values():
            step()

    def _execute(self) -> None:
        self._check(self._context.execute_async_v3(int(self._stream.handle)), 'the frame')

    def _record(self) -> None:
        """Make the graph, after a frame has run: TensorRT sets itself up in the first."""
        try:
            self._graph = self._stream.record(self._send)
        except EngineError as error:
            _log.warning('no CUDA graph, so that each frame takes a little longer: %s', error)

    def _bind(self, shapes: dict[str, tuple[int, ...]]) -> _Tensors:
        """Lay tensors out in one block on either side, so that one copy takes them all."""
        offsets, total = {}, 0
        for name, shape in shapes.items():
            offsets[name] = total
            total += aligned(4 * math.prod(shape))
        host, device = PinnedBlock(total), DeviceBlock(total)
        for name, offset in offsets.items():
            bound = self._context.set_tensor_address(name, device.address + offset)
            self._check(bound, f'the address of {name}')
        arrays = {name: host.array(offsets[name], shape) for name, shape in shapes.items()}
        return _Tensors(arrays, host, device)

    def _check(self, accepted: bool, what: str) -> None:
        if not accepted:
            raise EngineError(f'TensorRT refuses {what}: {self._logger.errors()}')
