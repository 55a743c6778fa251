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
"""Errors by the distance of what is seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cdst_ros.depth.arrays import F32, F64, Bool
from cdst_ros.evaluation.metrics.edges import near_discontinuity
from cdst_ros.evaluation.metrics.sums import Sums, Totals, ratio

#: Where the bands of the reference's depth begin and end [m].
EDGES_M = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, math.inf)
BANDS = len(EDGES_M) - 1


@dataclass(frozen=True, eq=False)
class DistanceBands:
    """
    Judges outputs of one frame band by band.

    :param reference: (H, W) [m], NaN = unknown
    :param band: number of the band of each pixel, (H, W); of no meaning where it is unknown
    :param edge: pixels near a discontinuity, (H, W)
    """

    reference: F32
    band: NDArray[np.intp]
    edge: Bool

    @classmethod
    def of(cls, reference: F32) -> DistanceBands:
        """Return the judge of a frame with this reference (H, W) [m], NaN = unknown."""
        band = np.searchsorted(np.array(EDGES_M[1:-1], np.float32), reference, side='right')
        return cls(reference, band, near_discontinuity(reference))

    def sums(self, output: F32, common: Bool) -> Sums:
        """
        Return the sums of an output.

        :param output: (H, W) [m], NaN = unknown
        :param common: (H, W), the pixels that the reference and all methods know
        """
        band, edge = self.band[common], self.edge[common]
        errors = np.abs(output[common].astype(np.float64) - self.reference[common])
        columns = {
            'pixels': np.bincount(band, minlength=BANDS),
            'squares': np.bincount(band, errors * errors, BANDS),
            'absolutes': np.bincount(band, errors, BANDS),
            'edge_pixels': np.bincount(band[edge], minlength=BANDS),
            'edge_absolutes': np.bincount(band[edge], errors[edge], BANDS),
        }
        return {
            f'band_{number}_{name}': float(value)
            for name, column in columns.items()
            for number, value in enumerate(column)
        }


def band_figures(totals: Totals) -> list[dict[str, F64]]:
    """
    Return ``pixels``, ``rmse_cm``, ``mae_cm`` and ``edge_mae_cm`` of each band.

    The same as over all pixels (``accuracy.py``), of those whose reference lies in the band:
    ``near <= D* < far``.
    """
    made = []
    for number in range(BANDS):
        pixels, squares, absolutes, edge_pixels, edge_absolutes = (
            totals[f'band_{number}_{name}']
            for name in ('pixels', 'squares', 'absolutes', 'edge_pixels', 'edge_absolutes')
        )
        made.append(
            {
                'pixels': pixels,
                'rmse_cm': 100 * np.sqrt(ratio(squares, pixels)),
                'mae_cm': 100 * ratio(absolutes, pixels),
                'edge_mae_cm': 100 * ratio(edge_absolutes, edge_pixels),
            }
        )
    return made
