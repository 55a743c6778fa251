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
"""Middleware events where this rclpy has them; callers poll slowly beside them anyway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # Humble: the module has another name and knows no matched event
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks


def publisher_events(changed: Callable[[], None]) -> Any:
    """Return event callbacks that call ``changed`` when a subscription comes or goes."""
    try:
        return PublisherEventCallbacks(matched=lambda _: changed())
    except TypeError:  # Humble
        return PublisherEventCallbacks()


def subscription_events(changed: Callable[[], None]) -> Any:
    """
    Return event callbacks that call ``changed`` when a publisher comes, goes, or cannot match.

    The default warning on incompatible QoS is replaced: the subscriber adapts instead.
    """
    try:
        return SubscriptionEventCallbacks(
            matched=lambda _: changed(), incompatible_qos=lambda _: changed()
        )
    except TypeError:  # Humble
        return SubscriptionEventCallbacks(incompatible_qos=lambda _: changed())
