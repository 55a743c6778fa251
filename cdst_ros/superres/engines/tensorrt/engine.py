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
"""A model on an NVIDIA GPU."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Event

import numpy as np
import tensorrt as trt

from cdst_ros.depth.arrays import F32, U8, Bool
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engine import EngineError, EngineInfo, Inference
from cdst_ros.superres.engines.cache import PlanCache
from cdst_ros.superres.engines.model import fill_inputs, input_shapes, model_info
from cdst_ros.superres.engines.tensorrt.builder import run_build
from cdst_ros.superres.engines.tensorrt.cuda import Device
from cdst_ros.superres.engines.tensorrt.logger import Logger
from cdst_ros.superres.engines.tensorrt.order import PlanOrder, model_sha256
from cdst_ros.superres.engines.tensorrt.session import Session, load_plan

#: What a plan is built with, besides what it is built of; another text makes new plans.
BUILD_OPTIONS = 'strongly typed, TF32 off, one static profile'

# Sizes whose sessions are kept: a camera that switches modes goes back and forth.
_KEPT_SIZES = 4

_log = logging.getLogger(__name__)

Size = tuple[int, int]


class TensorRtEngine:
    """A contract 1 model, with a plan for each frame size; its precision is the model file's."""

    def __init__(
        self,
        path: Path,
        precision: str,
        device: str | None,
        *,
        cache: PlanCache | None = None,
        graph: bool = True,
    ) -> None:
        """
        Look at the model and the GPU; plans are built by ``prepare``.

        :param precision: ``f32``, which leaves it to the model file
        :param device: such as ``cuda:0``, which is the default
        :param cache: None: that of the user
        :param graph: False runs without a CUDA graph, for comparison
        :raises ModelError: when the model can not be read
        :raises EngineError: when TensorRT or the GPU can not be used
        """
        _check_whole()
        if precision != 'f32':
            raise EngineError(
                f'tensorrt computes in the precision of the model file, not in {precision}: leave '
                'the precision out, and give a model that is written in it'
            )
        metadata = read_metadata(path)
        # First of all that is asked of CUDA: without a driver, TensorRT crashes where this raises.
        self._device = Device(_device_index(device))
        self._device.use()
        self._path = path
        self._sha256 = model_sha256(path.read_bytes())
        name = f'{self._device.name} (sm {self._device.capability})'
        self._info = model_info(path, metadata, 'tensorrt', precision, name)
        self._cache = PlanCache() if cache is None else cache
        self._logger = Logger(lambda text: _log.warning('TensorRT: %s', text))
        self._wants_graph = graph
        self._lock = threading.Lock()
        self._sessions: OrderedDict[Size, Session] = OrderedDict()
        self._closed = False

    @property
    def info(self) -> EngineInfo:
        """What this engine is."""
        return self._info

    def ready(self, size: Size) -> bool:
        """Return whether there is a session for frames of that height and width."""
        with self._lock:
            return size in self._sessions

    def prepare(self, size: Size, report: Callable[[str], None], cancelled: Event) -> None:
        """
        Load the plan for frames of a height and width, built first where there is none.

        :raises EngineError: when that is not possible
        """
        if self.ready(size):
            return
        self._device.use()
        shapes = input_shapes(self._info, *size)
        order = PlanOrder(str(self._path), self._sha256, shapes, self._device.index)
        what = f'{self._info.model} for {size[1]}x{size[0]} px on {self._info.device}'

        def build() -> bytes:
            _log.info('TensorRT builds %s, which takes minutes', what)
            plan = run_build(order, lambda text: report(f'building {what}: {text}'), cancelled)
            _log.info('TensorRT has built %s: %.1f MB', what, len(plan) / 1e6)
            return plan

        engine = self._cache.fetch(
            self.plan_fields(size),
            build=build,
            load=lambda plan: load_plan(plan, self._logger),
            report=report,
            cancelled=cancelled,
        )
        out = size[0] * self._info.scale, size[1] * self._info.scale
        session = Session(engine, shapes, out, self._logger, graph=self._wants_graph)
        with self._lock:
            if self._closed:
                raise EngineError('the engine was closed meanwhile')
            self._sessions[size] = session
            while len(self._sessions) > _KEPT_SIZES:
                # Its memory goes when nobody holds its arrays any more.
                self._sessions.popitem(last=False)

    def plan_fields(self, size: Size) -> dict[str, str]:
        """Return everything that the plan for frames of a height and width depends on."""
        device = self._device
        return {
            'engine': 'tensorrt',
            'tensorrt': trt.__version__,
            'options': BUILD_OPTIONS,
            'cuda runtime': device.runtime,
            'cuda driver': device.driver,
            'gpu': device.name,
            'sm': device.capability,
            'model sha256': self._sha256,
            'precision': self._info.precision,
            'shapes': str(input_shapes(self._info, *size)),
        }

    def infer(self, depth: F32, valid: Bool, rgb: U8 | None = None) -> Inference:
        """Enlarge one frame; a size that was not prepared is prepared first."""
        size = (depth.shape[0], depth.shape[1])
        session = self.session(size)
        fill_inputs(self._info, session.inputs, depth, valid, rgb)
        try:
            self._device.use()
            session.run()
        except EngineError as error:
            raise EngineError(
                f'tensorrt broke on a frame of {size[1]}x{size[0]} pixels: {error}'
            ) from error
        outputs = {name: array[0, 0] for name, array in session.outputs.items()}
        np.greater(outputs['valid_hr'], 0.5, out=session.valid)
        return Inference(outputs['depth_hr'], outputs['sigma_hr'], session.valid)

    def close(self) -> None:
        """Release the sessions."""
        with self._lock:
            self._closed = True
            self._sessions.clear()

    def session(self, size: Size) -> Session:
        """
        Return what runs frames of that height and width, prepared where it was not.

        :raises EngineError: when that is not possible
        """
        if not self.ready(size):
            self.prepare(size, lambda _: None, Event())
        with self._lock:
            self._sessions.move_to_end(size)
            return self._sessions[size]


def _device_index(device: str | None) -> int:
    name, _, index = (device or 'cuda:0').partition(':')
    if name != 'cuda' or not (index or '0').isdecimal():
        raise EngineError(f'tensorrt runs on cuda:0, cuda:1, ..., not on {device}')
    return int(index or 0)


def _check_whole() -> None:
    if not hasattr(trt, 'Builder'):
        raise EngineError(
            'the tensorrt that is installed is an empty package, as pip makes of it without '
            "NVIDIA's index, or one without a builder: see docs/engines.md"
        )
