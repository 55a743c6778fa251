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

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module, metadata, util
from pathlib import Path
from typing import Any, NamedTuple

import cv2

from cdst_ros.environment import GPU_DEVICES, TENSORRT_REMEDY
from cdst_ros.superres.engine import Engine, EngineError, ModelError
from cdst_ros.superres.engines.standby import SlowEngine, StandbyEngine
from cdst_ros.superres.store import find_model

#: Engines that run a model on the CPU, best first.
CPU_ENGINES = ('openvino', 'onnxruntime')

#: Engines that run a model, best first: the order that ``auto`` tries.
MODEL_ENGINES = ('tensorrt', *CPU_ENGINES)

#: Engines that need no model, only a scale.
CLASSICAL_ENGINES = ('nearest', 'bilinear', 'bicubic', 'joint_bilateral')

#: Before it, precision was no property of the model file.
OLDEST_TENSORRT = 10

ENGINE_NAMES = (*MODEL_ENGINES, *CLASSICAL_ENGINES)

_log = logging.getLogger(__name__)


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
    live: bool = False,
) -> Engine:
    """
    Open an engine; whatever is wrong with it comes out here, not with the first frame.

    TensorRT comes with an engine on the CPU beside it (``StandbyEngine``), which it is held
    against on the first frame of each size.

    :param model: name of a shipped model or path of an ONNX file; None for classical methods
    :param engine: ``auto`` or one of ``ENGINE_NAMES``
    :param precision: what to compute in, ``f32`` or what else the engine offers
    :param scale: needed by classical methods; a model is checked against it
    :param threads: None: the environment's ``CDST_ROS_THREADS``, else every core given to us
    :param device: in the engine's own words; None: its default
    :param live: frames do not wait for an engine that is slow to get ready; they run on the CPU
        until ``StandbyEngine.prepare`` was called
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
    opened = _open_model(path, engine, _Wish(precision, threads, device, live))
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


class _Wish(NamedTuple):
    """How an engine is to be; see ``open_engine``."""

    precision: str
    threads: int | None
    device: str | None
    live: bool


def _open_model(path: Path, engine: str, wish: _Wish) -> Engine:
    name = choose_engine()[0] if engine == 'auto' else engine
    try:
        return _LOADERS[name](path, wish)
    except EngineError as error:
        if engine != 'auto' or name != 'tensorrt':
            raise
        _log.warning('tensorrt is here but can not be used, the CPU is: %s', error)
        return _LOADERS[_cpu_engine()](path, wish._replace(device=None))


def _open_openvino(path: Path, wish: _Wish) -> Engine:
    module = _load('openvino', 'cdst_ros.superres.engines.open_vino')
    engine: Engine = module.OpenVinoEngine(path, wish.precision, wish.threads, wish.device)
    return engine


def _open_onnxruntime(path: Path, wish: _Wish) -> Engine:
    module = _load('onnxruntime', 'cdst_ros.superres.engines.onnx_runtime')
    engine: Engine = module.OnnxRuntimeEngine(path, wish.precision, wish.threads, wish.device)
    return engine


def _open_tensorrt(path: Path, wish: _Wish) -> Engine:
    module = _load('tensorrt', 'cdst_ros.superres.engines.tensorrt.engine')
    slow: SlowEngine = module.TensorRtEngine(path, wish.precision, wish.device)
    try:
        standby = _LOADERS[_cpu_engine()](path, wish._replace(precision='f32', device=None))
    except (EngineError, ModelError):
        slow.close()
        raise
    return StandbyEngine(slow, standby, wait=not wish.live)


def _cpu_engine() -> str:
    """
    Return the best engine on the CPU.

    :raises EngineError: where there is none, which TensorRT needs beside it
    """
    for name in CPU_ENGINES:
        if _describe_model_engine(name).available:
            return name
    raise EngineError(
        'tensorrt needs an engine on the CPU beside it, to work while it is built and to be held '
        'against: `pip install onnxruntime`'
    )


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
            f'{_INSTALL_AGAIN.get(name, f"`pip install --force-reinstall {name}`")}, or use '
            'another engine'
        ) from error


def _describe_model_engine(name: str) -> EngineDescription:
    if name == 'tensorrt' and (missing := _missing_for_tensorrt()):
        return EngineDescription(name, False, '', missing)
    if util.find_spec(name) is None:
        return EngineDescription(name, False, '', f'not installed; `pip install {name}`')
    return EngineDescription(name, True, _version(name), _MODEL_REASONS[name])


def _missing_for_tensorrt() -> str:
    """Return what TensorRT lacks here and what to do, empty where nothing is lacking."""
    if not any(Path(device).exists() for device in GPU_DEVICES):
        return 'no NVIDIA GPU here; use engine openvino or onnxruntime'
    if util.find_spec('tensorrt') is None:
        return f'not installed; {TENSORRT_REMEDY}'
    version = _version('tensorrt')
    if version[0].isdecimal() and int(version.split('.', maxsplit=1)[0]) < OLDEST_TENSORRT:
        return f'{version} is too old; JetPack 6 has 10.3; use engine onnxruntime or openvino'
    if not _has('cuda.bindings'):
        return 'needs cuda-bindings of the CUDA here; `pip install "cuda-bindings==12.*"`, or 13.*'
    return ''


def _has(module: str) -> bool:
    """Whether a module within a package can be imported; the package is."""
    try:
        return util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _version(name: str) -> str:
    """Return the version of an installed library, which may come in several distributions."""
    for suffix in ('', '-gpu', '-cu12', '-cu13'):
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(name + suffix)
    return 'of unknown version'


_LOADERS: dict[str, Callable[[Path, _Wish], Engine]] = {
    'tensorrt': _open_tensorrt,
    'openvino': _open_openvino,
    'onnxruntime': _open_onnxruntime,
}

_INSTALL_AGAIN = {'tensorrt': TENSORRT_REMEDY}

_MODEL_REASONS = {
    'tensorrt': 'fastest where there is a GPU; in the precision of the model file',
    'openvino': 'fastest on CPUs; f32, and bf16 where the CPU has it',
    'onnxruntime': 'runs everywhere; f32',
}

_CLASSICAL_REASONS = {
    'nearest': 'repeats the nearest sample',
    'bilinear': 'smooth, mixes depths across edges',
    'bicubic': 'the published floor; overshoots at edges unless bounded',
    'joint_bilateral': 'edges from registered colour; slow',
}
