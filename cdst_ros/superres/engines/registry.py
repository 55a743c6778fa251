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
"""Engines by name: what this machine has, what ``auto`` takes, and how each is opened."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module, metadata, util
from pathlib import Path
from typing import Any

import cv2

from cdst_ros.superres.engine import Engine, EngineError
from cdst_ros.superres.store import find_model

#: Engines that run a model, best first: the order that ``auto`` tries.
MODEL_ENGINES = ('tensorrt', 'openvino', 'onnxruntime')

#: Engines that need no model, only a scale.
CLASSICAL_ENGINES = ('nearest', 'bilinear', 'bicubic', 'joint_bilateral')

ENGINE_NAMES = (*MODEL_ENGINES, *CLASSICAL_ENGINES)


@dataclass(frozen=True)
class EngineDescription:
    """
    What this machine has of one engine.

    :param name: registry name
    :param available: whether it can be opened here
    :param version: of its library, empty where there is none
    :param reason: what it is good for, or what is missing and what to do
    """

    name: str
    available: bool
    version: str
    reason: str


def describe_engines() -> list[EngineDescription]:
    """Return every engine, those of ``auto`` first in its order; loads no runtime."""
    return [_describe_model_engine(name) for name in MODEL_ENGINES] + [
        EngineDescription(name, True, cv2.__version__, _CLASSICAL_REASONS[name])
        for name in CLASSICAL_ENGINES
    ]


def choose_engine() -> tuple[str, str]:
    """
    Return the engine that ``auto`` takes here, and why.

    :raises EngineError: where none can run a model; tells what to install
    """
    passed_over: list[str] = []
    for name in MODEL_ENGINES:
        found = _describe_model_engine(name)
        if found.available:
            return name, '; '.join([*passed_over, f'{name} {found.version} is the best here'])
        passed_over.append(f'{name}: {found.reason}')
    raise EngineError('no engine here runs a model. ' + '; '.join(passed_over))


def open_engine(
    model: str | Path | None,
    engine: str = 'auto',
    precision: str = 'f32',
    *,
    scale: int | None = None,
    threads: int | None = None,
    device: str | None = None,
) -> Engine:
    """
    Open an engine; whatever is wrong with it comes out here, not with the first frame.

    :param model: name of a shipped model or path of an ONNX file; None for classical methods
    :param engine: ``auto`` or one of ``ENGINE_NAMES``
    :param precision: what to compute in, ``f32`` or what else the engine offers
    :param scale: needed by classical methods; a model is checked against it
    :param threads: None: the environment's ``CDST_ROS_THREADS``, else every core given to us
    :param device: in the engine's own words; None: its default
    :raises ModelError: when the model can not be used
    :raises EngineError: when the engine can not be used; tells what to do
    """
    if engine in CLASSICAL_ENGINES:
        return _open_classical(engine, model, precision, scale)
    if engine != 'auto' and engine not in MODEL_ENGINES:
        raise EngineError(
            f'there is no engine {engine!r}; there are auto, {", ".join(ENGINE_NAMES)}'
        )
    if model is None:
        raise EngineError(
            f'engine {engine} needs a model: give the name of a shipped one or an .onnx file'
        )
    path = find_model(model)
    name = choose_engine()[0] if engine == 'auto' else engine
    opened = _LOADERS[name](path, precision, threads, device)
    if scale not in (None, opened.info.scale):
        opened.close()
        raise EngineError(
            f'{path} enlarges by {opened.info.scale} and {scale} was asked for: '
            'leave the scale out or give another model'
        )
    return opened


def _open_classical(
    engine: str, model: str | Path | None, precision: str, scale: int | None
) -> Engine:
    if model is not None:
        raise EngineError(f'{engine} takes no model: leave {model} out, and give a scale')
    if scale is None:
        raise EngineError(f'{engine} needs a scale, such as 4')
    if precision != 'f32':
        raise EngineError(f'{engine} computes in f32, not in {precision}: leave the precision out')
    if engine == 'joint_bilateral':
        from cdst_ros.superres.engines.joint_bilateral import JointBilateralEngine

        return JointBilateralEngine(scale)
    from cdst_ros.superres.engines.classical import InterpolationEngine

    return InterpolationEngine(engine, scale)


def _open_openvino(path: Path, precision: str, threads: int | None, device: str | None) -> Engine:
    module = _load('openvino', 'cdst_ros.superres.engines.open_vino')
    engine: Engine = module.OpenVinoEngine(path, precision, threads, device)
    return engine


def _open_onnxruntime(
    path: Path, precision: str, threads: int | None, device: str | None
) -> Engine:
    module = _load('onnxruntime', 'cdst_ros.superres.engines.onnx_runtime')
    engine: Engine = module.OnnxRuntimeEngine(path, precision, threads, device)
    return engine


def _open_tensorrt(path: Path, precision: str, threads: int | None, device: str | None) -> Engine:
    raise EngineError(f'{path} can not run on tensorrt: {_NO_TENSORRT}')


def _load(name: str, module: str) -> Any:
    """Import an engine's module, which imports its runtime."""
    found = _describe_model_engine(name)
    if not found.available:
        raise EngineError(f'engine {name} is not available: {found.reason}')
    try:
        return import_module(module)
    except ImportError as error:
        raise EngineError(
            f'{name} {found.version} is installed but does not load ({error}): '
            f'`pip install --force-reinstall {name}`, or use another engine'
        ) from error


def _describe_model_engine(name: str) -> EngineDescription:
    if name == 'tensorrt':
        return EngineDescription(name, False, '', _NO_TENSORRT)
    if util.find_spec(name) is None:
        return EngineDescription(name, False, '', f'not installed; `pip install {name}`')
    return EngineDescription(name, True, _version(name), _MODEL_REASONS[name])


def _version(name: str) -> str:
    """Return the version of an installed library, which may come in several distributions."""
    for distribution in (name, f'{name}-gpu'):
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(distribution)
    return 'of unknown version'


_NO_TENSORRT = (
    'this version of cdst_ros has no TensorRT engine; use engine openvino or onnxruntime'
)

_LOADERS: dict[str, Callable[[Path, str, int | None, str | None], Engine]] = {
    'tensorrt': _open_tensorrt,
    'openvino': _open_openvino,
    'onnxruntime': _open_onnxruntime,
}

_MODEL_REASONS = {
    'openvino': 'fastest on CPUs; f32, and bf16 where the CPU has it',
    'onnxruntime': 'runs everywhere; f32',
}

_CLASSICAL_REASONS = {
    'nearest': 'repeats the nearest sample',
    'bilinear': 'smooth, mixes depths across edges',
    'bicubic': 'the published floor; overshoots at edges unless bounded',
    'joint_bilateral': 'edges from registered colour; slow',
}
