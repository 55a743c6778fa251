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
"""The measurements that cards are made of: one JSON file each, made once, and kept."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cdst_ros.evaluation.plain import json_text
from cdst_ros.evaluation.procedural import RUNNERS, protocol_name
from cdst_ros.evaluation.protocols import PROTOCOLS
from cdst_ros.evaluation.report import EvaluationError, Progress, Request
from cdst_ros.evaluation.timing import time_engines
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engines import CLASSICAL_ENGINES, open_engine
from cdst_ros.synthetic import IDEAL

#: Of the files; those of another number are made again.
FORMAT = 1
#: Frames whose cost is told, width and height.
SIZES = ((160, 120), (320, 240), (640, 480))
_ROUNDS = 9
#: Always of all that they have, which takes seconds.
_WHOLE = ('middlebury6', 'hololens_x2')
_RENDERS = ('replica_x4', 'tartanair_x4')
_WITH_DATA = ('middlebury6', 'hololens_x2', *_RENDERS)
#: What cards are of; what errs in nothing is no sensor.
PROTOCOL_NAMES = (
    *(protocol_name(profile) for profile in RUNNERS if profile != IDEAL.name),
    *_WITH_DATA,
)
_COST = 'cost'


@dataclass(frozen=True)
class Model:
    """
    A model to measure.

    :param name: that it has in its metadata
    :param path: of its file
    :param scale: output pixels per input pixel, each way
    """

    name: str
    path: Path
    scale: int

    @classmethod
    def of(cls, path: Path) -> Model:
        """Return the model of a file."""
        metadata = read_metadata(path)
        return cls(metadata.name, path, metadata.scale)

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Task:
    """
    One measurement: a protocol at a scale, or ``cost``.

    :param data: of the protocol, None where it makes its own, or nobody said
    :param frames: at most so many; None: all, or it has no frames
    """

    protocol: str
    scale: int
    data: Path | None = None
    frames: int | None = None

    @property
    def name(self) -> str:
        """Name of its file, without suffix."""
        ending = f'_x{self.scale}'
        return self.protocol if self.protocol.endswith(ending) else self.protocol + ending

    @property
    def can_be_done(self) -> bool:
        """Whether its data are there."""
        return self.protocol == _COST or self.data is not None or _protocol_makes_data(self)


class Results:
    """A folder of measurements."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, which is made when the first result is written."""
        self.folder = folder

    def find(self, task: Task, models: Iterable[Model]) -> dict[str, Any] | None:
        """Return the result of a task if it holds for these very model files, else None."""
        try:
            stored = json.loads(self._file(task).read_text(encoding='utf-8'))
        except (OSError, ValueError):
            return None
        if not isinstance(stored, dict) or stored.get('format') != FORMAT:
            return None
        digests = stored.get('models', {})
        same = all(digests.get(model.name) == model.digest for model in _at(models, task.scale))
        return stored if same and stored.get('frames') == task.frames else None

    def all_of(self, tasks: Iterable[Task], models: Iterable[Model]) -> dict[str, dict[str, Any]]:
        """Return what holds of some tasks, by their names."""
        given = list(models)
        found = {task.name: self.find(task, given) for task in tasks}
        return {name: values for name, values in found.items() if values is not None}

    def write(self, task: Task, models: Iterable[Model], values: Mapping[str, Any]) -> None:
        """Keep a result; a kill at any moment leaves the file whole."""
        stored = {
            'format': FORMAT,
            'frames': task.frames,
            'date': date.today().isoformat(),
            'models': {model.name: model.digest for model in _at(models, task.scale)},
            **values,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self._file(task).with_suffix('.partial')
        partial.write_text(json_text(stored, indent=None), encoding='utf-8')
        os.replace(partial, self._file(task))

    def _file(self, task: Task) -> Path:
        return self.folder / f'{task.name}.json'


def plan(
    models: Iterable[Model], data: Mapping[str, Path], frames: int | None = None
) -> list[Task]:
    """
    Return what is to be measured of models: every protocol of their scales, and their cost.

    :param data: by protocol, of those that need some
    :param frames: at most so many of each protocol, of renders a third, for every sensor sees
        them; None: all
    :raises EvaluationError: for data of a protocol that takes none
    """
    unknown = sorted(set(data) - set(_WITH_DATA))
    if unknown:
        raise EvaluationError(
            f'no protocol {", ".join(unknown)} of cards takes data: there are '
            f'{", ".join(_WITH_DATA)}'
        )
    tasks = []
    for scale in sorted({model.scale for model in models}):
        tasks += [
            Task(name, scale, data.get(name), _frames_of(name, frames))
            for name in PROTOCOL_NAMES
            if scale in PROTOCOLS[name].scales
        ]
        tasks.append(Task(_COST, scale))
    return tasks


def measure(
    task: Task,
    models: Iterable[Model],
    progress: Progress = lambda done, total, what: None,
    *,
    machine: str = '',
) -> dict[str, Any]:
    """
    Return the result of a task, for ``Results.write``.

    :param machine: what the cost is of, in words
    """
    concerned = _at(models, task.scale)
    if task.protocol == _COST:
        return {'machine': machine, 'rows': list(_costs(task.scale, concerned, progress))}
    request = Request(
        data=task.data,
        scales=(task.scale,),
        models=tuple(str(model.path) for model in concerned),
        progress=progress,
        frames=task.frames,
    )
    return PROTOCOLS[task.protocol].run(request).to_json()


def measure_missing(
    results: Results,
    models: list[Model],
    tasks: Iterable[Task],
    *,
    again: bool = False,
    machine: str = '',
    progress: Callable[[Task], Progress] = lambda task: lambda done, total, what: None,
) -> list[Task]:
    """
    Measure what is missing, or is of other model files; return what lacks its data.

    :param again: measure all, whatever there is
    :param progress: gives the progress of a task
    """
    lacking = []
    for task in tasks:
        if not again and results.find(task, models) is not None:
            continue
        if not task.can_be_done:
            lacking.append(task)
            continue
        values = measure(task, models, progress(task), machine=machine)
        results.write(task, models, values)
    return lacking


def _costs(scale: int, models: list[Model], progress: Progress) -> Iterator[dict[str, Any]]:
    for place, size in enumerate(SIZES):
        progress(place, len(SIZES), f'cost of {size[0]}x{size[1]} x{scale}')
        engines = [open_engine(None, name, scale=scale) for name in CLASSICAL_ENGINES]
        engines += [open_engine(model.path) for model in models]
        names = [*CLASSICAL_ENGINES, *(model.name for model in models)]
        costs = time_engines(engines, size, _ROUNDS)
        for name, engine, cost in zip(names, engines, costs, strict=True):
            info = engine.info
            yield {
                'method': name,
                'scale': scale,
                'size': size,
                'engine': info.engine,
                'precision': info.precision,
                'wall_ms': cost.wall_ms,
                'cpu_ms': cost.cpu_ms,
            }
            engine.close()


def _frames_of(protocol: str, frames: int | None) -> int | None:
    if frames is None or protocol in _WHOLE:
        return None
    return max(1, frames // 3) if protocol in _RENDERS else frames


def _at(models: Iterable[Model], scale: int) -> list[Model]:
    return [model for model in models if model.scale == scale]


def _protocol_makes_data(task: Task) -> bool:
    return PROTOCOLS[task.protocol].makes_data
