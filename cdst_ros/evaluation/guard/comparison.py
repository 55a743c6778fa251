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
"""A new method against the one that runs, on the same pixels and the same resamplings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.evaluation.judging import Judge, View
from cdst_ros.evaluation.metrics.bootstrap import interval, resamplings
from cdst_ros.evaluation.metrics.catalogue import FIGURES, Figure
from cdst_ros.evaluation.metrics.sums import Sums, by_name
from cdst_ros.evaluation.standing import Figures

DECIDING = 'edge_mae_cm'
#: What may not grow worse, whatever the error at edges does. Without ``mae_cm`` a method could
#: shift or scale all surfaces, without ``lost`` leave out what is hard. Flying pixels count in
#: ``misplaced`` and recall in ``thin_f2``: each alone is best for who copies every contour as fat
#: as a sensor has made it, and would refuse whoever puts contours where they belong.
PRICES = ('mae_cm', 'misplaced', 'thin_f2', 'lost', 'invented')
#: So much worse is no matter: 1 % of an error, and one point of a share. A hundredth of a share
#: (0.2 points of 20 % flying pixels) is less than what a few dozen frames tell apart.
ALLOWED = 0.01
_FIGURES = {figure.name: figure for figure in FIGURES}


@dataclass(frozen=True)
class Stand:
    """
    How two methods stand in one figure.

    :param harm: how much worse the new one is, in units of ``ALLOWED``' rule; negative: better
    :param low: of the 95 % interval of the harm
    :param high: likewise
    """

    name: str
    new: float
    old: float
    harm: float
    low: float
    high: float

    @property
    def judged(self) -> bool:
        """Whether there was anything to judge."""
        return all(map(math.isfinite, (self.harm, self.low, self.high)))

    @property
    def better(self) -> bool:
        """Whether the whole interval is a gain."""
        return self.judged and self.high < 0

    @property
    def worse(self) -> bool:
        """Whether the whole interval is a loss of more than what is allowed."""
        return self.judged and self.low > ALLOWED

    def told(self) -> str:
        """Return it for people, such as ``edge MAE [cm] 3.100 to 2.400``."""
        figure = _FIGURES[self.name]
        return f'{figure.label} {figure.told(self.old)} to {figure.told(self.new)}'

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            'new': self.new,
            'old': self.old,
            'harm': self.harm,
            'harm_interval': (self.low, self.high),
        }


class Comparison:
    """Takes frame by frame what two methods made, and says how they stand."""

    def __init__(self) -> None:
        self._sequences: list[str] = []
        self._new: list[Sums] = []
        self._old: list[Sums] = []

    def __len__(self) -> int:
        return len(self._sequences)

    def add(self, view: View, new: F32, old: F32) -> None:
        """
        Judge two outputs (sH, sW) [m], NaN = unknown, of a view.

        :raises ValueError: when an output has not the size of the reference
        """
        for name, output in (('new', new), ('running', old)):
            if output.shape != view.reference.shape:
                raise ValueError(
                    f'the {name} method gave {output.shape} where {view.reference.shape} was due'
                )
        common = np.isfinite(view.reference) & np.isfinite(new) & np.isfinite(old)
        judge = Judge.of(view)
        self._sequences.append(view.sequence)
        self._new.append(judge.sums(new, None, common))
        self._old.append(judge.sums(old, None, common))

    def stands(self) -> dict[str, Stand]:
        """Return how they stand, by figure; of one that cannot be judged the values are NaN."""
        counts = resamplings(self._sequences)
        new, old = (Figures.of(by_name(sums), counts) for sums in (self._new, self._old))
        return {name: _stand(_FIGURES[name], new, old) for name in (DECIDING, *PRICES)}


def _stand(figure: Figure, new: Figures, old: Figures) -> Stand:
    ours, theirs = (made.pooled.get(figure.name, math.nan) for made in (new, old))
    if not (math.isfinite(ours) and math.isfinite(theirs)):
        return Stand(figure.name, ours, theirs, math.nan, math.nan, math.nan)
    drawn = new.replicates[figure.name] - old.replicates[figure.name]
    unit = old.replicates[figure.name]
    if figure.percent:
        unit, whole = np.ones_like(unit), 1.0
    else:
        whole = theirs
    with np.errstate(divide='ignore', invalid='ignore'):
        low, high = interval(np.asarray(-figure.better * drawn / unit))
        harm = float(np.float64(-figure.better * (ours - theirs)) / whole)
    return Stand(figure.name, ours, theirs, harm, low, high)
