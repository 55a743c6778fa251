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
"""How the robot's cameras lie to each other, as /tf_static tells."""

from __future__ import annotations

import threading
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile

from cdst_ros.depth.arrays import F64
from cdst_ros.recordings.transforms import STATIC_TOPIC, StaticTransforms, matrix_of

try:
    from tf2_msgs.msg import TFMessage
except ImportError:  # the PyPI wheels of ROS have no tf2
    TFMessage = None

#: Publishers of /tf_static latch one message each, and there may be many.
_LATCHED = QoSProfile(depth=100, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)


class FixedFrames:
    """Listens to /tf_static, on the executor's thread; any thread may ask."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._known = StaticTransforms()
        self._found: dict[tuple[str, str], F64 | None] = {}
        self._subscription: Any = None
        if TFMessage is not None:
            self._subscription = node.create_subscription(
                TFMessage, STATIC_TOPIC, self.take, _LATCHED
            )

    def take(self, message: Any) -> None:
        """Take in a tf2_msgs/TFMessage; a transform that is none is left out, and said."""
        for one in message.transforms:
            try:
                matrix = matrix_of(one.transform)
            except ValueError as error:
                self._node.get_logger().warning(f'{one.child_frame_id}: {error}')
                continue
            with self._lock:
                self._known.add(one.header.frame_id, one.child_frame_id, matrix)
                self._found.clear()

    def between(self, source: str, target: str) -> F64 | None:
        """Return (4, 4), takes points of ``source`` to ``target``; None if they are not linked."""
        key = source, target
        with self._lock:
            if key not in self._found:
                self._found[key] = self._known.between(source, target)
            return self._found[key]

    def explain(self, source: str, target: str) -> str:
        """Return why two frames are not linked, and what to do."""
        said = f'how {source} lies to {target} is not known'
        if TFMessage is None:
            return f'{said}: this ROS has no tf2_msgs to read {STATIC_TOPIC} with; install it'
        return (
            f'{said}: {STATIC_TOPIC} does not link them. Start the robot_state_publisher or the '
            "driver's own transforms, or publish one with tf2_ros static_transform_publisher"
        )

    def destroy(self) -> None:
        """Unsubscribe."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
        self._subscription = None
