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
"""What the superres node publishes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2

from cdst_ros.depth.arrays import AnyArray
from cdst_ros.depth.compressed import fill_compressed
from cdst_ros.depth.encodings import fill_image
from cdst_ros.depth.messages import copy_header
from cdst_ros.nodes.events import publisher_events
from cdst_ros.nodes.qos import image_qos, publisher_overrides
from cdst_ros.nodes.topics import compressed_topic

_IMAGE = 'depth_hr/image_raw'
_KINDS = {
    'image': Image,
    'camera_info': CameraInfo,
    'compressed': CompressedImage,
    'confidence': Image,
    'sigma': Image,
    'cloud': PointCloud2,
}


class Outputs:
    """
    The publishers by short name: image, camera_info, compressed, confidence, sigma, cloud.

    Messages are reused: rclpy has copied a message by the time ``publish`` returns. So one thread
    only may publish each of them.

    :param listeners_changed: called when a subscriber comes or goes, where rclpy tells
    """

    def __init__(self, node: LifecycleNode, listeners_changed: Callable[[], None]) -> None:
        self._node = node
        self._publishers: dict[str, Any] = {}
        self._messages = {name: kind() for name, kind in _KINDS.items()}
        topics = {
            'image': _IMAGE,
            'camera_info': 'depth_hr/camera_info',
            'compressed': compressed_topic(node, _IMAGE),
            'confidence': '~/confidence',
            'sigma': '~/sigma',
            'cloud': 'depth_hr/points',
        }
        for name, kind in _KINDS.items():
            self._publishers[name] = node.create_lifecycle_publisher(
                kind,
                topics[name],
                image_qos(),
                event_callbacks=publisher_events(listeners_changed),
                qos_overriding_options=publisher_overrides(),
            )

    def topic(self, name: str) -> str:
        """Return the full name of a topic, remapped."""
        return str(self._publishers[name].topic_name)

    def wanted(self, name: str) -> bool:
        """Tell whether anybody listens to this output."""
        return bool(self._publishers[name].get_subscription_count())

    def any_wanted(self) -> bool:
        """Tell whether anybody listens to any output."""
        return any(self.wanted(name) for name in self._publishers)

    def publish_image(self, name: str, pixels: AnyArray, encoding: str, header: Any) -> None:
        """Publish pixels (H, W) under the stamp and frame of ``header``."""
        msg = self._messages[name]
        copy_header(header, msg.header)
        fill_image(msg, pixels, encoding)
        self._publishers[name].publish(msg)

    def publish_camera_info(self, fill: Callable[[Any], None], header: Any) -> None:
        """Publish the camera that ``fill`` writes into the message."""
        msg = self._messages['camera_info']
        fill(msg)
        copy_header(header, msg.header)
        self._publishers['camera_info'].publish(msg)

    def publish_compressed(self, form: str, data: bytes, header: Any) -> None:
        """Publish a compressed image of this ``format``."""
        msg = self._messages['compressed']
        copy_header(header, msg.header)
        fill_compressed(msg, form, data)
        self._publishers['compressed'].publish(msg)

    def publish_cloud(self, msg: PointCloud2, header: Any) -> None:
        """Publish a cloud under the stamp and frame of ``header``."""
        copy_header(header, msg.header)
        self._publishers['cloud'].publish(msg)

    def destroy(self) -> None:
        """Withdraw every publisher."""
        for publisher in self._publishers.values():
            self._node.destroy_lifecycle_publisher(publisher)
        self._publishers.clear()
