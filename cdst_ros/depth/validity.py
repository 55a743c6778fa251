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
Which depths are measurements.

REP 117: "Detections that are too close to the sensor to quantify shall be represented by -Inf.
Erroneous detections shall be represented by quiet (non-signaling) NaNs. Finally, out of range
detections will be represented by +Inf", and "checks for valid measurements should use
floating-point standards and follow this form: ``if(minimum_range <= value && value <=
maximum_range)``". REP 118 for 16-bit images: "The value 0 denotes an invalid depth, equivalent to
a NaN floating point distance".
"""

from __future__ import annotations

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8, Bool

_FLOAT32 = np.finfo(np.float32)


def valid_mask(depth: F32, min_depth: float = 0.0, max_depth: float = float('inf')) -> Bool:
    """
    Return where ``depth`` (H, W) [m] is a measurement with ``min_depth <= z <= max_depth``.

    NaN and the infinities are never valid, whatever the limits, and neither are zero and negative
    depths: nothing lies in or behind the camera.

    :raises ValueError: when the limits leave no depth
    """
    if not min_depth <= max_depth or max_depth <= 0:
        raise ValueError(
            f'no depth lies between min_depth {min_depth} m and max_depth {max_depth} m: '
            'give 0 <= min_depth <= max_depth, in metres'
        )
    low = max(float(min_depth), float(_FLOAT32.tiny))
    high = min(float(max_depth), float(_FLOAT32.max))
    mask: U8 = cv2.inRange(depth, low, high)
    # A NumPy boolean is 1 where true, and OpenCV wrote 255.
    mask &= 1
    return mask.view(np.bool_)
