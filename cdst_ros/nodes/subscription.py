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
"""A subscription that asks for what the publishers offer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node

from cdst_ros.nodes.events import subscription_events
from cdst_ros.nodes.mailbox import Mailbox
from cdst_ros.nodes.qos import (
    asked_reliability,
    describe_publishers,
    image_qos,
    matching_reliability,
    subscription_overrides,
)


class AdaptiveSubscription:
    """
    Subscribes reliably where every publisher offers that, best effort otherwise.

    When publishers come and go it looks again, so a publisher that returns with another QoS is
    heard. Reliable matters: default DDS settings lose large best-effort images.

    :param topic: relative, remappable
    :param callback: takes the message
    """

    def __init__(
        self,
        node: Node,
        mailbox: Mailbox,
        message: Any,
        topic: str,
        callback: Callable[[Any], None],
    ) -> None:
        self._node = node
        self._mailbox = mailbox
        self._message = message
        self._topic = topic
        self._callback = callback
        self._subscription: Any = None
        self._reliability: Any = None
        self.update()

    @property
    def topic(self) -> str:
        """The full name of the topic, remapped."""
        return str(self._node.resolve_topic_name(self._topic))

    @property
    def kind(self) -> str:
        """The type of its messages, such as sensor_msgs/msg/Image."""
        package, interface, *_ = self._message.__module__.split('.')
        return f'{package}/{interface}/{self._message.__name__}'

    @property
    def publishers(self) -> list[Any]:
        """Those who publish the topic now."""
        return list(self._node.get_publishers_info_by_topic(self.topic))

    def describe(self) -> str:
        """Return the publishers, and what is asked of them, for a person to read."""
        asked = self._reliability.name.lower()
        return f'{describe_publishers(self._node, self._topic)}; subscribed {asked}'

    def update(self) -> None:
        """Ask for what the publishers of the moment offer."""
        if self._reliability is not None and not self.publishers:
            return  # nobody to adapt to: keep what matched last
        wanted = asked_reliability(self._node, self._topic)
        if wanted is None:
            wanted = matching_reliability(self.publishers)
        if wanted != self._reliability:
            self._subscribe(wanted)

    def destroy(self) -> None:
        """Unsubscribe."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def _subscribe(self, reliability: Any) -> None:
        if self._subscription is not None:
            self._node.get_logger().info(
                f'{self.topic}: subscribing {reliability.name.lower()} from now on, to hear '
                f'{describe_publishers(self._node, self._topic)}'
            )
        self.destroy()
        self._reliability = reliability
        self._subscription = self._node.create_subscription(
            self._message,
            self._topic,
            self._callback,
            image_qos(reliability),
            event_callbacks=subscription_events(lambda: self._mailbox.post(self._look_again)),
            qos_overriding_options=subscription_overrides(),
        )

    def _look_again(self) -> None:
        if self._subscription is not None:
            self.update()
