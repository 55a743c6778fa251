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
"""What drivers do that smooth depth without regard to contours."""

from __future__ import annotations

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32


def smooth(depth: F32, sigma: float) -> F32:
    """
    Return depth blurred by a Gaussian, of known pixels alone; the unknown stay so.

    :param depth: [m], NaN = unknown, (h, w)
    :param sigma: [px]
    """
    known = np.isfinite(depth)
    weight = cv2.GaussianBlur(known.astype(np.float32), (0, 0), sigma)
    total = cv2.GaussianBlur(np.where(known, depth, np.float32(0)), (0, 0), sigma)
    return np.where(known, total / np.maximum(weight, 1e-6), np.nan).astype(np.float32)
