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
import numpy as np

from cdst_ros.depth.camera import CameraModel


def step(height=24, width=32, near=1.0, far=3.0, at=16):
    """Return a near surface left of a far one [m]."""
    depth = np.full((height, width), far, np.float32)
    depth[:, :at] = near
    return depth


def slanted(height=40, width=48, at=24):
    """Return a slanted wall behind a slanted board, planes in 1/z [m]."""
    y, x = np.mgrid[:height, :width]
    board = 1 / (0.8 + 0.004 * x - 0.003 * y)
    wall = 1 / (0.3 - 0.001 * x + 0.002 * y)
    return np.where(x < at, board, wall).astype(np.float32)


def pole(width, size=(32, 32), at=12, near=1.0, far=3.0):
    """Return an upright pole before a wall [m]."""
    depth = np.full(size, far, np.float32)
    depth[:, at : at + width] = near
    return depth


def camera_of(depth, focal=100.0):
    height, width = depth.shape
    return CameraModel.from_intrinsics(
        focal, focal, (width - 1) / 2, (height - 1) / 2, width, height
    )
