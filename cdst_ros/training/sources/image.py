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
"""One decoded image that samples are cut out of."""

from __future__ import annotations

from dataclasses import dataclass

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.training.sources.levels import Span


@dataclass(frozen=True, eq=False)
class SourceImage:
    """
    A decoded image.

    :param name: of it, for people: its file or frame
    :param values: (H, W), depth [m] or disparity [levels], NaN = unknown
    :param rgb: (H, W, 3), registered to it, where there is a picture
    :param levels: of the whole map, where it is disparity
    :param low: (h, w) [m], NaN = unknown, measured as well, of the same view: the input needs not
        be made
    """

    name: str
    values: F32
    rgb: U8 | None = None
    levels: Span | None = None
    low: F32 | None = None
