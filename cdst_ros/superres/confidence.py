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
"""How likely it is that an enlarged depth is right."""

from __future__ import annotations

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.validity import valid_mask
from cdst_ros.superres.fill import fill_where

#: An error counts as small below the larger of these: metres, and share of the depth.
TOLERANCE_M = 0.01
TOLERANCE_SHARE = 0.01


def confidence(depth: F32, sigma: F32) -> F32:
    """
    Return the probability (H, W), 0 to 1, that the error of each depth is small.

    The error of depth z is Laplace-distributed with scale sigma, so that P(|error| < t) =
    1 - exp(-t / sigma), with t = max(1 cm, 1 % of z). 0 where depth is unknown.

    :param depth: (H, W) [m], NaN = unknown
    :param sigma: (H, W) [m], positive where depth is known
    """
    # NumPy where a scalar is involved: OpenCV takes a 4x1 image for one.
    tolerance = np.maximum(depth * TOLERANCE_SHARE, np.float32(TOLERANCE_M))
    out: F32 = cv2.exp(cv2.divide(tolerance, sigma, scale=-1.0))
    np.subtract(np.float32(1), out, out=out)
    known = valid_mask(depth).view(np.uint8)
    unknown: U8 = known ^ np.uint8(1)
    fill_where(out, unknown, 0.0)
    return out
