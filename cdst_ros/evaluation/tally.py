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
"""What scored frames come to: rows, bands, distributions, and which frames to look at."""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from cdst_ros.depth.arrays import F64
from cdst_ros.evaluation.frame_scoring import FrameSums
from cdst_ros.evaluation.metrics.bootstrap import resamplings
from cdst_ros.evaluation.metrics.catalogue import figures
from cdst_ros.evaluation.metrics.distance import EDGES_M, band_figures
from cdst_ros.evaluation.metrics.distribution import EDGES_CM, distribution
from cdst_ros.evaluation.promises import BrokenPromises
from cdst_ros.evaluation.recording_report import Band, Entrant, FrameScore, Histogram
from cdst_ros.evaluation.report import Row
from cdst_ros.evaluation.standing import (
    RANKED_BY,
    Figures,
    best_floor,
    latency_summary,
    ranks,
    standing,
)

#: Of fewer steps from frame to frame flicker is not told.
FEWEST_STEPS = 5
#: How steps are called, and the sums that they give.
_STEPS = {'still': 'flicker_', 'moving': 'moving_'}
#: Sums of which the total alone is kept.
_POOLED_ONLY = ('band_', 'error_')
#: Frames without edges are told apart by this.
_INSTEAD = 'mae_cm'


class Contestant(Protocol):
    """A method whose frames are added; ``methods.Method`` is one."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def scale(self) -> int:
        """Output pixels per input pixel, each way."""

    @property
    def is_model(self) -> bool:
        """Whether it is a model, or classical."""

    @property
    def guided(self) -> bool:
        """Whether it sees colour."""

    def details(self) -> dict[str, Any]:
        """Return what runs it, as JSON values."""


class Tally:
    """
    The frames of one scale, added one by one.

    Of a frame some hundred numbers a method stay in memory, whatever the size of its images.
    """

    def __init__(self, contestants: Sequence[Contestant], *, bounded: bool) -> None:
        """
        Take the methods.

        :param bounded: whether the models are
        """
        self._contestants = tuple(contestants)
        self._bounded = bounded
        self._kept = {one.name: _Kept() for one in contestants}
        self._frames: list[tuple[int, str, int, str]] = []
        self._scale = contestants[0].scale
        self._made: tuple[int, dict[str, Figures]] | None = None
        self.steps: Counter[str] = Counter()
        self.without_camera = 0

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._frames)

    def add(self, frame: FrameSums) -> None:
        """Add a frame; a method that did not run on it is left out of the rows."""
        self._frames.append((frame.index, frame.name, frame.stamp_ns, sys.intern(frame.sequence)))
        self.steps[frame.step] += 1
        self.without_camera += not frame.has_camera
        for name, sums in frame.sums.items():
            self._kept[name].add(sums, frame.latency_ms[name], frame.clipped[name])
            if name in frame.broken:
                self._kept[name].broken += BrokenPromises(*frame.broken[name])

    def contestants(self) -> list[Contestant]:
        """Return the methods that ran on all frames."""
        return [one for one in self._contestants if self._kept[one.name].frames == len(self)]

    def left_out(self) -> list[str]:
        """Return the names of the others."""
        running = {one.name for one in self.contestants()}
        return [one.name for one in self._contestants if one.name not in running]

    def rows(self) -> list[Row]:
        """Return a row for each method that ran on all frames."""
        made, present = self._figures(), self.contestants()
        places = ranks(made)
        rows = []
        for one in present:
            kept = self._kept[one.name]
            details = {
                **one.details(),
                'latency_ms': latency_summary(kept.latency_ms),
                'rank': places[one.name],
            }
            if one.is_model:
                details['bounded'] = self._bounded
                details['clipped_fraction'] = float(np.mean(kept.clipped)) if len(self) else 0.0
                details.update(standing(one.name, present, made))
            figures_ = made[one.name]
            rows.append(
                Row(
                    one.name,
                    one.scale,
                    {},
                    details,
                    metrics=figures_.pooled,
                    intervals=figures_.intervals(),
                )
            )
        return rows

    def baseline(self) -> str | None:
        """Return the classical method of depth alone that ranks first."""
        return best_floor(self.contestants(), self._figures())

    def faults(self) -> list[str]:
        """Return a sentence for each model that broke its bound."""
        return [
            f'{name} broke its bound: {kept.broken}'
            for name, kept in self._kept.items()
            if any(kept.broken)
        ]

    def frames(self) -> list[FrameScore]:
        """Return the scores of every frame."""
        made = {one.name: figures(self._columns(one.name)) for one in self.contestants()}
        return [
            FrameScore(
                index=index,
                name=name,
                stamp_ns=stamp_ns,
                sequence=sequence,
                scale=self._scale,
                metrics={
                    method: {figure: float(values[place]) for figure, values in all_.items()}
                    for method, all_ in made.items()
                },
                latency_ms={method: self._kept[method].latency_ms[place] for method in made},
            )
            for place, (index, name, stamp_ns, sequence) in enumerate(self._frames)
        ]

    def bands(self) -> dict[Entrant, tuple[Band, ...]]:
        """Return the errors by distance; bands that nothing lies in are left out."""
        return {
            (self._scale, one.name): tuple(_bands(self._kept[one.name].totals()))
            for one in self.contestants()
            if len(self)
        }

    def histograms(self) -> dict[Entrant, Histogram]:
        """Return how the errors are distributed."""
        return {
            (self._scale, one.name): (EDGES_CM, distribution(self._kept[one.name].totals()))
            for one in self.contestants()
            if len(self)
        }

    def worth_seeing(self) -> dict[str, int]:
        """
        Return the places of the ``best``, ``median`` and ``worst`` frame, by role.

        They are those of the model that ranks first, or the first method without a model, by
        the error at edges, or of all pixels where no frame has edges. Of few frames the same is
        told once.
        """
        judged = self.first_ranked()
        if judged is None or not len(self):
            return {}
        made = figures(self._columns(judged))
        values = made[RANKED_BY] if np.isfinite(made[RANKED_BY]).any() else made[_INSTEAD]
        order = [int(place) for place in np.argsort(values) if np.isfinite(values[place])]
        if not order:
            return {}
        roles = {'worst': order[-1], 'best': order[0], 'median': order[len(order) // 2]}
        chosen: dict[str, int] = {}
        for role in ('best', 'median', 'worst'):
            if roles[role] not in chosen.values():
                chosen[role] = roles[role]
        return chosen

    def first_ranked(self) -> str | None:
        """Return the model that ranks first; without one, the method that does."""
        order = ranks(self._figures())
        models = [one.name for one in self.contestants() if one.is_model]
        return min(models or list(order), key=lambda name: order[name], default=None)

    def sequences(self) -> list[str]:
        """Return the sequence of each frame."""
        return [sequence for *_, sequence in self._frames]

    def _columns(self, name: str) -> dict[str, F64]:
        """Return the sums of every frame, those of flicker only where there are enough steps."""
        few = tuple(sums for kind, sums in _STEPS.items() if self.steps[kind] < FEWEST_STEPS)
        columns = self._kept[name].columns()
        return {sums: column for sums, column in columns.items() if not sums.startswith(few)}

    def _figures(self) -> dict[str, Figures]:
        """Return the figures of the methods that ran on all frames; made once for as many."""
        if self._made is None or self._made[0] != len(self):
            counts = resamplings(self.sequences())
            made = {
                one.name: Figures.of(self._columns(one.name), counts) for one in self.contestants()
            }
            self._made = len(self), made
        return self._made[1]


class _Kept:
    """What is kept of a method."""

    def __init__(self) -> None:
        self.frames = 0
        self.latency_ms = array('d')
        self.clipped = array('d')
        self.broken = BrokenPromises(0, 0, 0)
        self._columns: dict[str, array[float]] = {}
        self._totals: dict[str, float] = {}

    def add(self, sums: Mapping[str, float], latency_ms: float, clipped: float) -> None:
        """Add a frame; a sum that it lacks counts 0."""
        for name, value in sums.items():
            if name.startswith(_POOLED_ONLY):
                self._totals[name] = self._totals.get(name, 0.0) + value
                continue
            column = self._columns.get(name)
            if column is None:
                column = self._columns[name] = array('d', bytes(8 * self.frames))
            column.append(value)
        self.frames += 1
        for column in self._columns.values():
            if len(column) < self.frames:
                column.append(0.0)
        self.latency_ms.append(latency_ms)
        self.clipped.append(clipped)

    def columns(self) -> dict[str, F64]:
        """Return the sums of every frame, (frames,) each."""
        return {name: np.array(column, np.float64) for name, column in self._columns.items()}

    def totals(self) -> dict[str, F64]:
        """Return the sums of which only the total is kept."""
        return {name: np.asarray(value) for name, value in self._totals.items()}


def _bands(totals: Mapping[str, F64]) -> Iterable[Band]:
    for near, far, made in zip(EDGES_M, EDGES_M[1:], band_figures(totals), strict=False):
        pixels = int(made['pixels'])
        if pixels:
            yield Band(
                near_m=near,
                far_m=far,
                pixels=pixels,
                rmse_cm=float(made['rmse_cm']),
                mae_cm=float(made['mae_cm']),
                edge_mae_cm=float(made['edge_mae_cm']),
            )
