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
"""Whether colour lies on depth, looked at now and then beside the frames."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.misregistration import LIMIT_PX, Misregistration, MisregistrationMeter
from cdst_ros.depth.registration import RegistrationError, require_own_camera
from cdst_ros.nodes.color import ColorImage
from cdst_ros.nodes.worker import Worker

#: From one look at a frame to the next [s].
PERIOD_S = 1.0
#: Frames that are looked at before anything is said, and again before it is said anew.
_FRAMES = 6
#: After so many frames that say nothing they are forgotten.
_MOST = 30
#: Colour is looked at with so many pixels for one of depth at most, each way: four times as many
#: cost three times as much, and tell whole pixels of the output no better.
_FINENESS = 2
#: That intervals are drawn from: these have to tell half a pixel from two.
_REPLICATES = 40
#: How far the check gives way to the frames (Linux).
_NICE = 10


class _Look(NamedTuple):
    """A frame to look at."""

    color: ColorImage
    depth: F32
    camera: CameraModel
    scale: int


class RegistrationCheck:
    """
    Measures the misregistration of colour, a frame a second, on a thread of its own.

    Colour is refused from the moment it is known to lie more than 2 px of the output beside depth
    until it is known not to. Where the scene has too few edges to tell, what was known last holds;
    at first that is nothing, and colour is used.

    :param failed: told of a look that came to nothing for a reason nobody foresaw
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self._due = 0.0
        self._lock = threading.Lock()
        self._found: Misregistration | None = None
        self._refusal = ''
        self._key: Any = None
        self._meter: MisregistrationMeter | None = None
        self._seen = 0
        self._worker = Worker('registration', self._look, failed, nice=_NICE)

    @property
    def found(self) -> Misregistration | None:
        """What was measured last and is to be believed; None before that."""
        with self._lock:
            return self._found

    @property
    def refusal(self) -> str:
        """Why colour is refused; empty where it is not."""
        with self._lock:
            return self._refusal

    def offer(self, color: ColorImage, depth: F32, camera: CameraModel, scale: int) -> None:
        """
        Take a frame to look at, if it is time to; returns at once.

        :param depth: (H, W) [m], as measured; not to be changed afterwards
        :param scale: pixels of the output for one of depth
        """
        now = time.monotonic()
        if now >= self._due:
            self._due = now + PERIOD_S
            self._worker.submit(_Look(color, depth, camera, scale))

    def stop(self) -> None:
        """End the thread."""
        self._worker.stop()

    def _look(self, look: _Look) -> None:
        color = look.color
        key = color.camera, look.camera, color.to_color.tobytes(), look.scale
        if key != self._key:
            self._key, self._meter = key, None
            self._tell(None, '')
        if self._meter is None:
            factor = min(look.scale, _FINENESS)
            self._meter, self._seen = MisregistrationMeter(factor, factor / look.scale), 0
        try:
            require_own_camera('colour', color.pixels.shape, color.camera)
            self._meter.add(color.pixels, color.camera, look.depth, look.camera, color.to_color)
        except RegistrationError:
            return  # who is to use this colour says so
        self._seen += 1
        if self._seen % _FRAMES == 0:
            self._judge(self._meter.measured(_REPLICATES), color.topic)

    def _judge(self, found: Misregistration, topic: str) -> None:
        if not found.known:
            if self._seen >= _MOST:
                self._meter = None
            return
        self._meter = None
        self._tell(found, _explain(found, topic) if found.size > LIMIT_PX else '')

    def _tell(self, found: Misregistration | None, refusal: str) -> None:
        with self._lock:
            self._found, self._refusal = found, refusal


def _explain(found: Misregistration, topic: str) -> str:
    return (
        f'{topic} lies {found.size:.1f} px of the output beside depth ({found.right:+.1f} px to '
        f'the right, {found.down:+.1f} px down, measured at {found.edges} edge pixels), and '
        f'{LIMIT_PX:g} px are the most that it may: look at the extrinsics (/tf_static), the '
        'intrinsics and the stamps of both cameras'
    )
