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
"""A trainer node and somebody who uses it, talking over DDS."""

from __future__ import annotations

import json
from typing import Any

from graph import NodeGraph, overridden
from rclpy.context import Context
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from std_msgs.msg import String
from std_srvs.srv import Trigger

from cdst_ros.nodes.trainer_node import TrainerNode


class TrainerGraph(NodeGraph):
    """
    A trainer node that spins on a thread of its own, and a user node that the test spins.

    :param start: configure and activate
    :param parameters: of the trainer node
    """

    def __init__(
        self, start: bool = True, context: Context | None = None, **parameters: Any
    ) -> None:
        def make(namespace: str) -> TrainerNode:
            return TrainerNode(namespace=namespace, parameter_overrides=overridden(parameters))

        super().__init__(make, context)
        self.told: list[dict[str, Any]] = []
        self.hear_status()
        if start:
            assert self.on_node(self.node.start)

    def hear_status(self) -> None:
        """Subscribe to the latched status."""
        qos = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
        self.user.create_subscription(
            String, 'trainer/status', lambda msg: self.told.append(json.loads(msg.data)), qos
        )

    def call(self, service: str) -> Any:
        """Call one of the node's services; return its answer."""
        client = self.user.create_client(Trigger, f'trainer/{service}')
        self.until(client.service_is_ready)
        future = client.call_async(Trigger.Request())
        self.until(future.done)
        self.user.destroy_client(client)
        return future.result()
