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
"""Where a model was measured, and how it stands there to the classical methods."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cdst_ros.evaluation.metrics.catalogue import FIGURES, Figure
from cdst_ros.evaluation.scoreboard import MEASURED
from cdst_ros.superres.engines import CLASSICAL_ENGINES

HEADLINES = tuple(figure for figure in FIGURES if figure.headline)
#: A coverage within so much of its level is right.
RIGHT_WITHIN = 0.05
#: The classical method that sees colour.
COLOURED = 'joint_bilateral'

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """
    A figure of a model beside the best classical method that sees what it sees.

    Of depth alone, for a model of depth alone; of all, for one that sees colour.

    :param figure: which
    :param ours: its value
    :param theirs: of that method
    :param floor: its name
    :param difference: ours - theirs, and the 95 % interval of it
    :param verdict: ``better``, ``even`` or ``worse``
    """

    figure: Figure
    ours: float
    theirs: float
    floor: str
    difference: tuple[float, float, float]
    verdict: str

    @property
    def label(self) -> str:
        """The label of the figure without its unit."""
        return self.figure.label.split(' [')[0]

    @property
    def text(self) -> str:
        """Both values for people: ``**better** 9.2 : 14``."""
        ours, theirs = (told(self.figure, value) for value in (self.ours, self.theirs))
        word = self.verdict if self.verdict == 'even' else f'**{self.verdict}**'
        return f'{word} {ours} : {theirs}'

    @property
    def interval_text(self) -> str:
        """The difference and its interval for people."""
        middle, low, high = (told(self.figure, value, signed=True) for value in self.difference)
        return f'{middle} [{low}, {high}] {self.verdict}'


@dataclass(frozen=True)
class Place:
    """
    One table: a protocol, and where it has several, one sensor profile of it.

    :param protocol: registry name
    :param profile: sensor profile that the input is of, empty where it is of none
    :param scale: output pixels per input pixel, each way
    :param rows: of the classical methods and of the model, as in the JSON of an evaluation
    :param conditions: of the evaluation, in words
    """

    protocol: str
    profile: str
    scale: int
    rows: tuple[Values, ...]
    conditions: str

    @property
    def name(self) -> str:
        """For people: ``synthetic_tof``, ``replica_x4 (tof)``."""
        if self.profile in self.protocol:
            return self.protocol
        return f'{self.protocol} ({self.profile})'

    @property
    def model(self) -> Values:
        """The row of the model."""
        return self.rows[-1]

    @property
    def guided(self) -> bool:
        """Whether the model sees colour."""
        return bool(self.model.get('guided'))

    @property
    def rivals(self) -> list[Values]:
        """The rows of the classical methods that see no more than the model."""
        return [row for row in self.rows[:-1] if self.guided or row['method'] != COLOURED]

    def cells(
        self, headlines: Iterable[Figure] = HEADLINES, versus: str = ''
    ) -> list[Cell | None]:
        """
        Return, for each headline, how the model stands; None where it is not known.

        :param versus: as in the JSON of an evaluation; empty: to its rivals
        """
        stands = self.model.get(versus or ('versus' if self.guided else 'versus_depth_only'), {})
        return [self._cell(figure, stands) for figure in headlines]

    def verdicts(self, verdict: str) -> list[str]:
        """Return the labels of the headlines with a verdict, without units."""
        return [cell.label for cell in self.cells() if cell and cell.verdict == verdict]

    def behind_colour(self) -> list[str]:
        """Return the labels of the headlines in which a method that sees colour is better."""
        cells = [cell for cell in self.cells(versus='versus') if cell and cell.verdict == 'worse']
        return [cell.label for cell in cells if cell.floor == COLOURED]

    @property
    def views(self) -> str:
        """What was seen, in words: the conditions without how the figures were taken."""
        return self.conditions.partition(MEASURED)[0].strip()

    @property
    def sigma(self) -> str:
        """Whether sigma is right here, a dash where it is not known."""
        return sigma_verdict(self.metrics.get('coverage_50'), self.metrics.get('coverage_90'))

    @property
    def metrics(self) -> Values:
        """Figures of the model by name."""
        metrics: Values = self.model.get('metrics', {})
        return metrics

    def _cell(self, figure: Figure, versus: Values) -> Cell | None:
        stands = versus.get(figure.name)
        if stands is None or None in (*stands['interval'], stands['difference']):
            return None
        ours, difference = self.metrics[figure.name], stands['difference']
        return Cell(
            figure,
            ours,
            ours - difference,
            stands['floor'],
            (difference, *stands['interval']),
            stands['verdict'],
        )


def places_of(model: str, reports: Iterable[Values]) -> Iterator[Place]:
    """Yield the tables of metric depth that a model stands in."""
    for report in reports:
        own = [row for row in report['rows'] if row['method'] == model and row.get('metrics')]
        for row in own:
            profile, scale = row.get('profile', ''), row['scale']
            floors = [
                other
                for other in report['rows']
                if other['method'] in CLASSICAL_ENGINES
                and (other.get('profile', ''), other['scale']) == (profile, scale)
            ]
            rows = (*floors, row)
            yield Place(report['protocol'], profile, scale, rows, report['conditions'])


def told(figure: Figure, value: float | None, *, signed: bool = False) -> str:
    """Return a value for people, of three digits."""
    if value is None or not math.isfinite(value):
        return '-'
    shown = 100 * value if figure.percent else value
    digits = 0 if abs(shown) >= 100 else 1 if abs(shown) >= 10 else 2
    return f'{shown:{"+" if signed else ""}.{digits}f}'


def sigma_verdict(coverage_50: float | None, coverage_90: float | None) -> str:
    """Return whether sigma is right, from the shares of errors within its 50 and 90 %."""
    if coverage_50 is None or coverage_90 is None:
        return '-'
    off = coverage_50 - 0.5, coverage_90 - 0.9
    if max(map(abs, off)) <= RIGHT_WITHIN:
        return 'right'
    if max(off) <= RIGHT_WITHIN:
        return 'too small'
    if min(off) >= -RIGHT_WITHIN:
        return 'too large'
    return 'of another shape'
