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

#: A frame that nobody has dealt with is worth sending again after this [s], then twice as late.
_AGAIN_S = 3.0


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

    Whoever deals with frames says so once before the first one comes, with any stamp: then it
    listens, and is heard.

    :param topic: std_msgs/Header of each frame that has been dealt with
    :param timeout_s: how long a frame may take [s]
    """

    def __init__(self, node: Node, topic: str, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._sent_ns: int | None = None
        self._sent_s = 0.0
        self._again_s = 0.0
        self._heard = False
        #: Frames that nobody has dealt with in time.
        self.missed = 0
        node.create_subscription(Header, topic, self._on_done, done_qos())

    def attended(self) -> bool:
        """Tell whether somebody has said that frames will be dealt with."""
        return self._heard

    def sent(self, stamp: int) -> None:
        """Shut until this frame has been dealt with."""
        self._sent_ns, self._sent_s = stamp, time.monotonic()
        self._again_s = _AGAIN_S

    def wants_again(self) -> bool:
        """Tell whether to send the last frame once more: the first ones may be lost to nobody."""
        if time.monotonic() - self._sent_s < self._again_s:
            return False
        self._again_s *= 2
        return True

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
        self._heard = True
        if stamp_ns(header) == self._sent_ns:
            self._sent_ns = None
