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
"""The evaluator's error images, each made only while somebody listens."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import Image

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.encodings import fill_image, to_message_bytes
from cdst_ros.depth.messages import copy_header
from cdst_ros.evaluation.error_image import paint_error, signed_error
from cdst_ros.nodes.qos import image_qos, publisher_overrides


class ErrorTopics:
    """
    Publishes ``~/error`` and ``~/error_picture``; one thread only may publish.

    The first is output minus reference [m], 32FC1, NaN unknown; the second the same in colours.

    :param span: the error of the strongest colours [m]
    """

    def __init__(self, node: Node, span: float) -> None:
        def publisher(topic: str) -> Any:
            overrides = publisher_overrides()
            return node.create_publisher(
                Image, topic, image_qos(), qos_overriding_options=overrides
            )

        self._error = publisher('~/error')
        self._picture = publisher('~/error_picture')
        self._span = span

    def wanted(self) -> bool:
        """Tell whether anybody listens."""
        return any(bool(p.get_subscription_count()) for p in (self._error, self._picture))

    def publish(self, output: F32, reference: F32, header: Any) -> None:
        """
        Publish what somebody listens to, under the stamp and frame of ``header``.

        :param output: (H, W) [m], NaN = unknown
        :param reference: likewise
        """
        if not self.wanted():
            return
        error = signed_error(output, reference)
        if self._error.get_subscription_count():
            msg = Image()
            copy_header(header, msg.header)
            fill_image(msg, error, '32FC1')
            self._error.publish(msg)
        if self._picture.get_subscription_count():
            self._picture.publish(_picture(paint_error(error, self._span), header))


def _picture(painted: Any, header: Any) -> Image:
    """Return the message of (H, W, 3) BGR."""
    msg = Image()
    copy_header(header, msg.header)
    msg.height, msg.width = painted.shape[:2]
    msg.encoding = 'bgr8'
    msg.step = 3 * msg.width
    msg.data = to_message_bytes(painted, like=msg.data)
    return msg
