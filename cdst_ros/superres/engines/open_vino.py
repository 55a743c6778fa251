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
"""Models on OpenVINO: the fastest on CPUs."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

from cdst_ros.depth.arrays import F32, U8, Bool
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engine import EngineError, EngineInfo, Inference, ModelError
from cdst_ros.superres.engines.model import (
    OUTPUTS,
    ModelInputs,
    Port,
    check_output_shape,
    check_ports,
    model_info,
    thread_count,
    try_engine,
)

# By the name that we and OpenVINO give it: what a device says where it can do it.
_CAPABILITIES = {'f32': 'FP32', 'bf16': 'BF16', 'f16': 'FP16'}

# One for the process, which never goes: each Core puts a stack of its own under this thread's
# signal handlers. Of two that overlap, the second to go puts back that of the first, which is
# unmapped by then, and the next signal (Ctrl-C, say) ends in a segmentation fault.
_CORE: Any = ov.Core()

# Sizes whose compiled networks are kept: a camera that switches modes goes back and forth.
_KEPT_SIZES = 4


@dataclass
class _Compiled:
    """The network for one frame size, and the arrays that it reads and writes in place."""

    request: Any
    inputs: ModelInputs
    tensors: list[Any]
    outputs: dict[str, F32]
    valid: Bool


class OpenVinoEngine:
    """A contract 1 model, compiled anew for each frame size: static shapes run faster."""

    def __init__(
        self, path: Path, precision: str, threads: int | None, device: str | None
    ) -> None:
        """
        Read, compile and try the model.

        :raises ModelError: when the model breaks its contract
        :raises EngineError: when this machine can not run it so
        """
        metadata = read_metadata(path)
        self._device = _check_device(device or 'CPU')
        _check_precision(self._device, precision)
        self._config = {
            # Never left to OpenVINO, which takes bf16 by itself where it finds AMX.
            'INFERENCE_PRECISION_HINT': precision,
            'PERFORMANCE_HINT': 'LATENCY',
        }
        if self._device == 'CPU':
            self._config['INFERENCE_NUM_THREADS'] = str(thread_count(threads))
            # Two nodes on one machine would be pinned to the same cores.
            self._config['ENABLE_CPU_PINNING'] = 'NO'
        self._model = _read_model(path)
        check_ports(path, metadata, _ports(self._model.inputs), _ports(self._model.outputs))
        self._compiled: OrderedDict[tuple[int, int], _Compiled] = OrderedDict()
        self._info = model_info(path, metadata, 'openvino', precision, self._device)
        try:
            real = self._compile(12, 16).request.get_compiled_model()
        except ModelError as fault:
            raise ModelError(f'{path}: {fault}') from None
        hint = real.get_property('INFERENCE_PRECISION_HINT').to_string()
        self._info = model_info(path, metadata, 'openvino', hint, self._device)
        try_engine(path, self)

    @property
    def info(self) -> EngineInfo:
        """What this engine is."""
        return self._info

    def infer(self, depth: F32, valid: Bool, rgb: U8 | None = None) -> Inference:
        """Enlarge one frame; a size not seen lately is compiled first, in a second or so."""
        size = depth.shape
        if size not in self._compiled:
            self._compiled[size] = self._compile(*size)
            while len(self._compiled) > _KEPT_SIZES:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(size)
        network = self._compiled[size]
        network.inputs.fill(depth, valid, rgb)
        try:
            network.request.infer()
        except RuntimeError as error:
            raise EngineError(
                f'openvino broke on a frame of {size[1]}x{size[0]} pixels: {error}'
            ) from error
        np.greater(network.outputs['valid_hr'], 0.5, out=network.valid)
        return Inference(network.outputs['depth_hr'], network.outputs['sigma_hr'], network.valid)

    def close(self) -> None:
        """Release the compiled networks."""
        self._compiled.clear()

    def _compile(self, height: int, width: int) -> _Compiled:
        inputs = ModelInputs(self._info)
        arrays = inputs.arrays(height, width)
        model = self._model.clone()
        try:
            model.reshape({name: ov.PartialShape(a.shape) for name, a in arrays.items()})
            compiled = _CORE.compile_model(model, self._device, self._config)
        except RuntimeError as error:
            raise EngineError(
                f'openvino can not compile the model for {width}x{height} pixels: {error}'
            ) from error
        size = height * self._info.scale, width * self._info.scale
        for name in OUTPUTS:
            check_output_shape(name, tuple(compiled.output(name).shape), size)
        request = compiled.create_infer_request()
        tensors = []
        for name, array in arrays.items():
            tensors.append(ov.Tensor(array, shared_memory=True))
            request.set_tensor(name, tensors[-1])
        outputs = {name: request.get_tensor(name).data[0, 0] for name in OUTPUTS}
        return _Compiled(request, inputs, tensors, outputs, np.empty(size, np.bool_))


def _check_device(device: str) -> str:
    names = _CORE.available_devices
    if device not in names:
        raise EngineError(f'openvino has no device {device!r} here; it has {", ".join(names)}')
    return device


def _check_precision(device: str, precision: str) -> None:
    capabilities = _CORE.get_property(device, 'OPTIMIZATION_CAPABILITIES')
    offered = [name for name, needed in _CAPABILITIES.items() if needed in capabilities]
    if precision not in offered:
        name = _CORE.get_property(device, 'FULL_DEVICE_NAME')
        raise EngineError(
            f'precision {precision!r} is not to be had from openvino on {name}, which offers '
            f'{", ".join(offered)}: ask for one of these (int8 is a property of the model file)'
        )


def _read_model(path: Path) -> Any:
    try:
        return _CORE.read_model(str(path))
    except RuntimeError as error:
        raise ModelError(f'{path}: openvino can not read it: {error}') from error


def _ports(ports: list[Any]) -> list[Port]:
    return [
        Port(
            port.get_any_name(),
            np.dtype(port.get_element_type().to_dtype()).name,
            tuple(None if side.is_dynamic else side.get_length() for side in port.partial_shape)
            if port.partial_shape.rank.is_static
            else None,
        )
        for port in ports
    ]
