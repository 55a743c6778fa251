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
"""Holds each output against its reference, on a thread, so that listening never waits for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from sensor_msgs.msg import Image

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.encodings import MILLIMETRES, DepthDecodeError, decode
from cdst_ros.depth.messages import stamp_ns
from cdst_ros.evaluation.live import LiveRun, Sample
from cdst_ros.nodes.error_topics import ErrorTopics
from cdst_ros.nodes.throttle import ThrottledLog

#: Sets of messages that may wait; a source that waits for us never has more than one.
_WAITING = 8


class Matched(NamedTuple):
    """
    Messages that belong together.

    :param low: the input
    :param high: the output
    :param truth: the reference
    :param sigma: expected error of the output, where it is listened to
    :param camera: of the reference, where it has come
    """

    low: Image
    high: Image
    truth: Image
    sigma: Image | None = None
    camera: CameraModel | None = None


class Comparison:
    """
    Decodes, counts, publishes error images and keeps samples, a set after the other.

    A set that comes while too many wait is not scored, and counted as such: a live source must
    not be slowed down.

    :param noted: where samples and running figures go
    :param running: whether to keep running figures
    :param depth_scale: metres a unit of a 16-bit input
    :param done: told the header of each output that has been dealt with, on the thread
    """

    def __init__(
        self,
        noted: LiveRun,
        errors: ErrorTopics,
        log: ThrottledLog,
        *,
        running: bool = True,
        depth_scale: float = MILLIMETRES,
        done: Callable[[Any], None] = lambda header: None,
    ) -> None:
        self._noted = noted
        self._errors = errors
        self._log = log
        self._running = running
        self._depth_scale = depth_scale
        self._done = done
        self._compared: set[int] = set()
        self._queue: queue.Queue[Matched | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, name='comparison', daemon=True)
        self._thread.start()

    def submit(self, matched: Matched) -> None:
        """Hand in a set; returns at once."""
        try:
            self._queue.put_nowait(matched)
        except queue.Full:
            self._noted.unscored += 1

    def finish(self) -> None:
        """Deal with what waits, and end the thread."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (matched := self._queue.get()) is not None:
            try:
                self._compare_once(matched)
            except (DepthDecodeError, OSError) as error:
                self._log.warn(f'cannot score a frame: {error}')
            self._done(matched.high.header)

    def _compare_once(self, matched: Matched) -> None:
        """Compare a set, unless it is one of before: a player sends again what seems lost."""
        stamp = stamp_ns(matched.high.header)
        if stamp not in self._compared:
            self._compare(matched)
            self._compared.add(stamp)

    def _compare(self, matched: Matched) -> None:
        keep = self._noted.samples.wants_next()
        if not (keep or self._running or self._errors.wanted()):
            return
        high, truth = decode(matched.high), decode(matched.truth)
        if high.shape != truth.shape:
            sizes = [f'{depth.shape[1]}x{depth.shape[0]}' for depth in (high, truth)]
            self._log.warn(
                f'cannot score: the output is {sizes[0]}, the reference {sizes[1]}; they have to '
                "be of one size: give the camera the scale of the model, or the model's output "
                'another reference (reference_topic)',
            )
            return
        self._errors.publish(high, truth, matched.high.header)
        if self._running:
            self._noted.running.add(high, truth)
        if keep:
            sigma = None if matched.sigma is None else decode(matched.sigma)
            low = decode(matched.low, self._depth_scale)
            stamp = stamp_ns(matched.high.header)
            self._noted.samples.keep(Sample(low, high, truth, sigma, stamp, matched.camera))
