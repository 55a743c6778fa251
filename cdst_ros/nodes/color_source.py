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
"""Colour of the depth images: its topics, the image of each, and where its camera is."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CameraInfo, Image

from cdst_ros.depth.messages import stamp_ns
from cdst_ros.depth.pairing import RESET_AFTER_NS, StampPairer
from cdst_ros.nodes.fixed_frames import FixedFrames
from cdst_ros.nodes.frame import Color, NoColor
from cdst_ros.nodes.mailbox import Mailbox
from cdst_ros.nodes.parameters import Parameters
from cdst_ros.nodes.silence import explain_silence
from cdst_ros.nodes.subscription import AdaptiveSubscription

IMAGE_TOPIC, INFO_TOPIC = 'rgb/image_raw', 'rgb/camera_info'
COLOR_TOPICS = (IMAGE_TOPIC, INFO_TOPIC)

#: Images are kept for the depth that may still come so much later [ns]: stereo takes its time.
_KEPT_NS = 500_000_000
#: But no more than so many bytes of them, and so many images in any case.
_KEPT_BYTES, _FEWEST = 192 * 2**20, 4
#: A stream that has been still for so many periods, or so long [s], is not waited for.
_STILL_PERIODS, _STILL_S = 3.0, 0.2
#: Images may come so many stamps before their camera_info, or after it.
_CAPACITY = 5


class _Shot(NamedTuple):
    """A colour image with its camera_info."""

    stamp: int
    image: Any
    info: Any


class ColorSource:
    """
    Subscribes to colour and its camera_info, and finds the image of a depth image.

    All methods run on the executor's thread, but what ``finder`` returns and what explains run on
    any.

    :param frames: that tell where the colour camera is
    :param arrived: called when there is another image
    """

    def __init__(
        self,
        node: LifecycleNode,
        mailbox: Mailbox,
        *,
        parameters: Parameters,
        frames: FixedFrames,
        arrived: Callable[[], None],
    ) -> None:
        self._node = node
        self._frames = frames
        self._arrived = arrived
        self._parameters = parameters
        self._pairer = self._new_pairer()
        self._lock = threading.Lock()
        self._shots: deque[_Shot] = deque()
        self._period: int | None = None
        self._last_arrival = time.monotonic()
        self._last_image: int | None = None

        # The executor goes by age: taken first, the camera_info is there for the first image.
        self._info = AdaptiveSubscription(node, mailbox, CameraInfo, INFO_TOPIC, self._on_info)
        self._image = AdaptiveSubscription(node, mailbox, Image, IMAGE_TOPIC, self._on_image)

    @property
    def topic(self) -> str:
        """The full name of the colour topic."""
        return self._image.topic

    def tick(self) -> None:
        """Look after the topics; to be called about once a second."""
        self._image.update()
        self._info.update()

    def change(self, parameters: Parameters) -> None:
        """Take over parameters."""
        paired = parameters.pairing_tolerance != self._parameters.pairing_tolerance
        self._parameters = parameters
        if paired:
            self._pairer = self._new_pairer()

    def destroy(self) -> None:
        """Unsubscribe."""
        self._image.destroy()
        self._info.destroy()

    def expects(self, stamp: int, patient: bool = False) -> bool:
        """
        Tell whether colour that is nearer to ``stamp`` than what is there may still come.

        :param patient: even from a topic that has been still
        """
        newest = self._shots[-1].stamp if self._shots else None
        if newest is not None and newest >= stamp:
            return False
        if patient or newest is None or self._is_still():
            return patient
        due = stamp if self._period is None else newest + self._period
        return abs(due - stamp) < min(stamp - newest, self._tolerance + 1)

    def finder(self, header: Any) -> Callable[[], Color | NoColor]:
        """
        Return what finds colour for the depth image of this header, or why there is none.

        The nearest image that is here now is kept for it, however late it is asked for; one that
        comes until then may be nearer.
        """
        return partial(self._color_of, header, self._nearest(stamp_ns(header), None))

    def _nearest(self, stamp: int, kept: _Shot | None) -> _Shot | None:
        with self._lock:
            shots = [*self._shots] if kept is None else [kept, *self._shots]
        return min(shots, key=lambda one: abs(one.stamp - stamp), default=None)

    def _color_of(self, header: Any, kept: _Shot | None) -> Color | NoColor:
        stamp = stamp_ns(header)
        shot = self._nearest(stamp, kept)
        if shot is None:
            return NoColor('missing', self._explain_missing)
        apart = abs(shot.stamp - stamp)
        if apart > self._tolerance:
            return NoColor('not fresh', partial(self._explain_stale, apart))
        ours, theirs = header.frame_id, shot.image.header.frame_id
        to_color = self._frames.between(ours, theirs)
        if to_color is None:
            return NoColor('frame unknown', partial(self._frames.explain, ours, theirs))
        return Color(shot.image, shot.info, to_color, self.topic)

    @property
    def _tolerance(self) -> int:
        return round(self._parameters.color_tolerance * 1e9)

    def _new_pairer(self) -> StampPairer[Any]:
        tolerance = round(self._parameters.pairing_tolerance * 1e9)
        return StampPairer((IMAGE_TOPIC, INFO_TOPIC), tolerance, _CAPACITY)

    def _on_image(self, msg: Any) -> None:
        self._last_image = stamp_ns(msg.header)
        self._push(IMAGE_TOPIC, msg)

    def _on_info(self, msg: Any) -> None:
        self._push(INFO_TOPIC, msg)

    def _push(self, name: str, msg: Any) -> None:
        found = self._pairer.push(name, stamp_ns(msg.header), msg)
        while found is not None:
            self._keep(found[IMAGE_TOPIC], found[INFO_TOPIC])
            found = self._pairer.pop()

    def _keep(self, image: Any, info: Any) -> None:
        stamp = stamp_ns(image.header)
        with self._lock:
            if self._shots:
                step = stamp - self._shots[-1].stamp
                if step < -RESET_AFTER_NS:
                    self._shots.clear()
                self._period = step if step > 0 else None
            self._shots.append(_Shot(stamp, image, info))
            self._forget()
        self._last_arrival = time.monotonic()
        self._arrived()

    def _forget(self) -> None:
        """Drop the images that no depth is expected for any more."""
        held = sum(len(shot.image.data) for shot in self._shots)
        while len(self._shots) > _FEWEST and (
            self._shots[-1].stamp - self._shots[0].stamp > _KEPT_NS or held > _KEPT_BYTES
        ):
            held -= len(self._shots.popleft().image.data)

    def _is_still(self) -> bool:
        """Tell whether the stream has stopped, as far as one can see."""
        period = 0.0 if self._period is None else self._period / 1e9
        still_s = time.monotonic() - self._last_arrival
        return still_s > max(_STILL_PERIODS * period, _STILL_S)

    def _explain_missing(self) -> str:
        for subscription, name in ((self._image, IMAGE_TOPIC), (self._info, INFO_TOPIC)):
            if not subscription.publishers:
                return f'nobody publishes {subscription.topic}: remap {name}'
        if self._last_image is None:
            silent_s = time.monotonic() - self._last_arrival
            return explain_silence(self._node, self._image, IMAGE_TOPIC, silent_s)
        return (
            f'{self.topic}: no camera_info of the same stamp on {self._info.topic} '
            f'({self._info.describe()}): remap {INFO_TOPIC} to that of this very topic, or raise '
            f'pairing_tolerance ({self._parameters.pairing_tolerance:g} s)'
        )

    def _explain_stale(self, apart: int) -> str:
        if self._is_still():
            return (
                f'{self.topic}: no image with its camera_info for '
                f'{time.monotonic() - self._last_arrival:.1f} s'
            )
        return (
            f'{self.topic}: the nearest image that has come is {apart / 1e9:.3f} s apart from '
            f'depth, and color_tolerance is {self._parameters.color_tolerance:g} s: have both '
            'cameras triggered together and stamped by one clock, and colour no larger than '
            'needed, for no frame waits longer; or raise color_tolerance where nothing moves fast'
        )
