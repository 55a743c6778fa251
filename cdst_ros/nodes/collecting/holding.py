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
"""Held still for a moment: gathers depth images, and measures sigma(z) of them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CameraInfo, Image

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.encodings import decode
from cdst_ros.depth.messages import stamp_ns
from cdst_ros.nodes.collecting.pairs import DEPTH, DEPTH_INFO, TOPICS
from cdst_ros.nodes.collecting.parameters import CollectorParameters
from cdst_ros.nodes.mailbox import Mailbox
from cdst_ros.nodes.silence import depth_candidates, explain_silence
from cdst_ros.nodes.subscription import AdaptiveSubscription
from cdst_ros.recordings.sequences import MeasuredNoise

if TYPE_CHECKING:
    from cdst_ros.evaluation.characterise.held import HeldSensor

#: Images that are held at most; beyond that every second one goes.
_MOST = 128
#: How often to look whether the time is over [s].
_LOOK_S = 0.05


class Holding:
    """
    Listens to depth for some seconds, then measures on a thread of its own.

    All methods run on the executor's thread.

    :param held: gives what takes in what was seen; asked on the thread that measures
    :param measured: takes sigma(z), on the executor's thread
    :param failed: takes the reason otherwise, likewise
    """

    def __init__(
        self,
        node: LifecycleNode,
        mailbox: Mailbox,
        held: Callable[[], HeldSensor],
        parameters: CollectorParameters,
        *,
        measured: Callable[[MeasuredNoise], None],
        failed: Callable[[str], None],
    ) -> None:
        self._node = node
        self._mailbox = mailbox
        self._held = held
        self._parameters = parameters
        self._measured = measured
        self._failed = failed
        self._images: list[Any] = []
        self._stride = 1
        self._came = 0
        self._info: Any = None
        self._began = time.monotonic()
        self._first: float | None = None
        self._open = True

        def subscribe(name: str, callback: Callable[[Any], None]) -> AdaptiveSubscription:
            topic, kind = TOPICS[name]
            return AdaptiveSubscription(node, mailbox, kind, topic, callback)

        self._depth = subscribe(DEPTH, self._take)
        self._infos = subscribe(DEPTH_INFO, self._take_info)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(_LOOK_S, self._look, clock=steady)

    def cancel(self) -> None:
        """Stop; nobody is told of anything any more."""
        self._open = False
        self._stop_listening()

    def _take(self, image: Image) -> None:
        self._first = self._first or time.monotonic()
        self._came += 1
        if self._came % self._stride == 0:
            self._images.append(image)
        if len(self._images) == _MOST:
            del self._images[::2]
            self._stride *= 2

    def _take_info(self, info: CameraInfo) -> None:
        self._info = info

    def _look(self) -> None:
        """Tell whether the time is over, or nothing comes."""
        self._depth.update()
        self._infos.update()
        now = time.monotonic()
        if self._first is None:
            silent_s = now - self._began
            if silent_s > self._parameters.warn_after_s:
                self._fail(self._explain_silence(silent_s))
        elif now - self._first >= self._parameters.hold_still_s:
            self._mailbox.post(self._stop_listening)  # a timer does not end itself
            self._timer.cancel()
            threading.Thread(target=self._measure, name='hold still', daemon=True).start()

    def _fail(self, reason: str) -> None:
        self._timer.cancel()
        self._mailbox.post(self._stop_listening)
        self._mailbox.post(partial(self._deliver, self._failed, reason))

    def _explain_silence(self, silent_s: float) -> str:
        topic, _ = TOPICS[DEPTH]
        return explain_silence(
            self._node,
            self._depth,
            topic,
            silent_s,
            candidates=depth_candidates(self._node, self._depth.topic),
        )

    def _stop_listening(self) -> None:
        self._depth.destroy()
        self._infos.destroy()
        self._node.destroy_timer(self._timer)

    def _measure(self) -> None:
        """Measure, on a thread that gives way to others."""
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._parameters.nice)
        outcome: Callable[[], None]
        try:
            noise = self._noise()
            outcome = partial(self._deliver, self._measured, noise)
        except ValueError as error:
            outcome = partial(self._deliver, self._failed, str(error))
        except Exception as error:
            reason = f'{type(error).__name__}: {error}'
            outcome = partial(self._deliver, self._failed, reason)
        self._mailbox.post(outcome)

    def _noise(self) -> MeasuredNoise:
        images = self._images
        depths = [decode(image, self._parameters.depth_scale) for image in images]
        camera = None
        if self._info is not None:
            camera = CameraModel.from_message(self._info).reduced()
        held = self._held()
        held.add(depths, camera, images[0].encoding)
        return held.noise(stamp_ns(images[-1].header))

    def _deliver(self, outcome: Callable[[Any], None], value: Any) -> None:
        if self._open:
            self._open = False
            outcome(value)
