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
"""Runs methods over views: figures, intervals, what the bound costs, and who is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.judging import Judge, View
from cdst_ros.evaluation.methods import Method
from cdst_ros.evaluation.metrics.bootstrap import resamplings
from cdst_ros.evaluation.metrics.catalogue import figures
from cdst_ros.evaluation.metrics.sums import Sums, add_up, by_name
from cdst_ros.evaluation.promises import BrokenPromises, check_promises
from cdst_ros.evaluation.report import EvaluationError, Row
from cdst_ros.evaluation.standing import Figures, latency_summary, ranks, standing

#: How the figures were taken, for the conditions of a report.
MEASURED = (
    'Pooled over frames. Errors in cm over the pixels that the reference and all methods of a '
    'table know. Edge: within 3 px of a discontinuity of the reference. Flying: there, and off '
    'both surfaces by more than 5 cm and 2 %. Thin: structures of 1 to 4 px that the input '
    'sampled. Occupancy: 5 cm cells; phantom cells touch none of the reference. [ ]: 95 % of a '
    'moving-block bootstrap.'
)
#: What single frames are told apart by, and the key of a row that holds it frame by frame.
_FRAME_FIGURE = 'edge_mae_cm'
BY_FRAME = f'{_FRAME_FIGURE}_by_frame'


def told_of_checks(bounded: bool, frames: int) -> str:
    """Return what is checked of every frame of a model, in words."""
    if not bounded:
        return ''
    return (
        f'Of all {frames} frames of every model: each value within the samples of its 3x3 '
        'neighbourhood give or take sigma, none where there are no samples, and the nearest '
        'surface of every input pixel kept.'
    )


@dataclass
class _Scores:
    """What is kept of a method, a frame each."""

    sums: list[Sums] = field(default_factory=list)
    unbounded: list[Sums] = field(default_factory=list)
    clipped: list[float] = field(default_factory=list)
    latency_ms: list[float] = field(default_factory=list)
    broken: BrokenPromises = field(default_factory=lambda: BrokenPromises(0, 0, 0))


class Scoreboard:
    """
    The scores of some methods of one scale over the views that are added.

    Models are run with and without their bound, if they are to be bounded.
    """

    def __init__(self, methods: Sequence[Method], *, bounded: bool, profile: str = '') -> None:
        """
        Take the methods, which stay the caller's.

        :param profile: sensor profile that the views are of, for the rows
        :raises EvaluationError: for a method whose grid lies otherwise than the references do
        """
        for method in methods:
            alignment = method.engine.info.alignment
            if alignment is not GridAlignment.HALF_PIXEL:
                raise EvaluationError(
                    f'{method.name} puts out a grid that is {alignment.value}, and the references '
                    f'are {GridAlignment.HALF_PIXEL.value}: export it with that, or leave it out'
                )
        self._methods = list(methods)
        self._bounded = bounded
        self._profile = profile
        self._scores = {method.name: _Scores() for method in methods}
        self._sequences: list[str] = []
        self._cameras = 0

    def __len__(self) -> int:
        """Return the number of views added."""
        return len(self._sequences)

    @property
    def without_camera(self) -> int:
        """Views without a camera: their occupancy is not known."""
        return len(self) - self._cameras

    def add(self, view: View) -> None:
        """Run every method on a view; without colour, guided ones are left out from now on."""
        if view.rgb is None:
            self._methods = [method for method in self._methods if not method.guided]
        results = {method.name: self._run(method, view) for method in self._methods}
        common = np.isfinite(view.reference)
        for depth, _ in results.values():
            common &= np.isfinite(depth)
        judge = Judge.of(view)
        for method in self._methods:
            scores = self._scores[method.name]
            scores.sums.append(judge.sums(*results[method.name], common))
            if self._is_bounded(method):
                free = method.enlarge(view.low, view.rgb, bounded=False)
                scores.unbounded.append(judge.sums(free.depth, None, common))
        self._sequences.append(view.sequence)
        self._cameras += view.camera is not None

    def rows(self) -> list[Row]:
        """Return a row for each method that has seen all views."""
        counts = resamplings(self._sequences)
        made = {
            method.name: Figures.of(by_name(self._scores[method.name].sums), counts)
            for method in self._methods
        }
        return [self._row(method, made) for method in self._methods]

    def left_out(self) -> list[str]:
        """Return the names of methods that lacked colour."""
        running = {method.name for method in self._methods}
        return [name for name in self._scores if name not in running]

    def faults(self) -> list[str]:
        """Return a sentence for each model that broke its bound."""
        where = f' on {self._profile}' if self._profile else ''
        return [
            f'{name} broke its bound{where}: {scores.broken}'
            for name, scores in self._scores.items()
            if any(scores.broken)
        ]

    def _is_bounded(self, method: Method) -> bool:
        return method.is_model and self._bounded

    def _run(self, method: Method, view: View) -> tuple[F32, F32 | None]:
        """Return depth and sigma of a method, copied, for the next run writes over them."""
        bounded = self._is_bounded(method)
        result = method.enlarge(view.low, view.rgb, bounded=bounded)
        scores = self._scores[method.name]
        scores.clipped.append(result.clipped_fraction)
        scores.latency_ms.append(1e3 * sum(result.timings.values()))
        if bounded:
            # What float32 may lose on the way to the limits and back.
            slack = method.noise.sigma(np.nan_to_num(view.low)) + np.float32(1e-6) * view.low
            scores.broken += check_promises(result.depth, view.low, np.nan_to_num(slack))
        sigma = result.sigma
        return result.depth.copy(), None if sigma is None else sigma.copy()

    def _row(self, method: Method, all_made: dict[str, Figures]) -> Row:
        details, scores, made = method.details(), self._scores[method.name], all_made[method.name]
        details['latency_ms'] = latency_summary(scores.latency_ms)
        details['rank'] = ranks(all_made)[method.name]
        details[BY_FRAME] = _by_frame(scores.sums)
        if method.is_model:
            details['bounded'] = self._bounded
            details['clipped_fraction'] = float(np.mean(scores.clipped))
            details.update(standing(method.name, self._methods, all_made))
        if scores.unbounded:
            free = figures(add_up(scores.unbounded))
            details['metrics_unbounded'] = {name: float(value) for name, value in free.items()}
        return Row(
            method.name,
            method.scale,
            {},
            details,
            metrics=made.pooled,
            intervals=made.intervals(),
            profile=self._profile,
        )


def _by_frame(frames: list[Sums]) -> list[float]:
    """Return the error at edges of each frame [cm], NaN where it has none."""
    errors = figures(by_name(frames)).get(_FRAME_FIGURE, np.empty(0))
    return [float(error) for error in errors]
