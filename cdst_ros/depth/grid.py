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
"""How the grid of a high-resolution image lies on the grid of the low-resolution one."""

from __future__ import annotations

from enum import Enum

import numpy as np

from cdst_ros.depth.arrays import F64


class GridAlignment(str, Enum):
    """
    Where low-resolution samples sit among the high-resolution pixels.

    ``HALF_PIXEL``: the low-resolution image was made by area or half-pixel resizing, so the image
    borders coincide: ``x_hr = s (x_lr + 0.5) - 0.5``. ``PICKED``: every s-th pixel was kept, so
    the first pixel centres coincide: ``x_hr = s x_lr``.
    """

    HALF_PIXEL = 'half_pixel'
    PICKED = 'picked'

    def enlarge(self, x: float, scale: float) -> float:
        """Return the high-resolution coordinate [px] of the low-resolution coordinate ``x``."""
        if self is GridAlignment.HALF_PIXEL:
            return scale * (x + 0.5) - 0.5
        return scale * x

    def sub_pixels(self, scale: int) -> F64:
        """Return, for the s output pixels of an input pixel, their offset from it [LR px]."""
        k = np.arange(scale, dtype=np.float64)
        if self is GridAlignment.HALF_PIXEL:
            return (k + 0.5) / scale - 0.5
        return k / scale
