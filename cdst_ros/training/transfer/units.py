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
"""Units of a crop, from its low-resolution depth alone: the truth has no part in them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

_RANGE_SIGMAS = 4.0
_LEAST_SHARE = 1e-3
_LEAST = 1e-6


class CropUnits(NamedTuple):
    """What of a crop is known before colour is looked at: (N, 1, 1, 1) each [m]."""

    mean: Tensor
    spread: Tensor


def crop_units(depth: Tensor, valid: Tensor, sigma: Tensor) -> CropUnits:
    """
    Return mean and spread of the measured depth of each crop; ours, as the paper's are unknown.

    One image tells depth up to scale at best, so its network works in these units. The spread is
    the standard deviation plus four sigma of noise plus a thousandth of the mean: positive where
    all is flat, or nothing is known.

    :param depth: (N, 1, h, w) [m]; does not matter where not ``valid``
    :param valid: (N, 1, h, w), 0 or 1
    :param sigma: the sensor's noise (N, 1, h, w) [m]
    """
    places = (1, 2, 3)
    count = valid.sum(places, keepdim=True).clamp(min=1.0)
    known = torch.where(valid > 0.5, depth, torch.zeros_like(depth))
    mean = known.sum(places, keepdim=True) / count
    variance = ((known - mean) ** 2 * valid).sum(places, keepdim=True) / count
    noise = (sigma * valid).sum(places, keepdim=True) / count
    spread = variance.sqrt() + _RANGE_SIGMAS * noise + _LEAST_SHARE * mean
    return CropUnits(mean, spread.clamp(min=_LEAST))
