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
"""How far depth is off: RMSE and MAE, over all pixels and at edges, and the share that is near."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from cdst_ros.depth.arrays import F32, F64, Bool
from cdst_ros.evaluation.metrics.errors import DepthErrors
from cdst_ros.evaluation.metrics.sums import Sums, Totals, ratio

#: An error is small below this [m], or below this share of the reference's depth.
NEAR_M = 0.01
NEAR_SHARE = 0.02


def accuracy_sums(output: F32, reference: F32, common: Bool) -> Sums:
    """
    Return the sums of one frame.

    :param output: (H, W) [m], NaN = unknown
    :param reference: (H, W) [m], NaN = unknown
    :param common: (H, W), the pixels that the reference and all methods know
    """
    errors = DepthErrors()
    errors.add(output, reference, common)
    off, depth = np.abs(output[common] - reference[common]), reference[common]
    return {
        **{name: float(value) for name, value in asdict(errors).items()},
        'within_m': float(np.count_nonzero(off <= NEAR_M)),
        'within_share': float(np.count_nonzero(off <= NEAR_SHARE * depth)),
    }


def accuracy_figures(totals: Totals) -> dict[str, F64]:
    """
    Return the errors of ``DepthErrors`` [cm] and shares of 0 to 1.

    ``within_1cm`` is the share of pixels with ``|D - D*| <= 1 cm``, ``within_2pct`` with
    ``|D - D*| <= 0.02 D*``.
    """
    pixels, edge_pixels = totals['pixels'], totals['edge_pixels']
    return {
        'rmse_cm': 100 * np.sqrt(ratio(totals['squares'], pixels)),
        'mae_cm': 100 * ratio(totals['absolutes'], pixels),
        'edge_rmse_cm': 100 * np.sqrt(ratio(totals['edge_squares'], edge_pixels)),
        'edge_mae_cm': 100 * ratio(totals['edge_absolutes'], edge_pixels),
        'within_1cm': ratio(totals['within_m'], pixels),
        'within_2pct': ratio(totals['within_share'], pixels),
        'completeness': ratio(totals['known'], totals['wanted']),
    }
