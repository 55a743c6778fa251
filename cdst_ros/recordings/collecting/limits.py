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
"""What a frame has to be like to be kept."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """
    What the gates ask for.

    :param age_s: greatest difference of a stamp from the clock [s]; 0 for any
    :param valid: share of the depth pixels that have to be known, 0 to 1
    :param min_depth: nearer depth counts as unknown [m]
    :param max_depth: farther depth counts as unknown [m]
    :param brightness: least mean brightness of colour, 0 to 255
    :param blur: most blur of colour, 0 to 1
    :param change: share of the view that has to differ from the last frame kept; 0 keeps all
    """

    age_s: float = 0.0
    valid: float = 0.0
    min_depth: float = 0.0
    max_depth: float = math.inf
    brightness: float = 0.0
    blur: float = 1.0
    change: float = 0.0
