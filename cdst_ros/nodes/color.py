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
"""Colour for guided engines: registered to the output, or refused."""

from __future__ import annotations

from typing import Any

from cdst_ros.depth.arrays import U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.registration import RegistrationError, require_on_grid
from cdst_ros.nodes.frame import FrameRefusedError
from cdst_ros.recordings.color import ColorDecodeError, decode_color


def registered_color(color: Any, color_info: Any, camera: CameraModel, frame_id: str) -> U8:
    """
    Return colour (sH, sW, 3) that lies on the output grid.

    Size alone proves nothing: the frame and the intrinsics have to agree as well.

    :param color: sensor_msgs/Image
    :param color_info: its CameraInfo
    :param camera: of the output
    :param frame_id: of the depth image
    :raises FrameRefusedError: when colour cannot be read, or is not registered to depth
    """
    theirs = CameraModel.from_message(color_info)
    if color.header.frame_id != frame_id:
        raise FrameRefusedError(
            'colour',
            f"colour is of the frame '{color.header.frame_id}' and depth of '{frame_id}': "
            'register one to the other in the driver first',
        )
    try:
        pixels = decode_color(color)
    except ColorDecodeError as error:
        raise FrameRefusedError('colour', str(error)) from error
    try:
        require_on_grid(pixels, theirs, (camera.height, camera.width), camera)
    except RegistrationError as error:
        raise FrameRefusedError('colour', str(error)) from error
    return pixels
