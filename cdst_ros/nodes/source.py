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
"""Where frames come from: the input topics, paired by stamp, and what to say of silence."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from cdst_ros.depth.messages import stamp_ns
from cdst_ros.depth.pairing import StampPairer
from cdst_ros.nodes.color_source import COLOR_TOPICS, ColorSource
from cdst_ros.nodes.fixed_frames import FixedFrames
from cdst_ros.nodes.frame import Frame
from cdst_ros.nodes.mailbox import Mailbox
from cdst_ros.nodes.parameters import Parameters
from cdst_ros.nodes.qos import asked_reliability
from cdst_ros.nodes.silence import depth_candidates, explain_silence
from cdst_ros.nodes.subscription import AdaptiveSubscription
from cdst_ros.nodes.throttle import ThrottledLog
from cdst_ros.nodes.topics import compressed_topic
from cdst_ros.nodes.window import Window

DEPTH, INFO = 'depth', 'camera_info'

_IMAGE = 'depth/image_raw'
_CAMERA_INFO = 'depth/camera_info'

#: Messages a topic may run ahead of the others.
_CAPACITY = 10
#: So many images in a row must lack something before it is said: discovery takes a moment.
_PATIENCE = 3
#: A timer has some period [s].
_SHORTEST_S = 0.001


def check_reliabilities(node: Node) -> None:
    """
    Check what the user fixed for any subscription, before one of them is needed.

    :raises ValueError: names the parameter, its value, and what it may be
    """
    for topic in (_IMAGE, compressed_topic(node, _IMAGE), _CAMERA_INFO, *COLOR_TOPICS):
        asked_reliability(node, topic)


class DepthSource:
    """
    Subscribes to depth and its camera_info, pairs them by stamp, and finds colour where asked to.

    An image whose camera_info or colour does not come is delivered without it. All methods run on
    the executor's thread.

    :param frames: that tell where the colour camera is
    :param deliver: takes each frame; must return at once
    """

    def __init__(
        self,
        node: LifecycleNode,
        mailbox: Mailbox,
        *,
        parameters: Parameters,
        frames: FixedFrames,
        window: Window,
        log: ThrottledLog,
        deliver: Callable[[Frame], None],
    ) -> None:
        self._node = node
        self._mailbox = mailbox
        self._parameters = parameters
        self._frames = frames
        self._window = window
        self._log = log
        self._deliver = deliver
        self._incomplete = 0
        self._last_stamp: int | None = None
        self._last_info: Any = None
        self._last_arrival = time.monotonic()
        self._pairer = self._new_pairer()
        self._color: ColorSource | None = None
        self._awaiting: Frame | None = None
        self._patient = False
        self._deadline: Any = None

        # The executor goes by age: taken first, the camera_info is there for the first image.
        self._info = AdaptiveSubscription(node, mailbox, CameraInfo, _CAMERA_INFO, self._on_info)
        kind, topic = Image, _IMAGE
        if parameters.input_transport != 'raw':
            kind, topic = CompressedImage, compressed_topic(node, _IMAGE)
        self._depth = AdaptiveSubscription(node, mailbox, kind, topic, self._on_depth)
        self._subscriptions = [self._depth, self._info]

    @property
    def topic(self) -> str:
        """The full name of the depth topic."""
        return self._depth.topic

    def silent_for_s(self) -> float:
        """Return how long ago the last depth image arrived, or we began to listen [s]."""
        return time.monotonic() - self._last_arrival

    def silent(self) -> bool:
        """Tell whether nothing has arrived for longer than ``warn_after_s``."""
        return self.silent_for_s() > self._parameters.warn_after_s

    @property
    def color_topic(self) -> str:
        """The full name of the colour topic; empty while it is not subscribed to."""
        return '' if self._color is None else self._color.topic

    def want_color(self, wanted: bool, patient: bool = False) -> None:
        """
        Look for colour from now on, or no more.

        :param patient: a frame waits for its colour until the next frame comes, for without it it
            is lost; otherwise for ``color_tolerance`` at most
        """
        self._patient = patient
        if wanted and self._color is None:
            self._color = ColorSource(
                self._node,
                self._mailbox,
                parameters=self._parameters,
                frames=self._frames,
                arrived=self._on_color,
            )
        elif not wanted and self._color is not None:
            self._go_on()
            self._drop_color()

    def tick(self) -> None:
        """Look after the topics; to be called about once a second."""
        for subscription in self._subscriptions:
            subscription.update()
        if self._color is not None:
            self._color.tick()
        if self.silent():
            self._log.warn(self._explain_silence())

    def change(self, parameters: Parameters) -> None:
        """Take over parameters that need no other subscription."""
        tolerance_changed = parameters.pairing_tolerance != self._parameters.pairing_tolerance
        self._parameters = parameters
        if tolerance_changed:
            self._pairer = self._new_pairer()
        if self._color is not None:
            self._color.change(parameters)
        self._drop_deadline()

    def destroy(self) -> None:
        """Unsubscribe from everything."""
        for subscription in self._subscriptions:
            subscription.destroy()
        self._drop_color()

    def _new_pairer(self) -> StampPairer[Any]:
        tolerance_ns = round(self._parameters.pairing_tolerance * 1e9)
        return StampPairer((DEPTH, INFO), tolerance_ns, _CAPACITY, optional=(INFO,))

    def _on_depth(self, msg: Any) -> None:
        self._last_arrival = time.monotonic()
        self._window.count('in')
        self._check_order(msg)
        self._push(DEPTH, stamp_ns(msg.header), (msg, self._last_arrival))

    def _on_info(self, msg: Any) -> None:
        self._last_info = msg
        self._push(INFO, stamp_ns(msg.header), msg)

    def _push(self, name: str, stamp: int, item: Any) -> None:
        lost = self._lost()
        found = self._pairer.push(name, stamp, item)
        for _ in range(self._lost() - lost):
            self._window.count('dropped/incomplete')
        while found is not None:
            self._hand_over(found)
            found = self._pairer.pop()

    def _hand_over(self, found: dict[str, Any]) -> None:
        msg, arrived = found[DEPTH]
        info = found.get(INFO)
        if info is not None:
            self._incomplete = 0
        else:
            self._incomplete += 1
            self._window.count('without camera_info')
            if self._incomplete >= _PATIENCE:
                self._log.warn(self._explain_missing_info(msg))
        self._go_on()
        frame = Frame(msg, info, None, arrived, self.topic)
        if self._color is None:
            self._deliver(frame)
            return
        self._awaiting = frame
        if not self._color.expects(stamp_ns(msg.header), self._patient):
            self._go_on()
        elif not self._patient:
            self._start_deadline()

    def _on_color(self) -> None:
        """Go on with a frame that has waited for the colour that came."""
        assert self._color is not None
        if self._awaiting is None:
            return
        if not self._color.expects(stamp_ns(self._awaiting.depth.header), self._patient):
            self._go_on()

    def _go_on(self) -> None:
        """Deliver the frame that waits for colour, whether that has come or not."""
        frame, self._awaiting = self._awaiting, None
        if self._deadline is not None:
            self._deadline.cancel()
        if frame is not None and self._color is not None:
            self._deliver(frame._replace(find_color=self._color.finder(frame.depth.header)))

    def _start_deadline(self) -> None:
        if self._deadline is None:
            period_s = max(self._parameters.color_tolerance, _SHORTEST_S)
            steady = Clock(clock_type=ClockType.STEADY_TIME)
            self._deadline = self._node.create_timer(period_s, self._go_on, clock=steady)
        self._deadline.reset()

    def _drop_deadline(self) -> None:
        self._go_on()
        if self._deadline is not None:
            self._node.destroy_timer(self._deadline)
        self._deadline = None

    def _drop_color(self) -> None:
        self._awaiting = None
        self._drop_deadline()
        if self._color is not None:
            self._color.destroy()
        self._color = None

    def _lost(self) -> int:
        counts = self._pairer.counts
        return counts.unmatched[DEPTH] + counts.replaced[DEPTH] + counts.outdated[DEPTH]

    def _check_order(self, msg: Any) -> None:
        stamp = stamp_ns(msg.header)
        if self._last_stamp is not None and stamp < self._last_stamp:
            self._window.count('stamps ran back')
            self._log.warn(
                f'{self.topic}: the stamps ran back by {(self._last_stamp - stamp) / 1e9:.3f} s; '
                'a bag that starts again does that, or a clock that was set. Pairing starts '
                'anew; with a bag, play it with --clock and set use_sim_time',
            )
        self._last_stamp = stamp

    def _explain_missing_info(self, msg: Any) -> str:
        topic = self._info.topic
        alone = 'The image is published without camera_info'
        if not self._info.publishers:
            return (
                f'nobody publishes {topic}, the camera_info of {self.topic}: remap '
                f"depth/camera_info to your driver's topic. {alone}"
            )
        if self._last_info is None:
            return (
                f'{topic} is published but nothing has arrived from it '
                f'({self._info.describe()}). {alone}'
            )
        apart = abs(stamp_ns(self._last_info.header) - stamp_ns(msg.header)) / 1e9
        return (
            f'{self.topic}: no camera_info of the same stamp on {topic}; the last one is '
            f'{apart:.6f} s apart and pairing_tolerance is '
            f'{self._parameters.pairing_tolerance:g} s. Let the driver stamp both alike, or raise '
            f'pairing_tolerance. {alone}'
        )

    def _explain_silence(self) -> str:
        size = None
        if self._last_info is not None and self._parameters.input_transport == 'raw':
            size = 2 * self._last_info.width * self._last_info.height
        return explain_silence(
            self._node,
            self._depth,
            _IMAGE,
            self.silent_for_s(),
            size=size,
            candidates=self.candidates(),
            remedy=', or set input_transport to raw or compressedDepth',
        )

    def candidates(self) -> str:
        """Return, as the end of a sentence, which other depth images are on the network."""
        return depth_candidates(self._node, self.topic)
