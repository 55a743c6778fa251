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
"""The figures that are reported: how they are called, told and compared."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from cdst_ros.depth.arrays import F64
from cdst_ros.evaluation.metrics.accuracy import accuracy_figures
from cdst_ros.evaluation.metrics.coverage import coverage_figures
from cdst_ros.evaluation.metrics.flying import flying_figures
from cdst_ros.evaluation.metrics.occupancy import occupancy_figures
from cdst_ros.evaluation.metrics.sparsification import sparsification_figures
from cdst_ros.evaluation.metrics.sums import Totals
from cdst_ros.evaluation.metrics.thin import thin_figures
from cdst_ros.evaluation.metrics.validity import validity_figures


@dataclass(frozen=True)
class Figure:
    """
    One reported number.

    :param name: in JSON
    :param label: for people, with its unit
    :param percent: whether it is a share, told in percent
    :param better: +1 when greater is better, -1 when smaller is, 0 when it has its own right value
    :param headline: whether models are held against the floors by it, with intervals
    """

    name: str
    label: str
    percent: bool = False
    better: int = -1
    headline: bool = False

    def told(self, value: float) -> str:
        """Return a value of it for people."""
        if math.isnan(value):
            return '-'
        if self.percent:
            return f'{100 * value:.2f}'
        return f'{value:.3f}' if abs(value) < 1000 else f'{value:.0f}'


FIGURES: tuple[Figure, ...] = (
    Figure('rmse_cm', 'RMSE [cm]', headline=True),
    Figure('mae_cm', 'MAE [cm]'),
    Figure('edge_rmse_cm', 'edge RMSE [cm]', headline=True),
    Figure('edge_mae_cm', 'edge MAE [cm]', headline=True),
    Figure('within_1cm', 'within 1 cm [%]', percent=True, better=1),
    Figure('within_2pct', 'within 2 % [%]', percent=True, better=1),
    Figure('flying_pixels', 'flying pixels [%]', percent=True, headline=True),
    Figure('thin_recall', 'thin recall [%]', percent=True, better=1, headline=True),
    Figure('thin_precision', 'thin precision [%]', percent=True, better=1),
    Figure('thin_pixels', 'thin pixels judged', better=0),
    Figure('occupancy_f1', 'occupancy F1 [%]', percent=True, better=1, headline=True),
    Figure('phantom_cells', 'phantom cells a frame', headline=True),
    Figure('completeness', 'completeness [%]', percent=True, better=1),
    Figure('lost', 'lost [%]', percent=True),
    Figure('invented', 'invented [%]', percent=True),
    Figure('coverage_50', 'coverage of 50 % [%]', percent=True, better=0),
    Figure('coverage_80', 'coverage of 80 % [%]', percent=True, better=0),
    Figure('coverage_90', 'coverage of 90 % [%]', percent=True, better=0),
    Figure('coverage_95', 'coverage of 95 % [%]', percent=True, better=0),
    Figure('miscalibration', 'miscalibration [%]', percent=True),
    Figure('ause', 'AUSE'),
)

#: What makes figures of sums, and a sum that tells whether they were taken.
_MAKERS: dict[str, Callable[[Totals], dict[str, F64]]] = {
    'pixels': accuracy_figures,
    'flying': flying_figures,
    'thin_kept': thin_figures,
    'cells_both': occupancy_figures,
    'measured': validity_figures,
    'sigma_pixels': coverage_figures,
    'kept_0': sparsification_figures,
}


def figures(totals: Totals) -> dict[str, F64]:
    """Return the figures whose sums were taken, by name, each of the shape of the totals."""
    made: dict[str, F64] = {}
    for needed, make in _MAKERS.items():
        if needed in totals:
            made.update(make(totals))
    return {figure.name: made[figure.name] for figure in FIGURES if figure.name in made}
