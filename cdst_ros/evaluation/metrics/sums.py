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
"""What a metric keeps of frames: sums, which add up, and which figures are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from cdst_ros.depth.arrays import F64

#: Of one frame and one method.
Sums = dict[str, float]
#: Added over frames: each of shape (), or (N,) for N resamplings of them.
Totals = Mapping[str, F64]


def add_up(frames: Iterable[Mapping[str, float]]) -> dict[str, F64]:
    """Return the totals, each of shape ()."""
    columns = by_name(frames)
    return {name: np.asarray(column.sum()) for name, column in columns.items()}


def by_name(frames: Iterable[Mapping[str, float]]) -> dict[str, F64]:
    """Return the frames' sums as a column each, (N,); a frame without a sum counts 0."""
    rows = list(frames)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: np.array([row.get(name, 0.0) for row in rows], np.float64) for name in names}


def ratio(part: F64, whole: F64) -> F64:
    """Return part / whole, NaN where there is no whole."""
    with np.errstate(divide='ignore', invalid='ignore'):
        return np.asarray(np.where(whole > 0, part / whole, np.nan))
