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
"""Holds a player back until its last frame has been dealt with, so that no frame is lost."""

from __future__ import annotations

import time
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from std_msgs.msg import Header

from cdst_ros.depth.messages import stamp_ns


def done_qos() -> QoSProfile:
    """Return the profile of topics that say which frame has been dealt with: the last one."""
    return QoSProfile(
        depth=1,
        reliability=QoSReliabilityPolicy.RELIABLE,
        durability=QoSDurabilityPolicy.TRANSIENT_LOCAL,
    )


class Gate:
    """
    Opens when the frame that was sent last has been dealt with, or has had its time.

    :param topic: std_msgs/Header of each frame that has been dealt with
    :param timeout_s: how long a frame may take [s]
    """

    def __init__(self, node: Node, topic: str, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._sent_ns: int | None = None
        self._sent_s = 0.0
        self._node = node
        self._topic = node.resolve_topic_name(topic)
        #: Frames that nobody has dealt with in time.
        self.missed = 0
        node.create_subscription(Header, topic, self._on_done, done_qos())

    def attended(self) -> bool:
        """Tell whether somebody is there to say when a frame has been dealt with."""
        return bool(self._node.count_publishers(self._topic))

    def sent(self, stamp: int) -> None:
        """Shut until this frame has been dealt with."""
        self._sent_ns, self._sent_s = stamp, time.monotonic()

    def is_open(self) -> bool:
        """Tell whether the next frame may go."""
        if self._sent_ns is None:
            return True
        if time.monotonic() - self._sent_s < self._timeout_s:
            return False
        self.missed += 1
        self._sent_ns = None
        return True

    def _on_done(self, header: Any) -> None:
        if stamp_ns(header) == self._sent_ns:
            self._sent_ns = None
