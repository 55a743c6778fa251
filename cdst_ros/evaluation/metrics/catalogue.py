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
from cdst_ros.evaluation.metrics.flicker import flicker_figures, moving_figures
from cdst_ros.evaluation.metrics.flying import flying_figures, misplaced_figures
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
    :param formula: D is the output, D* the reference, both along Z; N counts the pixels that are
        judged, of all frames together
    :param source: where the definition comes from; ``own``: from this project
    """

    name: str
    label: str
    percent: bool = False
    better: int = -1
    headline: bool = False
    formula: str = ''
    source: str = 'own'

    def told(self, value: float) -> str:
        """Return a value of it for people."""
        if math.isnan(value):
            return '-'
        if self.percent:
            return f'{100 * value:.2f}'
        return f'{value:.3f}' if abs(value) < 1000 else f'{value:.0f}'


FIGURES: tuple[Figure, ...] = (
    Figure(
        'rmse_cm',
        'RMSE [cm]',
        headline=True,
        formula='100 sqrt(1/N sum (D - D*)^2), over the pixels that D* and all methods know',
        source='Eigen et al., NIPS 2014; torchmetrics MeanSquaredError(squared=False)',
    ),
    Figure(
        'mae_cm',
        'MAE [cm]',
        formula='100/N sum |D - D*|, over the same pixels',
        source='torchmetrics MeanAbsoluteError',
    ),
    Figure(
        'edge_rmse_cm',
        'edge RMSE [cm]',
        headline=True,
        formula='as rmse_cm, of the pixels within 3 px of neighbours of D* that differ by more '
        'than 5 cm and 5 %',
    ),
    Figure(
        'edge_mae_cm',
        'edge MAE [cm]',
        headline=True,
        formula='as mae_cm, of the same pixels as edge_rmse_cm; methods are ranked by it',
    ),
    Figure(
        'within_1cm',
        'within 1 cm [%]',
        percent=True,
        better=1,
        formula='1/N count(|D - D*| <= 1 cm)',
    ),
    Figure(
        'within_2pct',
        'within 2 % [%]',
        percent=True,
        better=1,
        formula='1/N count(|D - D*| <= 0.02 D*)',
    ),
    Figure(
        'flying_pixels',
        'flying pixels [%]',
        percent=True,
        headline=True,
        formula='of the pixels near an edge where two planes, fitted in 1/z to 11x11 px, tell D*: '
        'count(|D - near| > t(near) and |D - far| > t(far)) / N, t(z) = max(5 cm, 2 % z)',
    ),
    Figure(
        'misplaced',
        'misplaced at edges [%]',
        percent=True,
        formula='of the pixels of flying_pixels: (flying + 1/2 count(the others with '
        '|D - D*| > max(5 cm, 2 %))) / N',
    ),
    Figure(
        'thin_recall',
        'thin recall [%]',
        percent=True,
        better=1,
        headline=True,
        formula='of the pixels of structures of 1 to 4 px that the input sampled, '
        'count(|D - D*| <= max(5 cm, 2 %)) / N',
    ),
    Figure(
        'thin_precision',
        'thin precision [%]',
        percent=True,
        better=1,
        formula='kept / (kept + pixels of the background within 3 px that D puts on the '
        'structure)',
    ),
    Figure(
        'thin_f2',
        'thin F2 [%]',
        percent=True,
        better=1,
        formula='5 P R / (4 P + R), P thin_precision and R thin_recall',
        source='van Rijsbergen, Information Retrieval, 1979 (F measure, beta = 2)',
    ),
    Figure(
        'thin_pixels',
        'thin pixels judged',
        better=0,
        formula='N of thin_recall: of a few it says little',
    ),
    Figure(
        'occupancy_f1',
        'occupancy F1 [%]',
        percent=True,
        better=1,
        headline=True,
        formula='2 |O and R| / (|O| + |R|), the 5 cm cells that points of D and of D* fill',
        source='van Rijsbergen, Information Retrieval, 1979 (F measure); cells as in costmaps',
    ),
    Figure(
        'phantom_cells',
        'phantom cells a frame',
        headline=True,
        formula='cells of O that neither are nor touch one of R, a frame: obstacles in free space',
    ),
    Figure(
        'completeness',
        'completeness [%]',
        percent=True,
        better=1,
        formula='of the pixels that D* knows, the share that D knows',
    ),
    Figure(
        'lost',
        'lost [%]',
        percent=True,
        formula='of the pixels that D* and their input pixel know, the share that D does not',
    ),
    Figure(
        'invented',
        'invented [%]',
        percent=True,
        formula="of the pixels outside a 3x3 closing of D*'s mask, the share that D fills",
    ),
    Figure(
        'flicker_cm',
        'flicker [cm]',
        headline=True,
        formula='100/N sum |D_t - D_t-1|, over pairs of consecutive frames between which the '
        'camera stood, without what moved',
    ),
    Figure(
        'moving_flicker_cm',
        'flicker in motion [cm]',
        formula="100/N sum |(D - D*)_t (x) - (D - D*)_t-1 (x')|, x' the pixel that saw the point "
        'of x one frame before, by poses and D*',
        source='own; warping as Lai et al., ECCV 2018',
    ),
    Figure(
        'coverage_50',
        'coverage of 50 % [%]',
        percent=True,
        better=0,
        formula='1/N count(|D - D*| <= -ln(1 - 0.5) sigma): right if 50 %',
        source='central interval of a Laplace distribution',
    ),
    Figure(
        'coverage_80',
        'coverage of 80 % [%]',
        percent=True,
        better=0,
        formula='1/N count(|D - D*| <= -ln(1 - 0.8) sigma): right if 80 %',
        source='central interval of a Laplace distribution',
    ),
    Figure(
        'coverage_90',
        'coverage of 90 % [%]',
        percent=True,
        better=0,
        formula='1/N count(|D - D*| <= -ln(1 - 0.9) sigma): right if 90 %',
        source='central interval of a Laplace distribution',
    ),
    Figure(
        'coverage_95',
        'coverage of 95 % [%]',
        percent=True,
        better=0,
        formula='1/N count(|D - D*| <= -ln(1 - 0.95) sigma): right if 95 %',
        source='central interval of a Laplace distribution',
    ),
    Figure(
        'miscalibration',
        'miscalibration [%]',
        percent=True,
        formula='mean |coverage - level| of the four levels',
        source='Kuleshov, Fenner, Ermon, ICML 2018 (who square it)',
    ),
    Figure(
        'ause',
        'AUSE',
        formula='mean over f = 0, 5, ... 95 % of (MAE without the share f of greatest sigma - MAE '
        'without the share f of greatest error) / MAE',
        source='Ilg et al., ECCV 2018',
    ),
)

#: What makes figures of sums, and a sum that tells whether they were taken.
_MAKERS: dict[str, Callable[[Totals], dict[str, F64]]] = {
    'pixels': accuracy_figures,
    'flying': flying_figures,
    'wrong_surface': misplaced_figures,
    'thin_kept': thin_figures,
    'cells_both': occupancy_figures,
    'measured': validity_figures,
    'flicker_pixels': flicker_figures,
    'moving_pixels': moving_figures,
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
