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
"""What an evaluation says: rows of scores, never without the protocol that they belong to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Told how much is done, of how much, and what is next.
Progress = Callable[[int, int, str], None]


class EvaluationError(ValueError):
    """An evaluation that cannot be done as asked; the message says what to do."""


@dataclass(frozen=True)
class Row:
    """
    The scores of a method at a scale.

    :param method: name of the method or the model
    :param scale: output pixels per input pixel, each way
    :param scores: by metric: a number, or numbers by scene with their ``mean``
    :param details: engine, precision, whether it was bounded, and what that cost
    :param metrics: figures of metric depth by name (``metrics/catalogue.py``)
    :param intervals: of some of them, low and high
    :param profile: sensor profile that the input is of, empty where there is none
    """

    method: str
    scale: int
    scores: dict[str, Any]
    details: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    profile: str = ''

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        values: dict[str, Any] = {'method': self.method, 'scale': self.scale}
        if self.profile:
            values['profile'] = self.profile
        if self.metrics:
            values.update(metrics=self.metrics, intervals=self.intervals)
        return {**values, **self.scores, **self.details}


@dataclass(frozen=True)
class Report:
    """
    An evaluation.

    :param protocol: registry name
    :param conditions: data, degradation, crop and units, in words
    :param rows: the floors first, by scale
    :param checked: what was checked of every frame, in words
    :param broken: what the checks found, a sentence each; empty is as it should be
    :param notes: what else the reader should know, such as frames left out
    :param verdict: what it all comes to, in one sentence; empty where none is drawn
    """

    protocol: str
    conditions: str
    rows: list[Row]
    checked: str = ''
    broken: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    verdict: str = ''

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            'protocol': self.protocol,
            'conditions': self.conditions,
            'rows': [row.to_json() for row in self.rows],
            'checked': self.checked,
            'broken': self.broken,
            'notes': self.notes,
            'verdict': self.verdict,
        }


@dataclass(frozen=True)
class Request:
    """
    What to evaluate.

    :param data: folder of the data set, or a recording; None for protocols that make their own
    :param scales: to evaluate at; empty: all that the protocol has
    :param models: names of shipped models or paths; each is run at its own scale
    :param engine: that runs the models
    :param precision: of the engine
    :param bounded: whether the models' output is bounded
    :param progress: told of progress
    :param frames: at most so many, spread over the data; None: all
    :param error_maps: folder for pictures of the errors, of protocols that make some
    """

    data: Path | None = None
    scales: tuple[int, ...] = ()
    models: tuple[str, ...] = ()
    engine: str = 'auto'
    precision: str = 'f32'
    bounded: bool = True
    progress: Progress = lambda done, total, what: None
    frames: int | None = None
    error_maps: Path | None = None

    def needed_data(self) -> Path:
        """
        Return where the data are.

        :raises EvaluationError: when nobody said
        """
        if self.data is None:
            raise EvaluationError('this protocol needs its data: say where they are with --data')
        return self.data
