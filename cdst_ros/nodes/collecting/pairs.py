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
"""Where pairs come from: topics paired by stamp, and what to say of those that do not come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CameraInfo, Image

from cdst_ros.depth.messages import stamp_ns
from cdst_ros.depth.pairing import StampPairer
from cdst_ros.nodes.collecting.parameters import CollectorParameters
from cdst_ros.nodes.mailbox import Mailbox
from cdst_ros.nodes.qos import asked_reliability
from cdst_ros.nodes.silence import depth_candidates, explain_silence
from cdst_ros.nodes.subscription import AdaptiveSubscription

DEPTH, DEPTH_INFO = 'depth', 'depth_info'
COLOR, COLOR_INFO = 'color', 'color_info'
REFERENCE, REFERENCE_INFO = 'reference', 'reference_info'

#: The topic and the type of each stream.
TOPICS: dict[str, tuple[str, Any]] = {
    # The executor goes by age: taken first, a camera_info is there for its image.
    DEPTH_INFO: ('depth/camera_info', CameraInfo),
    COLOR_INFO: ('rgb/camera_info', CameraInfo),
    REFERENCE_INFO: ('reference/camera_info', CameraInfo),
    DEPTH: ('depth/image_raw', Image),
    COLOR: ('rgb/image_raw', Image),
    REFERENCE: ('reference/image_raw', Image),
}

#: Messages a stream may run ahead of the others.
_CAPACITY = 10


class Pair(NamedTuple):
    """Messages of one moment, by stream, and the node's clock when they were complete [ns]."""

    messages: dict[str, Any]
    now_ns: int


def check_reliabilities(node: LifecycleNode) -> None:
    """
    Check what the user fixed for any subscription, before one of them is needed.

    :raises ValueError: names the parameter, its value, and what it may be
    """
    for topic, _ in TOPICS.values():
        asked_reliability(node, topic)


def streams_of(parameters: CollectorParameters) -> list[str]:
    """Return the streams that are wanted; the first leads."""
    streams = [DEPTH, DEPTH_INFO]
    if parameters.color != 'none':
        streams += [COLOR, COLOR_INFO]
    if parameters.reference != 'none':
        streams += [REFERENCE, REFERENCE_INFO]
    return streams


def optional_streams(parameters: CollectorParameters) -> set[str]:
    """Return the streams that a pair can do without."""
    optional = {REFERENCE_INFO}
    if parameters.color == 'optional':
        optional |= {COLOR, COLOR_INFO}
    if parameters.reference == 'optional':
        optional |= {REFERENCE}
    return optional & set(streams_of(parameters))


def topics_of(node: LifecycleNode, parameters: CollectorParameters) -> dict[str, str]:
    """Return the full names of the topics that are wanted, by stream."""
    return {name: str(node.resolve_topic_name(TOPICS[name][0])) for name in streams_of(parameters)}


class PairSource:
    """
    Subscribes to depth, colour and reference, with their camera_infos, and pairs them by stamp.

    All methods run on the executor's thread.

    :param came: told of each depth image that arrives
    :param lost: told of each that found no company
    :param deliver: takes each pair; must return at once
    """

    def __init__(
        self,
        node: LifecycleNode,
        mailbox: Mailbox,
        *,
        parameters: CollectorParameters,
        came: Callable[[], None],
        lost: Callable[[], None],
        deliver: Callable[[Pair], None],
    ) -> None:
        self._node = node
        self._tolerance_s = parameters.pairing_tolerance
        self._came = came
        self._lost = lost
        self._deliver = deliver
        self._began = self._paired = time.monotonic()
        self._arrived: dict[str, float] = {}
        self._stamps: dict[str, int] = {}
        self._unpaired = 0
        streams = streams_of(parameters)
        optional = optional_streams(parameters)
        self._required = [name for name in streams if name not in optional]
        self._pairer: StampPairer[Any] = StampPairer(
            streams, round(self._tolerance_s * 1e9), _CAPACITY, optional
        )
        self._subscriptions = {
            name: AdaptiveSubscription(node, mailbox, kind, topic, self._taker(name))
            for name, (topic, kind) in TOPICS.items()
            if name in streams
        }

    @property
    def depth_topic(self) -> str:
        """The full name of the depth topic."""
        return self._subscriptions[DEPTH].topic

    def tick(self) -> None:
        """Look after the topics; to be called about once a second."""
        for subscription in self._subscriptions.values():
            subscription.update()

    def silent_s(self) -> float:
        """Return how long ago the last pair was complete, or we began to listen [s]."""
        return time.monotonic() - self._paired

    def explain_silence(self) -> str:
        """Return why no pairs may come, and what to do."""
        now = time.monotonic()
        silent = {name: now - self._arrived.get(name, self._began) for name in self._required}
        longest = max(silent, key=lambda name: silent[name])
        # Nothing at all for nearly as long as no pair: this one is missing.
        if longest not in self._arrived or silent[longest] > 0.5 * self.silent_s():
            return self._explain_topic(longest, silent[longest])
        return self._explain_stamps()

    def destroy(self) -> None:
        """Unsubscribe from everything."""
        for subscription in self._subscriptions.values():
            subscription.destroy()

    def _taker(self, name: str) -> Callable[[Any], None]:
        return lambda message: self._take(name, message)

    def _take(self, name: str, message: Any) -> None:
        stamp = stamp_ns(message.header)
        self._arrived[name] = time.monotonic()
        self._stamps[name] = stamp
        if name == DEPTH:
            self._came()
        found = self._pairer.push(name, stamp, message)
        unpaired = self._count_unpaired()
        for _ in range(unpaired - self._unpaired):
            self._lost()
        self._unpaired = unpaired
        while found is not None:
            self._paired = time.monotonic()
            self._deliver(Pair(found, self._node.get_clock().now().nanoseconds))
            found = self._pairer.pop()

    def _count_unpaired(self) -> int:
        counts = self._pairer.counts
        return counts.unmatched[DEPTH] + counts.replaced[DEPTH] + counts.outdated[DEPTH]

    def _explain_topic(self, name: str, silent_s: float) -> str:
        subscription = self._subscriptions[name]
        candidates = ''
        if name == DEPTH:
            candidates = depth_candidates(self._node, subscription.topic)
        elif name in (COLOR, COLOR_INFO):
            candidates = '; to collect depth alone, set color to optional'
        elif name in (REFERENCE, REFERENCE_INFO):
            candidates = '; to do without, set reference to optional'
        relative, _ = TOPICS[name]
        said = explain_silence(self._node, subscription, relative, silent_s, candidates=candidates)
        return f'no pair is complete: {said}'

    def _explain_stamps(self) -> str:
        """Return which of the streams that come do not come together."""
        apart = {
            name: abs(self._stamps[name] - self._stamps[DEPTH]) / 1e9
            for name in self._required
            if name != DEPTH
        }
        worst = max(apart, key=lambda name: apart[name])
        theirs, ours = (self._subscriptions[name].topic for name in (worst, DEPTH))
        return (
            f'no pair is complete, for stamps lie apart: the last ones of {theirs} and '
            f'{ours} by {apart[worst]:.6f} s, and pairing_tolerance is '
            f'{self._tolerance_s:g} s: have the drivers stamp with one clock, at the moment of '
            'exposure, or raise pairing_tolerance'
        )
