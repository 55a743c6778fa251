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
"""Points of a depth image as the bytes of a sensor_msgs/PointCloud2."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32, U8, AnyArray
from cdst_ros.depth.camera import CameraModel

_FLOATS = [('x', np.float32), ('y', np.float32), ('z', np.float32)]


class Cloud(NamedTuple):
    """
    An organised cloud: a point for each pixel, NaN where depth is unknown.

    :param points: (H, W), float32 fields x, y, z [m] and, with colour, rgb: the bits of
        ``red << 16 | green << 8 | blue``, as PCL and rviz have it
    """

    points: AnyArray

    @property
    def fields(self) -> list[tuple[str, int]]:
        """Name and offset [bytes] of each field; each is one float32."""
        fields = self.points.dtype.fields
        assert fields is not None
        return [(name, int(place[1])) for name, place in fields.items()]

    @property
    def step(self) -> int:
        """Bytes a point."""
        return self.points.dtype.itemsize


def cloud_of(depth: F32, camera: CameraModel, rgb: U8 | None = None) -> Cloud:
    """
    Return the points of a depth image.

    :param depth: (H, W) [m], NaN = unknown
    :param camera: of ``depth``
    :param rgb: (H, W, 3), black where there is none; None: points without colour
    :raises ValueError: when the image has another size than the camera, or that is uncalibrated
    """
    names = _FLOATS if rgb is None else [*_FLOATS, ('rgb', np.float32)]
    points = np.empty(depth.shape, names)
    places = camera.back_project(depth)
    for axis, (name, _) in enumerate(_FLOATS):
        points[name] = np.where(np.isfinite(depth), places[..., axis], np.float32(np.nan))
    if rgb is not None:
        red, green, blue = (rgb[..., channel].astype(np.uint32) for channel in range(3))
        points['rgb'] = (red << 16 | green << 8 | blue).view(np.float32)
    return Cloud(points)
