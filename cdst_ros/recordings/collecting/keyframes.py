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
"""Key frames: those that show something else than the last one kept."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.recordings.collecting.rejection import Reason, Rejection

#: Cells across an image; noise averages out in them.
_CELLS = 40
#: A cell has changed when its mean depth differs by this share, ...
_DEPTH_CHANGE = 0.04
#: ... when this share of its pixels has become known or unknown, ...
_KNOWN_CHANGE = 0.5
#: ... or when its brightness differs by so many of 255.
_GREY_CHANGE = 10.0


class Look(NamedTuple):
    """
    What a frame looks like from afar.

    :param depth: mean of the known pixels of each cell [m], NaN without any, (h, w)
    :param known: share of them, 0 to 1, (h, w)
    :param grey: brightness of each cell, 0 to 255, (h, w); None without colour
    """

    depth: F32
    known: F32
    grey: F32 | None


def look_at(depth: F32, grey: U8 | None) -> Look:
    """
    Return what a frame looks like.

    :param depth: (H, W) [m], NaN = unknown
    :param grey: brightness, of any size
    """
    height, width = depth.shape
    size = (min(_CELLS, width), max(1, min(height, round(_CELLS * height / width))))
    finite = np.isfinite(depth)
    known = _means(finite.astype(np.float32), size)
    total = _means(np.where(finite, depth, np.float32(0)), size)
    with np.errstate(invalid='ignore', divide='ignore'):
        mean = total / known
    return Look(mean, known, None if grey is None else _means(grey.astype(np.float32), size))


def change(before: Look, now: Look) -> float:
    """
    Return the share of cells, 0 to 1, that changed: in depth, what is known of it, or brightness.

    A change of the whole image's brightness is the camera's exposure, and counts for nothing.
    """
    if before.depth.shape != now.depth.shape or (before.grey is None) != (now.grey is None):
        return 1.0
    with np.errstate(invalid='ignore'):
        changed = np.abs(now.depth - before.depth) > _DEPTH_CHANGE * before.depth
    changed |= np.abs(now.known - before.known) > _KNOWN_CHANGE
    if before.grey is not None and now.grey is not None:
        difference = now.grey - before.grey
        changed |= np.abs(difference - np.median(difference)) > _GREY_CHANGE
    return float(np.mean(changed))


class KeyFrames:
    """Remembers the last frame that was kept, and refuses those that look like it."""

    def __init__(self) -> None:
        self._last: Look | None = None

    def unmoved(self, look: Look, least: float) -> Rejection | None:
        """
        Refuse what looks like the last frame kept.

        :param least: share of cells that have to differ, 0 to 1
        """
        if self._last is None:
            return None
        share = change(self._last, look)
        if share >= least:
            return None
        return Rejection(
            Reason.UNMOVED,
            f'{share:.1%} of the view has changed since the last frame kept, and min_change is '
            f'{least:g}: move the camera, or look at something else',
        )

    def keep(self, look: Look) -> None:
        """Take note of a frame that was kept."""
        self._last = look


def _means(image: F32, size: tuple[int, int]) -> F32:
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)
