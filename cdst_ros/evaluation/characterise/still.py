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
"""Spans in which neither the camera nor the scene moves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.evaluation.characterise.motion import Stillness
from cdst_ros.evaluation.characterise.pinhole import Pinhole

#: Frames that tell a variance, and frames of a span that are kept: it is judged when it is full.
MIN_FRAMES, MAX_FRAMES = 8, 24
#: Motion may explain at most this share of the squared difference to a span's first frame. Half
#: of what is left of it over the span adds to the variance: at most 8 %, 4 % of sigma. As much
#: again is allowed where noise alone would explain it.
MOTION_SHARE = 0.15
#: A fast motion is more than six small numbers explain, and looks like noise. But no sensor's
#: frames differ by this share of depth, away from contours, and noise does not grow with time
#: (filtered over time, with a correlation of .8 from frame to frame, it grows fourfold).
_WILD, _GROWTH = 0.1, 4.0
#: Differences below this share of depth are rounding.
_NOTHING = 1e-5

#: Called with the frames of a span, (T, H, W) [m].
OnSpan = Callable[[F32], None]


class StillSpans:
    """
    Finds spans of still frames in a stream, and hands them over.

    No more than ``MAX_FRAMES`` images are held.
    """

    def __init__(self, on_span: OnSpan) -> None:
        self._on_span = on_span
        self._span: list[F32] = []
        self._stillness: Stillness | None = None
        self._first_noise = 0.0
        #: Frames looked at, and those of spans.
        self.frames = 0
        self.still = 0
        self.spans = 0

    def add(self, depth: F32, pinhole: Pinhole) -> None:
        """Look at the next frame (H, W) [m], NaN = unknown."""
        self.frames += 1
        if self._span and np.array_equal(depth, self._span[-1], equal_nan=True):
            return  # a frame delivered twice tells no noise
        if not self._continues(depth):
            self.finish()
        if not self._span:
            self._stillness = Stillness(depth, pinhole)
        self._span.append(depth)
        if len(self._span) == MAX_FRAMES:
            self.finish()

    def finish(self) -> None:
        """End the span, and hand it over if it is long enough."""
        if len(self._span) >= MIN_FRAMES:
            self.spans += 1
            self.still += len(self._span)
            self._on_span(np.stack(self._span))
        self._span = []
        self._stillness = None
        self._first_noise = 0.0

    def _continues(self, depth: F32) -> bool:
        if not self._span:
            return True
        assert self._stillness is not None
        if depth.shape != self._span[0].shape:
            return False
        change = self._stillness.change(depth)
        if change is None or change.noise > _WILD**2:
            return False
        self._first_noise = self._first_noise or change.noise
        if change.noise > _GROWTH * self._first_noise + _NOTHING**2:
            return False
        allowance = min(2 * change.chance, MOTION_SHARE * change.noise)
        return change.motion <= MOTION_SHARE * change.noise + allowance + _NOTHING**2
