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
How large a network's sigma has to be for its intervals to hold what they say.

Trained by likelihood, sigma is the mean error; errors have heavier tails than Laplace's, so the
intervals it implies are too wide in the middle. One factor, found on validation views of the
sensor that the model is for, makes up for what one factor can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor

from cdst_ros.depth.arrays import F64
from cdst_ros.evaluation.metrics.coverage import LEVELS, half_width
from cdst_ros.training.data import Batch

_GAINS = np.exp(np.linspace(np.log(0.2), np.log(5.0), 161))


@torch.no_grad()
def error_ratios(run: Callable[[Batch], tuple[Tensor, ...]], batches: Iterable[Batch]) -> F64:
    """
    Return |error| / sigma of every pixel that is known and valid.

    :param run: returns depth, sigma and validity (0 or 1) of a batch, each (N, 1, sh, sw)
    """
    ratios = []
    for batch in batches:
        depth_hr, sigma_hr, valid_hr = run(batch)
        known = (batch.truth_valid * valid_hr) > 0.5
        ratios.append(((depth_hr - batch.truth).abs() / sigma_hr)[known].double().numpy())
    return np.concatenate(ratios)


def best_gain(ratios: F64) -> float:
    """
    Return the factor for sigma at which coverage is nearest to its levels, in the mean of them.

    :param ratios: |error| / sigma, of at least one pixel
    """
    ordered = np.sort(ratios)
    widths = np.array([half_width(level) for level in LEVELS])
    covered = np.searchsorted(ordered, _GAINS[:, None] * widths, side='right') / len(ordered)
    off = np.abs(covered - np.array(LEVELS)).mean(axis=1)
    return float(_GAINS[off.argmin()])
