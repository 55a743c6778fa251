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
"""
What rounding makes of noise, when surfaces lie anywhere between two steps.

All in units of the step. With D the difference of two measurements of one place, its fractional
part f and phases spread evenly, the squared difference of the rounded ones is D^2 + f (1 - f) on
average, and the Fourier series of f (1 - f) gives the variance that rounding leaves: for wide
noise 1/12 more than there was (Widrow and Kollar, "Quantization Noise", Cambridge 2008), for
narrow noise much more, as pixels near a border between steps flip.
"""

from __future__ import annotations

import numpy as np

from cdst_ros.depth.arrays import F64

_TERMS = np.arange(1, 400, dtype=np.float64)
#: Deviations that are told apart [steps].
_SIGMAS = np.concatenate([[0.0], np.geomspace(1e-3, 30.0, 600)])


def rounded_variance(sigma: F64) -> F64:
    """Return the variance of rounded measurements of one place, mean over phases, (N,)."""
    k = _TERMS[:, None]
    fading = np.exp(-4 * np.pi**2 * k**2 * np.square(sigma)[None]) / (np.pi * k) ** 2
    return np.asarray(np.square(sigma) + 1 / 12 - fading.sum(axis=0) / 2)


_VARIANCES = rounded_variance(_SIGMAS)
_VARIANCES[0] = 0.0


def noise_before_rounding(variance: F64) -> F64:
    """
    Return the variance of the noise whose rounded measurements have ``variance``, (N,).

    The inverse of ``rounded_variance``, in squared steps.
    """
    sigma = np.interp(np.sqrt(np.maximum(variance, 0)), np.sqrt(_VARIANCES), _SIGMAS)
    return np.asarray(np.where(variance > _VARIANCES[-1], variance - 1 / 12, np.square(sigma)))


def left_by_averaging(sigma: F64) -> F64:
    """Return the variance, over phases, of the mean of many rounded measurements, (N,)."""
    k = _TERMS[:, None]
    fading = np.exp(-4 * np.pi**2 * k**2 * np.square(sigma)[None]) / (np.pi * k) ** 2
    return np.asarray(fading.sum(axis=0) / 2)
