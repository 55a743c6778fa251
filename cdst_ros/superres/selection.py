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
"""The best model that holds the input's rate on this machine, found by timing."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from importlib import metadata as distributions
from pathlib import Path
from statistics import median
from typing import NamedTuple
from uuid import uuid4

import numpy as np

from cdst_ros.depth.arrays import F32, U8, Bool
from cdst_ros.environment import cpu_words, integers_pay
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engine import Engine, EngineInfo, Inference, ModelError
from cdst_ros.superres.engines import (
    CPU_ENGINES,
    choose_engine,
    describe_engines,
    open_engine,
)
from cdst_ros.superres.engines.cache import cache_folder, plan_key
from cdst_ros.superres.engines.model import thread_count
from cdst_ros.superres.frame import SuperResolution
from cdst_ros.superres.store import depth_models, find_model, precisions_of

#: Name that stands for whichever model is best here.
AUTO = 'auto'

#: A frame may take this share of the time between two: messages and the robot need the rest.
SHARE = 0.6
#: Frames that a time is the median of, after one that warms up.
ROUNDS = 7
#: A time is not to be trusted where the middle half of its frames spreads by more than this share.
UNSTEADY = 0.5
#: Where a frame takes longer than this [ms], fewer are enough.
_LONG_MS, _FEW = 150.0, 3

_FIGURE = 'middlebury6_mad_mean'
_PROFILE = 'generic'
_SUFFIX = '.timing'

_log = logging.getLogger(__name__)

Size = tuple[int, int]


class Candidate(NamedTuple):
    """
    One way to enlarge.

    :param model: shipped model, in float32 by name
    :param file: what is run, which may be of lower precision
    """

    model: str
    file: Path
    precision: str
    engine: str

    def __str__(self) -> str:
        return f'{self.model} in {self.precision} on {self.engine}'


class Timing(NamedTuple):
    """
    What a frame takes.

    :param ms: median [ms]
    :param spread: of the middle half of the frames, as a share of the median
    """

    ms: float
    spread: float

    @property
    def steady(self) -> bool:
        """Whether it would come out alike again."""
        return self.spread <= UNSTEADY


class Selection(NamedTuple):
    """
    What was chosen.

    :param reason: a sentence for the log and for diagnostics
    """

    candidate: Candidate
    reason: str


class SelectedEngine:
    """An engine that says why it was chosen."""

    def __init__(self, engine: Engine, reason: str) -> None:
        self._engine = engine
        self._reason = reason

    @property
    def info(self) -> EngineInfo:
        """What it is, with the reason."""
        return replace(self._engine.info, reason=self._reason)

    def infer(self, depth: F32, valid: Bool, rgb: U8 | None = None) -> Inference:
        """Enlarge one frame."""
        return self._engine.infer(depth, valid, rgb)

    def close(self) -> None:
        """Release the engine."""
        self._engine.close()


def open_best(
    scale: int,
    size: Size | None,
    rate: float,
    *,
    engine: str = 'auto',
    threads: int | None = None,
) -> Engine:
    """
    Open the best shipped model of a scale that holds a rate.

    :param size: height and width of the input [px]; None while nobody knows
    :param rate: of the input [Hz]
    :param engine: to run it on, or ``auto``
    :raises ModelError: where no model of that scale ships, or none can be timed on that engine
    :raises EngineError: where one does not run
    """
    found = candidates(scale, engine)
    if engine == 'auto' and choose_engine()[0] == 'tensorrt':
        # To time it would be to build it, which takes minutes.
        _log.info('there is a GPU: %s is taken, the strongest, untimed', found[0].model)
        return open_engine(found[0].file, threads=threads, live=True)
    if size is None:
        chosen = _plain(found, 'the size of the input is not known yet')
    else:
        chosen = select(found, size, rate, Stopwatch(size, threads))
    _log.info('%s', chosen.reason)
    opened = open_engine(chosen.candidate.file, chosen.candidate.engine, threads=threads)
    return SelectedEngine(opened, chosen.reason)


def scale_of(asked: int) -> int:
    """Return the scale that is chosen among: as asked, else 4, which most models have."""
    return asked or 4


def candidates(scale: int, engine: str = 'auto') -> list[Candidate]:
    """
    Return the ways to enlarge by a scale, those of the strongest model first.

    Shipped models of depth alone, for any sensor; in int8 beside f32 where this CPU computes it
    faster, and the loss was found to be within its bound. Order within a model: f32 first, engines
    as ``auto`` has them.

    :raises ModelError: where no model of that scale ships, or none can be timed on that engine
    """
    here = [item.name for item in describe_engines() if item.available]
    engines = [name for name in CPU_ENGINES if name in here and engine in ('auto', name)]
    if not engines:
        raise ModelError(
            f'model {AUTO} is timed on openvino and onnxruntime, and engine {engine} gives none '
            'that is installed here: name a model, or set engine to auto'
        )
    found = []
    for _, name in sorted(_strengths(scale)):
        files = {'f32': find_model(name), **precisions_of(name)}
        for precision, file in files.items():
            found += [
                Candidate(name, file, precision, one)
                for one in engines
                if precision == 'f32' or _pays(precision, one)
            ]
    if not found:
        raise ModelError(f'no model that ships enlarges by {scale} for any sensor: name one')
    return found


def select(
    found: Sequence[Candidate], size: Size, rate: float, stopwatch: Callable[[Candidate], Timing]
) -> Selection:
    """
    Return the first candidate whose frame takes no more than its share of the time.

    Where times are unsteady nobody could choose alike again: the cheapest model is taken then.

    :param found: the best first
    :param size: height and width [px]
    :param rate: of the input [Hz]
    """
    budget = 1e3 * SHARE / rate
    at = f'{size[1]}x{size[0]} px at {rate:g} Hz'
    told = []
    for candidate in found:
        timing = stopwatch(candidate)
        told.append(f'{candidate} {timing.ms:.1f} ms')
        if timing.ms - timing.ms * timing.spread > budget:
            continue  # too slow even if it was disturbed
        if not timing.steady:
            return _plain(
                found, f'{at}: times are unsteady ({candidate}: {timing.ms:.1f} ms, give or take '
                f'{100 * timing.spread / 2:.0f} %)'
            )  # fmt: skip
        if timing.ms <= budget:
            return Selection(
                candidate,
                f'{candidate} is the best that holds {at}: a frame takes {timing.ms:.1f} ms of '
                f'{budget:.1f} ms ({"; ".join(told)})',
            )
    return _plain(found, f'{at}: none holds this rate ({"; ".join(told)})')


def _plain(found: Sequence[Candidate], why: str) -> Selection:
    """Return the cheapest model, by what does not depend on any clock."""
    cheapest = min(found, key=lambda one: (one.file.stat().st_size, found.index(one)))
    return Selection(cheapest, f'{cheapest} is taken, the cheapest: {why}')


class Stopwatch:
    """
    Times candidates on frames of a size; what was steady is kept on disk for the next start.

    :param size: height and width [px]
    :param threads: of the engine; None: as the environment says
    :param folder: None: that of the user, beside the plans of TensorRT
    """

    def __init__(self, size: Size, threads: int | None, folder: Path | None = None) -> None:
        self._size = size
        self._threads = thread_count(threads)
        self._folder = cache_folder() if folder is None else folder

    def __call__(self, candidate: Candidate) -> Timing:
        """
        Return what a frame takes.

        :raises EngineError: when it can not be run
        """
        path = self.path(candidate)
        with suppress(OSError, ValueError, TypeError):
            return Timing(**json.loads(path.read_text(encoding='utf-8')))
        timing = self._time(candidate)
        if timing.steady:
            partial = path.with_suffix(f'.{uuid4().hex}.partial')
            with suppress(OSError):  # the next start measures again
                path.parent.mkdir(parents=True, exist_ok=True)
                partial.write_text(json.dumps(timing._asdict()), encoding='utf-8')
                os.replace(partial, path)
        return timing

    def path(self, candidate: Candidate) -> Path:
        """Return where the time of a candidate is kept."""
        fields = {
            'timed': 'superres',
            'model sha256': sha256(candidate.file.read_bytes()).hexdigest(),
            'engine': candidate.engine,
            'version': distributions.version(candidate.engine),
            'processor': ' '.join(sorted(cpu_words(_cpuinfo()))),
            'threads': str(self._threads),
            'size': str(self._size),
        }
        return self._folder / (plan_key(fields) + _SUFFIX)

    def _time(self, candidate: Candidate) -> Timing:
        engine = open_engine(candidate.file, candidate.engine, threads=self._threads)
        try:
            run, frame = SuperResolution(engine), _frame(self._size)
            run(frame)
            first = _took(run, frame)
            rounds = _FEW if first > _LONG_MS else ROUNDS
            taken = [first, *(_took(run, frame) for _ in range(rounds - 1))]
        finally:
            engine.close()
        low, high = np.percentile(taken, (25, 75))
        middle = median(taken)
        return Timing(round(middle, 2), round(float(high - low) / middle, 3))


def _took(run: SuperResolution, frame: F32) -> float:
    began = time.perf_counter()
    run(frame)
    return 1e3 * (time.perf_counter() - began)


def _frame(size: Size) -> F32:
    """Return a slanted floor with a box before it and a hole, (H, W) [m]."""
    height, width = size
    y = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None]
    depth = np.repeat(1.0 / (0.2 + 0.6 * y), width, axis=1)
    depth[height // 3 : height // 2, width // 3 : width // 2] = 1.1
    depth[: height // 8, : width // 8] = np.nan
    return depth


def _strengths(scale: int) -> Iterable[tuple[float, str]]:
    """Yield measured error and name of the models of depth alone that are for any sensor."""
    for name, path in depth_models((scale,)).items():
        metadata = read_metadata(path)
        if metadata.profile == _PROFILE:
            yield metadata.accuracy.get(_FIGURE, float('inf')), name


def _pays(precision: str, engine: str) -> bool:
    # ONNX Runtime computes Q/DQ whose sums stay float32 slower than float32.
    return precision == 'int8' and engine == 'openvino' and integers_pay(cpu_words(_cpuinfo()))


def _cpuinfo() -> str:
    try:
        return Path('/proc/cpuinfo').read_text(encoding='utf-8', errors='replace')
    except OSError:
        return ''
