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
"""Differences between runs of the same seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# Two-sided 95 % points of Student's t, by degrees of freedom from 1 on.
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
_NORMAL = 1.96


class Difference(NamedTuple):
    """A mean difference and its 95 % interval."""

    mean: float
    low: float
    high: float


def paired_difference(one: Sequence[float], other: Sequence[float]) -> Difference:
    """
    Return ``other`` minus ``one``, in the mean of their pairs, by Student's t.

    :param one: at least two values
    :param other: as many, each of the same seed as its partner
    """
    apart = np.asarray(other, np.float64) - np.asarray(one, np.float64)
    degrees = len(apart) - 1
    factor = _T95[degrees - 1] if degrees <= len(_T95) else _NORMAL
    mean, reach = apart.mean(), factor * apart.std(ddof=1) / len(apart) ** 0.5
    return Difference(float(mean), float(mean - reach), float(mean + reach))
