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
"""What to say when nothing arrives."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.utilities import get_rmw_implementation_identifier

from cdst_ros.nodes.qos import describe_publishers, publisher_names
from cdst_ros.nodes.subscription import AdaptiveSubscription
from cdst_ros.nodes.transport import advice


def explain_silence(
    node: Node,
    subscription: AdaptiveSubscription,
    name: str,
    silent_s: float,
    *,
    size: int | None = None,
    candidates: str = '',
    remedy: str = '',
) -> str:
    """
    Return why nothing may arrive from a subscription, and what to do.

    :param name: that the topic is to be remapped by
    :param silent_s: for so long [s]
    :param size: of one message, where known [bytes]
    :param candidates: other topics to take, as the end of a sentence
    :param remedy: what else than remapping mends a wrong type, likewise
    """
    said = f'nothing on {subscription.topic} for {silent_s:.0f} s: '
    publishers = subscription.publishers
    if not publishers:
        return f'{said}nobody publishes it; start the driver, or remap {name}{candidates}'
    others = {p.topic_type for p in publishers if p.topic_type != subscription.kind}
    if others:
        return said + (
            f'it carries {", ".join(sorted(others))}, not {subscription.kind} '
            f'({describe_publishers(node, subscription.topic)}): remap {name}{remedy}'
        )
    return f'{said}{subscription.describe()}. {advice(size, get_rmw_implementation_identifier())}'


def depth_candidates(node: Node, topic: str) -> str:
    """Return, as the end of a sentence, which depth images but ``topic`` are on the network."""
    image = 'sensor_msgs/msg/Image'
    own = node.get_fully_qualified_name()
    topics = [
        name
        for name, kinds in node.get_topic_names_and_types()
        if image in kinds
        and 'depth' in name
        and name != topic
        and own not in publisher_names(node, name)
    ]
    if not topics:
        return '; no other depth image is on this network, so look at the settings of the driver'
    return f'; depth images on this network: {", ".join(sorted(topics))}'
