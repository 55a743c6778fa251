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
"""How errors are distributed."""

from __future__ import annotations

import math

import numpy as np

from cdst_ros.depth.arrays import F32, Bool
from cdst_ros.evaluation.metrics.sums import Sums, Totals

#: Where the bins of absolute errors begin and end [cm], about three to a factor of two.
EDGES_CM = (0.0, *(float(f'{10 ** (k / 8):.3g}') for k in range(-16, 17)), math.inf)
BINS = len(EDGES_CM) - 1


def distribution_sums(output: F32, reference: F32, common: Bool) -> Sums:
    """
    Return how many pixels of one frame have an error of each bin, ``low <= |D - D*| < high``.

    :param output: (H, W) [m], NaN = unknown
    :param reference: (H, W) [m], NaN = unknown
    :param common: (H, W), the pixels that the reference and all methods know
    """
    errors = 100 * np.abs(output[common].astype(np.float64) - reference[common])
    counts = np.bincount(np.searchsorted(EDGES_CM[1:-1], errors, side='right'), minlength=BINS)
    return {f'error_{number}': float(count) for number, count in enumerate(counts)}


def distribution(totals: Totals) -> tuple[int, ...]:
    """Return how many pixels have an error of each bin."""
    return tuple(int(totals[f'error_{number}']) for number in range(BINS))
