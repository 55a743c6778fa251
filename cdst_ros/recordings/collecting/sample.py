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
"""A frame that might be worth recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cdst_ros.depth.arrays import F32, F64, U8
from cdst_ros.depth.camera import CameraModel


@dataclass(frozen=True, eq=False)
class DepthShot:
    """
    A depth image and the camera that took it.

    :param image: (H, W) [m], NaN = unknown
    :param frame_id: optical frame
    """

    image: F32
    frame_id: str = ''
    camera: CameraModel | None = None


@dataclass(frozen=True, eq=False)
class ColorShot:
    """
    A colour image and the camera that took it.

    :param image: (H, W, 3) RGB
    :param frame_id: optical frame
    """

    image: U8
    frame_id: str = ''
    camera: CameraModel | None = None


@dataclass(frozen=True, eq=False)
class Sample:
    """
    What was seen at one moment.

    :param stamp_ns: of the depth image [ns]
    :param age_s: what the clock said when it came, less the stamp [s]
    :param depth: of the sensor that is to be improved
    :param color: where there is one
    :param reference: depth of higher resolution, where there is one
    :param extrinsics: by kind (``color``, ``reference``), (4, 4), from that image's camera to
        the depth camera
    """

    stamp_ns: int
    age_s: float
    depth: DepthShot
    color: ColorShot | None = None
    reference: DepthShot | None = None
    extrinsics: Mapping[str, F64] = field(default_factory=dict)
