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
"""Quality of service: what we offer, what we ask for, and who else is on a topic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSHistoryPolicy, QoSPolicyKind, QoSProfile, QoSReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions

RELIABLE = QoSReliabilityPolicy.RELIABLE
BEST_EFFORT = QoSReliabilityPolicy.BEST_EFFORT

#: What ``qos_overrides.<topic>.subscription.reliability`` may say.
_ASKED = {'reliable': RELIABLE, 'best_effort': BEST_EFFORT}


def image_qos(reliability: QoSReliabilityPolicy = RELIABLE, depth: int = 5) -> QoSProfile:
    """
    Return the profile for image topics: volatile, the last ``depth`` kept.

    Offered reliably it serves reliable and best-effort subscribers alike.
    """
    return QoSProfile(history=QoSHistoryPolicy.KEEP_LAST, depth=depth, reliability=reliability)


def publisher_overrides() -> QoSOverridingOptions:
    """Return the policies of a publisher that ``qos_overrides`` parameters may change."""
    return QoSOverridingOptions(
        policy_kinds=(
            QoSPolicyKind.HISTORY,
            QoSPolicyKind.DEPTH,
            QoSPolicyKind.RELIABILITY,
            QoSPolicyKind.DURABILITY,
        )
    )


def subscription_overrides() -> QoSOverridingOptions:
    """
    Return the policies of a subscription that rclpy itself may override.

    Reliability is not among them: it follows the publishers (see ``asked_reliability``), and
    rclpy would freeze the first choice in a read-only parameter.
    """
    return QoSOverridingOptions(policy_kinds=(QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH))


def asked_reliability(node: Node, topic: str) -> QoSReliabilityPolicy | None:
    """
    Return the reliability that the user fixed for our subscription to ``topic``, if any.

    It is read from the parameter rclpy itself would use,
    ``qos_overrides.<resolved topic>.subscription.reliability``: ``auto`` (the default: as the
    publishers offer), ``reliable`` or ``best_effort``.

    :raises ValueError: for another value
    """
    from rcl_interfaces.msg import ParameterDescriptor

    name = f'qos_overrides.{node.resolve_topic_name(topic)}.subscription.reliability'
    if not node.has_parameter(name):
        node.declare_parameter(
            name,
            'auto',
            ParameterDescriptor(
                read_only=True,
                description='Reliability of the subscription: auto takes reliable where every '
                'publisher offers it, else best_effort.',
            ),
        )
    value = str(node.get_parameter(name).value).lower()
    if value != 'auto' and value not in _ASKED:
        raise ValueError(f'{name} is {value!r}: use auto, reliable or best_effort')
    return _ASKED.get(value)


def matching_reliability(publishers: Sequence[Any]) -> QoSReliabilityPolicy:
    """
    Return what to ask for so that each of these publishers reaches us.

    :param publishers: as ``get_publishers_info_by_topic`` gives them
    :return: reliable where every publisher offers it; best effort otherwise, and for none
    """
    if publishers and all(p.qos_profile.reliability == RELIABLE for p in publishers):
        return RELIABLE
    return BEST_EFFORT


def describe_publishers(node: Node, topic: str) -> str:
    """Return, in one line, who publishes ``topic``, what type, and with which QoS."""
    publishers = node.get_publishers_info_by_topic(node.resolve_topic_name(topic))
    if not publishers:
        return 'no publishers'
    return '; '.join(_describe(p) for p in publishers)


def publisher_names(node: Node, topic: str) -> set[str]:
    """Return the full names of the nodes that publish ``topic``."""
    found = node.get_publishers_info_by_topic(node.resolve_topic_name(topic))
    return {_node_name(p) for p in found}


def _node_name(endpoint: Any) -> str:
    if 'UNKNOWN' in endpoint.node_name:  # its participant is known, its name comes later
        return 'a node that has just come'
    return f'{endpoint.node_namespace.rstrip("/")}/{endpoint.node_name}'


def _describe(endpoint: Any) -> str:
    qos = endpoint.qos_profile
    return (
        f'{_node_name(endpoint)} ({endpoint.topic_type}, {qos.reliability.name.lower()}, '
        f'{qos.durability.name.lower()})'
    )
