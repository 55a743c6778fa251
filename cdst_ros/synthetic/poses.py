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
"""Camera poses, as 4x4 camera-to-world matrices of optical axes (REP 103)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from cdst_ros.depth.arrays import F64


def look(position: ArrayLike, yaw: float, pitch: float = 0.0, roll: float = 0.0) -> F64:
    """
    Return the pose of a camera at ``position`` [m] in a world whose z axis is up.

    :param yaw: of the optical axis about z, from the world's x axis [rad]
    :param pitch: of the optical axis above the horizon [rad]
    :param roll: of the camera about its optical axis, clockwise as it sees the world [rad]
    """
    forward = np.array(
        [math.cos(pitch) * math.cos(yaw), math.cos(pitch) * math.sin(yaw), math.sin(pitch)]
    )
    level = np.array([math.sin(yaw), -math.cos(yaw), 0.0])
    below = np.cross(forward, level)
    pose = np.eye(4)
    pose[:3, 0] = math.cos(roll) * level + math.sin(roll) * below
    pose[:3, 1] = math.cos(roll) * below - math.sin(roll) * level
    pose[:3, 2] = forward
    pose[:3, 3] = position
    return pose
