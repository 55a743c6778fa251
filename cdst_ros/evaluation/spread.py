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
"""Fewer frames of many, spread evenly."""

from __future__ import annotations

import numpy as np


def spread(total: int, wanted: int | None) -> list[int]:
    """Return which of ``total`` frames to take: all, or ``wanted`` from the first to the last."""
    if wanted is None or wanted >= total:
        return list(range(total))
    return [int(place) for place in np.linspace(0, total - 1, wanted).round()]
