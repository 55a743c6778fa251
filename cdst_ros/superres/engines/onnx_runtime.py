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
"""Models on ONNX Runtime: runs everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

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
from cdst_ros.superres.scratch import Scratch

_PROVIDER = 'CPUExecutionProvider'


class OnnxRuntimeEngine:
    """A contract 1 model on the CPU, in f32."""

    def __init__(
        self, path: Path, precision: str, threads: int | None, device: str | None
    ) -> None:
        """
        Read and try the model.

        :raises ModelError: when the model breaks its contract
        :raises EngineError: when this engine can not run it so
        """
        metadata = read_metadata(path)
        if precision != 'f32':
            raise EngineError(
                f'onnxruntime computes in f32 on a CPU, not in {precision}: leave the precision '
                'out, or use engine openvino (int8 is a property of the model file)'
            )
        if device not in (None, 'CPU'):
            raise EngineError(f'onnxruntime runs on the CPU here, not on {device}')
        self._session = _open_session(path, thread_count(threads))
        check_ports(
            path,
            metadata,
            _ports(self._session.get_inputs()),
            _ports(self._session.get_outputs()),
        )
        self._info = model_info(path, metadata, 'onnxruntime', precision, 'CPU')
        self._inputs = ModelInputs(self._info)
        self._scratch = Scratch()
        self._check_scale(path)
        try_engine(path, self)

    @property
    def info(self) -> EngineInfo:
        """What this engine is."""
        return self._info

    def infer(self, depth: F32, valid: Bool, rgb: U8 | None = None) -> Inference:
        """Enlarge one frame."""
        height, width = (side * self._info.scale for side in depth.shape)
        binding = self._session.io_binding()
        for name, array in self._inputs.fill(depth, valid, rgb).items():
            _bind(binding.bind_input, name, array)
        outputs = {name: self._scratch.array(name, (1, 1, height, width)) for name in OUTPUTS}
        for name, array in outputs.items():
            _bind(binding.bind_output, name, array)
        try:
            self._session.run_with_iobinding(binding)
        except Exception as error:
            raise EngineError(
                f'onnxruntime broke on a frame of {depth.shape[1]}x{depth.shape[0]} pixels: '
                f'{error}'
            ) from error
        valid_hr = self._scratch.array('mask', (height, width), np.bool_)
        np.greater(outputs['valid_hr'][0, 0], 0.5, out=valid_hr)
        return Inference(outputs['depth_hr'][0, 0], outputs['sigma_hr'][0, 0], valid_hr)

    def close(self) -> None:
        """Release the session."""
        self._session = None

    def _check_scale(self, path: Path) -> None:
        """Let the runtime size its outputs once, for ``infer`` gives it arrays of a set size."""
        size = 12, 16
        arrays = self._inputs.arrays(*size)
        zeros = {name: np.zeros_like(array) for name, array in arrays.items()}
        try:
            images = self._session.run(list(OUTPUTS), zeros)
        except Exception as error:
            raise ModelError(f'{path}: onnxruntime can not run it: {error}') from error
        expected = size[0] * self._info.scale, size[1] * self._info.scale
        try:
            for name, image in zip(OUTPUTS, images, strict=True):
                check_output_shape(name, image.shape, expected)
        except ModelError as fault:
            raise ModelError(f'{path}: {fault}') from None


def _open_session(path: Path, threads: int) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that spin between frames take the cores from the rest of the robot.
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    try:
        return ort.InferenceSession(str(path), options, providers=[_PROVIDER])
    except Exception as error:
        raise ModelError(f'{path}: onnxruntime can not read it: {error}') from error


def _ports(nodes: list[Any]) -> list[Port]:
    names = {'tensor(float)': 'float32', 'tensor(float16)': 'float16', 'tensor(double)': 'float64'}
    return [
        Port(
            node.name,
            names.get(node.type, node.type),
            tuple(side if isinstance(side, int) else None for side in node.shape)
            if node.shape
            else None,
        )
        for node in nodes
    ]


def _bind(bind: Any, name: str, array: F32) -> None:
    bind(
        name=name,
        device_type='cpu',
        device_id=0,
        element_type=np.float32,
        shape=array.shape,
        buffer_ptr=array.ctypes.data,
    )
