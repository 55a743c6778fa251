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
"""Sparsification: whether sigma is large where errors are."""

from __future__ import annotations

import numpy as np

from cdst_ros.depth.arrays import F32, F64
from cdst_ros.evaluation.metrics.sums import Sums, Totals, ratio

#: Pixels are left out in so many equal steps.
STEPS = 20


def sparsification_sums(output: F32, sigma: F32, reference: F32) -> Sums:
    """
    Return the sums of one frame, over the pixels that output, sigma and reference know.

    :param output: (H, W) [m], NaN = unknown
    :param sigma: (H, W) [m], NaN = unknown
    :param reference: (H, W) [m], NaN = unknown
    """
    known = np.isfinite(output) & np.isfinite(reference) & np.isfinite(sigma)
    errors = np.abs(output[known] - reference[known]).astype(np.float64)
    order = np.argsort(sigma[known], kind='stable')
    kept = [round(errors.size * (STEPS - step) / STEPS) for step in range(STEPS)]
    by_sigma, by_error = (
        np.concatenate([[0.0], np.cumsum(values)]) for values in (errors[order], np.sort(errors))
    )
    sums: Sums = {}
    for step, count in enumerate(kept):
        sums[f'kept_{step}'] = float(count)
        sums[f'kept_by_sigma_{step}'] = float(by_sigma[count])
        sums[f'kept_by_error_{step}'] = float(by_error[count])
    return sums


def sparsification_figures(totals: Totals) -> dict[str, F64]:
    """
    Return ``ause``: the area between two sparsification curves; 0 is perfect.

    A curve is the mean absolute error of the pixels that are left when the share f of every frame
    is left out, those of the greatest sigma first, divided by that of all; the other leaves out
    those of the greatest error. The area is the mean of their difference over f = 0, 5, ... 95 %
    (Ilg et al., "Uncertainty estimates and multi-hypotheses networks for optical flow", ECCV 2018;
    with the curves pooled over frames before they are divided).
    """
    whole = ratio(totals['kept_by_sigma_0'], totals['kept_0'])
    gaps = [
        ratio(totals[f'kept_by_sigma_{step}'] - totals[f'kept_by_error_{step}'], count)
        for step, count in ((step, totals[f'kept_{step}']) for step in range(STEPS))
    ]
    return {'ause': ratio(np.asarray(np.mean(gaps, axis=0)), whole)}
