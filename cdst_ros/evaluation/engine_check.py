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
"""Engines side by side on the same frames: built, held against f32 on the CPU, and timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.validity import valid_mask
from cdst_ros.evaluation.sources import open_source
from cdst_ros.evaluation.timing import time_engines
from cdst_ros.superres.engine import Engine, EngineError, Inference, ModelError
from cdst_ros.superres.engines import CPU_ENGINES, describe_engines, open_engine
from cdst_ros.superres.engines.agreement import Agreement, compare
from cdst_ros.superres.fill import where
from cdst_ros.synthetic.camera import SyntheticCamera

#: Room that synthetic frames are of, and how many rounds a time is the median of.
SEED = 1
ROUNDS = 20


@dataclass(frozen=True)
class EngineCheck:
    """
    What was found of one engine at one size.

    :param size: width and height of the input [px]
    :param precision: what the engine says it computes in; as asked where it can not be opened
    :param first_s: seconds from asking for the engine to its first frame, its build included
    :param wall_ms: median of a frame, bound and masks included; None where it does not run
    :param agreement: with f32 on the CPU, over all frames; None where it does not run
    :param fault: why it does not run, or is not to be used
    """

    engine: str
    precision: str
    device: str
    size: tuple[int, int]
    first_s: float | None = None
    wall_ms: float | None = None
    cpu_ms: float | None = None
    agreement: Agreement | None = None
    fault: str = ''

    def to_json(self) -> dict[str, Any]:
        """Return what a report has of it."""
        values = {name: value for name, value in vars(self).items() if name != 'agreement'}
        agreement = None if self.agreement is None else self.agreement._asdict()
        same = None if self.agreement is None else self.agreement.holds
        return {**values, 'agreement': agreement, 'same_as_f32': same}


@dataclass(frozen=True)
class Candidate:
    """
    An engine that is to be checked.

    :param device: in the engine's own words; None: its default
    """

    engine: str
    precision: str = 'f32'
    device: str | None = None
    threads: int | None = None

    def open(self, model: Path) -> Engine:
        """Open it, as ``open_engine`` does."""
        return open_engine(
            model, self.engine, self.precision, threads=self.threads, device=self.device
        )


def synthetic_frames(size: tuple[int, int], scale: int, count: int) -> list[F32]:
    """Return frames of a procedural room as a generic sensor sees it, (H, W) [m]."""
    camera = SyntheticCamera(SEED, *size, scale=scale, frames=count, color=False)
    return [frame.depth for frame, _ in zip(camera, range(count), strict=False)]


def recorded_frames(path: Path, count: int, depth_topic: str | None = None) -> list[F32]:
    """
    Return frames of a bag, a recording, a folder or an image, evenly spread, (H, W) [m].

    :raises SourceError: when it is none of these, or has no frame
    """
    with open_source(path, depth_topic=depth_topic) as source:
        total = len(source)
        step = max(total // count, 1)
        frames = (frame.depth for index, frame in enumerate(source) if index % step == 0)
        return [depth for depth, _ in zip(frames, range(count), strict=False)]


def reference_engine(model: Path, threads: int | None = None) -> Engine:
    """
    Return the model in f32 on the CPU, by the runtime that changes least of it.

    :raises EngineError: where there is none
    """
    available = {item.name for item in describe_engines() if item.available}
    for name in reversed(CPU_ENGINES):
        if name in available:
            return open_engine(model, name, threads=threads)
    raise EngineError('a check needs f32 on the CPU to hold against: `pip install onnxruntime`')


def check_engines(
    model: Path,
    candidates: Sequence[Candidate],
    frames: Sequence[F32],
    reference: Engine,
    *,
    rounds: int = ROUNDS,
    on_engine: Callable[[str], None] = lambda _: None,
) -> Iterator[EngineCheck]:
    """
    Yield what is found of each candidate on frames of one size.

    :param frames: (H, W) [m], NaN = unknown
    :param reference: what they are held against
    :param rounds: frames that a time is the median of; the engines take turns
    :param on_engine: told which engine is at work
    """
    due = [_run(reference, depth) for depth in frames]
    size = frames[0].shape[1], frames[0].shape[0]
    running: list[tuple[Candidate, Engine, float, Agreement]] = []
    for candidate in candidates:
        on_engine(f'{candidate.engine} {candidate.precision}')
        try:
            running.append((candidate, *_open(candidate, model, frames, due)))
        except (EngineError, ModelError) as error:
            device = candidate.device or ''
            yield EngineCheck(
                candidate.engine, candidate.precision, device, size, fault=str(error)
            )
    on_engine('timing')
    costs = time_engines([engine for _, engine, *_ in running], size, rounds)
    for (_, engine, first_s, agreement), cost in zip(running, costs, strict=True):
        info = engine.info
        yield EngineCheck(
            engine=info.engine,
            precision=info.precision,
            device=info.device,
            size=size,
            first_s=first_s,
            wall_ms=cost.wall_ms,
            cpu_ms=cost.cpu_ms,
            agreement=agreement,
        )
        engine.close()


def _open(
    candidate: Candidate, model: Path, frames: Sequence[F32], due: Sequence[Inference]
) -> tuple[Engine, float, Agreement]:
    began = time.perf_counter()
    engine = candidate.open(model)
    try:
        first = _run(engine, frames[0])
        first_s = time.perf_counter() - began
        found = [first, *(_run(engine, depth) for depth in frames[1:])]
    except (EngineError, ModelError):
        engine.close()
        raise
    return engine, first_s, compare(_joined(found), _joined(due))


def _run(engine: Engine, depth: F32) -> Inference:
    """Return a copy of what an engine makes of a frame; a guided one sees grey."""
    valid = valid_mask(depth, 0.0, np.inf)
    scale = engine.info.scale
    grey: U8 | None = None
    if engine.info.guided:
        grey = np.full((depth.shape[0] * scale, depth.shape[1] * scale, 3), 128, np.uint8)
    out = engine.infer(where(valid, depth, 0.0).copy(), valid.copy(), grey)
    sigma = None if out.sigma is None else out.sigma.copy()
    return Inference(out.depth.copy(), sigma, out.valid.copy())


def _joined(outputs: Iterable[Inference]) -> Inference:
    """Return frames of one size as one tall frame."""
    depths, sigmas, valids = zip(*outputs, strict=True)
    known = [sigma for sigma in sigmas if sigma is not None]
    sigma = np.concatenate(known) if len(known) == len(sigmas) else None
    return Inference(np.concatenate(depths), sigma, np.concatenate(valids))
