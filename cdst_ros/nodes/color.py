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

import cv2
import numpy as np

from cdst_ros.depth.arrays import U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.nodes.frame import FrameRefusedError

#: Channels of a colour encoding, and the conversion that makes it RGB.
_TO_RGB: dict[str, tuple[int, int | None]] = {
    'rgb8': (3, None),
    'bgr8': (3, cv2.COLOR_BGR2RGB),
    'rgba8': (4, cv2.COLOR_RGBA2RGB),
    'bgra8': (4, cv2.COLOR_BGRA2RGB),
    'mono8': (1, cv2.COLOR_GRAY2RGB),
}


def decode_color(msg: Any) -> U8:
    """
    Return the pixels (H, W, 3), RGB, of a colour image message.

    :raises FrameRefusedError: for another encoding, and for an image that is not whole
    """
    if msg.encoding not in _TO_RGB:
        raise FrameRefusedError(
            'colour',
            f"the colour image has encoding '{msg.encoding}': publish one of {', '.join(_TO_RGB)}",
        )
    channels, conversion = _TO_RGB[msg.encoding]
    if msg.step < msg.width * channels or len(msg.data) < msg.step * msg.height or not msg.data:
        raise FrameRefusedError(
            'colour',
            f'the colour image is not whole: {msg.width}x{msg.height} {msg.encoding} with '
            f'{msg.step} bytes a row, {len(msg.data)} bytes in all',
        )
    rows = np.frombuffer(msg.data, np.uint8)[: msg.step * msg.height].reshape(msg.height, msg.step)
    pixels = rows[:, : msg.width * channels].reshape(msg.height, msg.width, channels)
    if conversion is None:
        return np.ascontiguousarray(pixels)
    converted: U8 = cv2.cvtColor(np.ascontiguousarray(pixels), conversion)
    return converted


def registered_color(color: Any, color_info: Any, camera: CameraModel, frame_id: str) -> U8:
    """
    Return colour (sH, sW, 3) that lies on the output grid.

    Size alone proves nothing: the frame and the intrinsics have to agree as well.

    :param color: sensor_msgs/Image
    :param color_info: its CameraInfo
    :param camera: of the output
    :param frame_id: of the depth image
    :raises FrameRefusedError: when colour is not registered to depth
    """
    theirs = CameraModel.from_message(color_info)
    if color.header.frame_id != frame_id:
        raise FrameRefusedError(
            'colour',
            f"colour is of the frame '{color.header.frame_id}' and depth of '{frame_id}': "
            'register one to the other in the driver first',
        )
    pixels = decode_color(color)
    if pixels.shape[:2] != (camera.height, camera.width) or not camera.agrees(theirs):
        raise FrameRefusedError(
            'colour',
            f'colour is {pixels.shape[1]}x{pixels.shape[0]} with fx, fy, cx, cy '
            f'{_intrinsics(theirs)}, and the output {camera.width}x{camera.height} with '
            f'{_intrinsics(camera)}: guided engines need colour registered to the output, of the '
            'same size and intrinsics within 0.5 %',
        )
    return pixels


def _intrinsics(camera: CameraModel) -> str:
    if not camera.calibrated:
        return 'unknown (uncalibrated)'
    return ', '.join(f'{value:.1f}' for value in camera.intrinsics())
