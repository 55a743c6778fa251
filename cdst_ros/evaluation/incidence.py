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
"""At what angle a camera sees the surfaces of a depth image."""

from __future__ import annotations

import numpy as np

from cdst_ros.depth.arrays import F32, F64
from cdst_ros.depth.camera import CameraModel


def incidence(depth: F32, camera: CameraModel) -> F32:
    """
    Return the cosine of the angle between ray and surface normal (H, W), NaN where depth is.

    A plane n . (X, Y, Z) = 1 is 1/z = n . r over the rays r = (x, y, 1), so that its normal is
    the gradient of 1/z, and the cosine (1/z) / (|n| |r|). Slopes are taken towards the neighbour
    that differs less, so that beside a discontinuity they are those of the pixel's own surface.

    :param depth: (H, W) [m], NaN = unknown
    """
    fx, fy, cx, cy = camera.intrinsics()
    height, width = depth.shape
    x, y = (np.arange(width) - cx) / fx, ((np.arange(height) - cy) / fy)[:, None]
    inverse = 1 / depth.astype(np.float64)
    a, b = _slopes(inverse) * fx, _slopes(inverse.T).T * fy
    c = inverse - a * x - b * y
    cosine = inverse / np.sqrt((a * a + b * b + c * c) * (x * x + y * y + 1))
    return np.asarray(cosine, np.float32)


def _slopes(values: F64) -> F64:
    """Return the lesser of the differences to the left and to the right, 0 without either."""
    steps = np.pad(np.diff(values, axis=1), ((0, 0), (1, 1)), constant_values=np.nan)
    left, right = steps[:, :-1], steps[:, 1:]
    lesser = np.where(np.abs(left) <= np.abs(right), left, right)
    known = np.where(np.isnan(lesser), np.where(np.isnan(left), right, left), lesser)
    return np.asarray(np.nan_to_num(known))
