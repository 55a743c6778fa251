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
"""What every engine that runs a contract 1 model shares: its inputs, and its checks when built."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32, U8, Bool
from cdst_ros.superres.contract import ModelMetadata
from cdst_ros.superres.engine import Engine, EngineError, EngineInfo, ModelError
from cdst_ros.superres.onnx_file import OnnxFile, read_onnx_file
from cdst_ros.superres.scratch import Scratch

#: The outputs of contract 1, each float32 (1, 1, sH, sW).
OUTPUTS = ('depth_hr', 'sigma_hr', 'valid_hr')

#: How many threads an engine may use where its caller does not say.
THREADS_VARIABLE = 'CDST_ROS_THREADS'

_CHANNELS = {'depth': 1, 'valid': 1, 'rgb': 3}

_INTEGER_OPERATORS = frozenset(
    {'QuantizeLinear', 'DequantizeLinear', 'QLinearConv', 'ConvInteger', 'MatMulInteger'}
)

# TensorProto.DataType of onnx.proto3.
_LOW_FLOATS = {'f16': 10, 'bf16': 16}

_EXPORT_AGAIN = 'export it again with `cdst-ros export`'


class Port(NamedTuple):
    """
    An input or output of a model file.

    :param dtype: such as ``float32``
    :param shape: None where a dimension is not fixed; None as a whole where not even their number
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None


def check_ports(
    path: Path, metadata: ModelMetadata, inputs: Sequence[Port], outputs: Sequence[Port]
) -> None:
    """
    Hold a model's inputs and outputs against contract 1.

    :raises ModelError: naming what differs
    """
    due = ('depth', 'valid', 'rgb') if metadata.guided else ('depth', 'valid')
    for what, ports, names in (('inputs', inputs, due), ('outputs', outputs, OUTPUTS)):
        got = sorted(port.name for port in ports)
        if got != sorted(names):
            raise ModelError(
                f'{path}: its {what} are {", ".join(got)} where contract 1 has '
                f'{", ".join(names)}; {_EXPORT_AGAIN}'
            )
    for port in (*inputs, *outputs):
        _check_port(path, port)


def _check_port(path: Path, port: Port) -> None:
    if port.dtype != 'float32':
        raise ModelError(
            f'{path}: {port.name} is {port.dtype} where contract 1 has float32; {_EXPORT_AGAIN}'
        )
    if port.shape is None:
        return
    due = (1, _CHANNELS.get(port.name, 1))
    if len(port.shape) != 4 or any(
        got not in (None, want) for got, want in zip(port.shape, due, strict=False)
    ):
        raise ModelError(
            f'{path}: {port.name} has shape {port.shape} where contract 1 has '
            f'({due[0]}, {due[1]}, height, width); {_EXPORT_AGAIN}'
        )
    if port.name in _CHANNELS and port.shape[2:] != (None, None):
        raise ModelError(
            f'{path}: {port.name} takes {port.shape[3]}x{port.shape[2]} pixels only; contract 1 '
            f'takes any size: {_EXPORT_AGAIN}'
        )


def check_output_shape(name: str, shape: tuple[int, ...], expected: tuple[int, int]) -> None:
    """
    Hold the shape of an output against (1, 1, sH, sW).

    :raises ModelError: where it differs
    """
    if tuple(shape) != (1, 1, *expected):
        raise ModelError(
            f'{name} has shape {tuple(shape)} where its scale makes {(1, 1, *expected)}: the '
            f'scale in its metadata is not that of the network; {_EXPORT_AGAIN}'
        )


def try_engine(path: Path, engine: Engine) -> None:
    """
    Run small frames through a new engine, so that a bad model fails now.

    :raises ModelError: where its output is not what contract 1 promises
    """
    y, x = np.mgrid[:12, :16].astype(np.float32)
    depth = 2 + 0.02 * x + 0.01 * y
    valid = np.ones(depth.shape, np.bool_)
    valid[3:6, 4:9] = False
    valid[11, 15] = False
    height, width = (engine.info.scale * side for side in depth.shape)
    rgb = np.full((height, width, 3), 128, np.uint8) if engine.info.guided else None
    try:
        without, with_other = (
            _checked_depth(engine, np.where(valid, depth, hidden).astype(np.float32), valid, rgb)
            for hidden in (0.0, 9.0)
        )
        _checked_depth(engine, np.zeros_like(depth), np.zeros_like(valid), rgb)
    except (ModelError, EngineError) as fault:
        raise ModelError(f'{path}: {fault}') from fault
    if not np.isfinite(without).any():
        raise ModelError(f'{path}: it finds no valid pixel on a plane; {_EXPORT_AGAIN}')
    if not np.allclose(without, with_other, atol=1e-5, equal_nan=True):
        raise ModelError(
            f'{path}: its output depends on the depth under holes, which contract 1 says must not '
            f'matter; {_EXPORT_AGAIN}'
        )
    if rgb is not None and not _blind_where_black(engine, depth, valid, rgb):
        raise ModelError(
            f'{path}: where colour is unknown, which is 0, its output is not that of depth alone, '
            f'as contract 1 says; {_EXPORT_AGAIN}'
        )


def _blind_where_black(engine: Engine, depth: F32, valid: Bool, rgb: U8) -> bool:
    """Whether a model gives where colour is 0 what it gives where there is none at all."""
    half = rgb.copy()
    half[:, : rgb.shape[1] // 2] = 0
    found = []
    for colour in (half, np.zeros_like(rgb)):
        out = engine.infer(np.where(valid, depth, np.float32(0)), valid, colour)
        known = [out.depth, out.depth if out.sigma is None else out.sigma]
        found.append([np.where(out.valid, image, np.float32(0)) for image in known])
    unknown = np.s_[:, : rgb.shape[1] // 2]
    return all(
        np.allclose(beside[unknown], alone[unknown], atol=1e-5)
        for beside, alone in zip(*found, strict=True)
    )


def _checked_depth(engine: Engine, depth: F32, valid: Bool, rgb: U8 | None) -> F32:
    """Return the depth (sH, sW) of one frame, NaN where not valid."""
    out = engine.infer(depth, valid, rgb)
    for name, image in (('depth_hr', out.depth), ('sigma_hr', out.sigma)):
        if image is not None and not np.isfinite(image[out.valid]).all():
            raise ModelError(f'{name} is not finite where valid_hr says so; {_EXPORT_AGAIN}')
    return np.where(out.valid, out.depth, np.float32(np.nan))


class ModelInputs:
    """Lays a frame out as the inputs of a model, in arrays that stay in place for a size."""

    def __init__(self, info: EngineInfo) -> None:
        self._info = info
        self._scratch = Scratch()

    def arrays(self, height: int, width: int) -> dict[str, F32]:
        """Return the inputs by name for frames of that size, to be filled by ``fill``."""
        return {
            name: self._scratch.array(name, shape)
            for name, shape in input_shapes(self._info, height, width).items()
        }

    def fill(self, depth: F32, valid: Bool, rgb: U8 | None) -> dict[str, F32]:
        """
        Fill the arrays from a frame and return them.

        :raises EngineError: where colour is of another size
        """
        arrays = self.arrays(*depth.shape)
        fill_inputs(self._info, arrays, depth, valid, rgb)
        return arrays


def input_shapes(info: EngineInfo, height: int, width: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each input for frames of that size [px]."""
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(('depth', 'valid'), (1, 1, height, width))
    if info.guided:
        shapes['rgb'] = (1, 3, height * info.scale, width * info.scale)
    return shapes


def fill_inputs(
    info: EngineInfo, arrays: Mapping[str, F32], depth: F32, valid: Bool, rgb: U8 | None
) -> None:
    """
    Fill arrays of ``input_shapes`` from a frame.

    Colour that is missing is unknown everywhere, which is 0.

    :raises EngineError: where colour is of another size
    """
    arrays['depth'][0, 0] = depth
    arrays['valid'][0, 0] = valid
    if info.guided and rgb is None:
        arrays['rgb'].fill(0.0)
    elif info.guided:
        colour = check_colour(info, depth, rgb)
        np.multiply(colour.transpose(2, 0, 1), np.float32(1 / 255), out=arrays['rgb'][0])


def check_colour(info: EngineInfo, depth: F32, rgb: U8 | None) -> U8:
    """
    Return the colour of a frame for a guided engine.

    :raises EngineError: where it is missing, or not of the output's size
    """
    height, width = (side * info.scale for side in depth.shape)
    if rgb is None or rgb.shape != (height, width, 3):
        got = 'none' if rgb is None else f'an array of shape {rgb.shape}'
        raise EngineError(
            f'{info.model} needs colour of {width}x{height} pixels, got {got}: '
            'give RGB registered to the enlarged depth'
        )
    return rgb


def model_info(
    path: Path, metadata: ModelMetadata, engine: str, precision: str, device: str
) -> EngineInfo:
    """
    Return what a model engine says of itself.

    A model is ``int8`` or ``f16`` as far as its file says so, and ``precision`` in the rest.
    """
    written = written_precision(read_onnx_file(path))
    return EngineInfo(
        engine=engine,
        model=metadata.name,
        scale=metadata.scale,
        alignment=metadata.alignment,
        precision=precision if written == 'f32' else f'{written}+{precision}',
        device=device,
        guided=metadata.guided,
        noise=metadata.noise,
        works_blind=metadata.guided,
    )


def written_precision(file: OnnxFile) -> str:
    """Return the lowest precision that a model file itself says to compute in."""
    if file.operators & _INTEGER_OPERATORS:
        return 'int8'
    return next((name for name, code in _LOW_FLOATS.items() if code in file.weight_types), 'f32')


def thread_count(threads: int | None) -> int:
    """
    Return how many threads to use: as asked, by the environment, or every core given to us.

    :raises EngineError: where what was asked is no number of threads
    """
    asked = os.environ.get(THREADS_VARIABLE) if threads is None else str(threads)
    if not asked:
        return len(os.sched_getaffinity(0))
    if not asked.isdecimal() or int(asked) < 1:
        source = f'the environment variable {THREADS_VARIABLE}' if threads is None else 'threads'
        raise EngineError(f'{source} must be a whole number of at least 1, got {asked}')
    return int(asked)
