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
"""Rooms, cameras and points that several tests need."""

import numpy as np

from cdst_ros.depth.arrays import F64
from cdst_ros.depth.camera import CameraModel
from cdst_ros.synthetic.poses import look
from cdst_ros.synthetic.raycast import Hits, View, cast
from cdst_ros.synthetic.room import Room
from cdst_ros.synthetic.shapes import Shape

#: A camera that sees 90 degrees, at the origin of the world, looking along x.
CAMERA = CameraModel.from_intrinsics(40.0, 40.0, 39.5, 29.5, 80, 60)
AHEAD = look((0, 0, 0), 0.0)


def hall(half: float = 8.0) -> Room:
    """Return a cubic room about the origin."""
    return Room(np.zeros(3), np.eye(3), np.full(3, half))


def see(
    shapes: list[Shape], camera: CameraModel = CAMERA, pose: F64 = AHEAD, room: Room | None = None
) -> Hits:
    """Return what the camera sees of shapes in a room."""
    return cast(room or hall(), shapes, View.of(camera, pose))


def world_points(hits: Hits, camera: CameraModel, pose: F64) -> F64:
    """Return where each pixel looks, in the world [m], NaN for nothing, (H, W, 3)."""
    fx, fy, cx, cy = camera.intrinsics()
    v, u = np.indices(hits.inverse.shape)
    z = np.where(hits.surface >= 0, 1 / np.where(hits.inverse > 0, hits.inverse, 1), np.nan)
    inside = np.stack([(u - cx) / fx * z, (v - cy) / fy * z, z], axis=-1)
    return inside @ pose[:3, :3].T + pose[:3, 3]
