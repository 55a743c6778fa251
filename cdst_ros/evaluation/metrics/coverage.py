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
"""Coverage: whether sigma is as large as errors are."""

from __future__ import annotations

import math

import numpy as np

from cdst_ros.depth.arrays import F32, F64
from cdst_ros.evaluation.metrics.sums import Sums, Totals, ratio

#: Stated probabilities of the intervals that are looked at.
LEVELS = (0.5, 0.8, 0.9, 0.95)


def coverage_sums(output: F32, sigma: F32, reference: F32) -> Sums:
    """
    Return the sums of one frame, over the pixels that output, sigma and reference know.

    :param output: (H, W) [m], NaN = unknown
    :param sigma: (H, W) [m], scale of a Laplace distribution, NaN = unknown
    :param reference: (H, W) [m], NaN = unknown
    """
    known = np.isfinite(output) & np.isfinite(reference) & np.isfinite(sigma)
    errors = np.abs(output[known] - reference[known])
    scales = sigma[known]
    return {
        'sigma_pixels': float(errors.size),
        **{
            f'covered_{_percent(level)}': float(
                np.count_nonzero(errors <= half_width(level) * scales)
            )
            for level in LEVELS
        },
    }


def half_width(level: float) -> float:
    """
    Return half the width of the central interval that holds ``level``, in units of sigma.

    Of a Laplace distribution of scale sigma, P(|error| <= t) = 1 - exp(-t / sigma).
    """
    return -math.log(1 - level)


def coverage_figures(totals: Totals) -> dict[str, F64]:
    """
    Return ``coverage_50`` and so on, shares of 0 to 1, and ``miscalibration``.

    Coverage is the share of pixels with ``|D - D*| <= -ln(1 - level) sigma``; as large as its
    level it is right, larger is too cautious. Miscalibration is the mean of |coverage - level|,
    the expected calibration error of regression (Kuleshov, Fenner, Ermon, ICML 2018, who square
    it) at ``LEVELS``.
    """
    covered = {
        level: ratio(totals[f'covered_{_percent(level)}'], totals['sigma_pixels'])
        for level in LEVELS
    }
    off = [np.abs(share - level) for level, share in covered.items()]
    return {
        **{f'coverage_{_percent(level)}': share for level, share in covered.items()},
        'miscalibration': np.asarray(np.mean(off, axis=0)),
    }


def _percent(level: float) -> int:
    return round(100 * level)
