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
"""What the camera node publishes: images with their camera_info, ready but for the stamp."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np
from rclpy.duration import Duration
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.encodings import encode, fill_image, to_message_bytes
from cdst_ros.nodes.playback import View
from cdst_ros.nodes.qos import BEST_EFFORT, RELIABLE, image_qos, publisher_overrides

_RELIABILITY = {'reliable': RELIABLE, 'best_effort': BEST_EFFORT}


class Shot(NamedTuple):
    """One image as messages; ``info`` is None where the camera is unknown."""

    image: Image
    info: CameraInfo | None


def depth_shot(view: View[F32], encoding: str = '16UC1') -> Shot:
    """Return the messages of a depth image: 16UC1, millimetres; or 32FC1, metres."""
    image = Image()
    fill_image(image, encode(view.image, encoding), encoding)
    return _shot(image, view)


def color_shot(view: View[U8]) -> Shot:
    """Return the messages of a colour image: rgb8."""
    image = Image()
    image.height, image.width = view.image.shape[:2]
    image.encoding = 'rgb8'
    image.is_bigendian = int(sys.byteorder == 'big')
    image.step = 3 * image.width
    image.data = to_message_bytes(np.ascontiguousarray(view.image), like=image.data)
    return _shot(image, view)


def _shot(image: Image, view: View[Any]) -> Shot:
    image.header.frame_id = view.frame_id
    if view.camera is None:
        return Shot(image, None)
    info = CameraInfo()
    view.camera.fill(info, image.header)
    return Shot(image, info)


class ImageTopic:
    """
    The publishers of ``NAME/image_raw`` and ``NAME/camera_info``.

    :param reliability: ``reliable`` or ``best_effort``
    """

    def __init__(self, node: Node, name: str, reliability: str) -> None:
        def publisher(kind: Any, topic: str) -> Any:
            return node.create_publisher(
                kind,
                topic,
                image_qos(_RELIABILITY[reliability]),
                qos_overriding_options=publisher_overrides(),
            )

        self._image = publisher(Image, f'{name}/image_raw')
        self._info = publisher(CameraInfo, f'{name}/camera_info')

    def listeners(self) -> int:
        """Return how many subscribe to the image and to its camera_info."""
        return min(int(p.get_subscription_count()) for p in (self._image, self._info))

    def publish(self, shot: Shot, stamp: Any) -> None:
        """Publish camera_info, then the image, each where somebody listens."""
        if shot.info is not None and self._info.get_subscription_count():
            shot.info.header.stamp = stamp
            self._info.publish(shot.info)
        if self._image.get_subscription_count():
            shot.image.header.stamp = stamp
            self._image.publish(shot.image)

    def flush(self, timeout_s: float) -> bool:
        """Wait until reliable subscribers have everything; False when the time is over first."""
        return bool(self._image.wait_for_all_acked(Duration(seconds=timeout_s)))
