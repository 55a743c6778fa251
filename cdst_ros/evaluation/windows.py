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
"""Where in a depth image its edges are best seen."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, AnyArray, Bool

#: A further window is worth showing if it has this share of the first one's worth.
_WORTH_SHARE = 0.25


class Window(NamedTuple):
    """A part of the input, in its pixels, so that input and outputs can be cut alike."""

    left: int
    top: int
    width: int
    height: int

    def slices(self, factor: int = 1) -> tuple[slice, slice]:
        """Return rows and columns of it in an image ``factor`` times as large as the input."""
        return (
            slice(factor * self.top, factor * (self.top + self.height)),
            slice(factor * self.left, factor * (self.left + self.width)),
        )

    def cut(self, image: AnyArray, factor: int = 1) -> AnyArray:
        """Return that part of an image ``factor`` times as large as the input."""
        return image[self.slices(factor)]


def depth_edges(depth: F32) -> Bool:
    """Return the known pixels (H, W) with depths in their 3x3 window that lie 10 % apart."""
    known = np.isfinite(depth)
    square = np.ones((3, 3), np.uint8)
    nearest = cv2.erode(np.where(known, depth, np.inf).astype(np.float32), square)
    farthest = cv2.dilate(np.where(known, depth, 0).astype(np.float32), square)
    return np.asarray(known & (farthest - nearest > 0.1 * farthest))


def edge_worth(depth: F32, height: int, width: int) -> F32:
    """
    Return how well windows of a size show edges, by their upper left corners.

    That is well where most edges lie around the middle, and little is unknown.

    :param depth: (H, W) [m], NaN = unknown
    :param height: of the windows [px], at most H
    :param width: of the windows [px], at most W
    :return: (H - height + 1, W - width + 1), or one less where a size is even
    """
    rows, columns = depth.shape
    edges = depth_edges(depth).astype(np.float32)
    known = np.isfinite(depth).astype(np.float32)
    around_middle = cv2.GaussianBlur(edges, (0, 0), sigmaX=width / 5, sigmaY=height / 5)
    worth = around_middle * cv2.blur(known, (width, height)) ** 2
    inside = worth[height // 2 : rows - height // 2, width // 2 : columns - width // 2]
    return np.asarray(inside, np.float32)


def edge_windows(reference: F32, scale: int, count: int, share: float) -> list[Window]:
    """
    Return the windows that show edges of the reference best, the best first, and apart.

    They are chosen by the reference alone, whatever the methods made of it.

    :param reference: (sH, sW) [m], NaN = unknown
    :param scale: of the reference to the input
    :param count: at most so many
    :param share: of the image that a window shows, each way
    """
    rows, columns = reference.shape
    height = max(1, round(share * rows / scale))
    width = max(1, round(share * columns / scale))
    worth = edge_worth(reference, scale * height, scale * width)
    found: list[Window] = []
    best = float(worth.max(initial=0.0))
    while len(found) < count and worth.max(initial=0.0) > _WORTH_SHARE * best:
        top, left = np.unravel_index(int(np.argmax(worth)), worth.shape)
        found.append(
            Window(
                min(int(left) // scale, columns // scale - width),
                min(int(top) // scale, rows // scale - height),
                width,
                height,
            )
        )
        # Beside the edge that is shown already there is mostly more of it.
        high, wide = 2 * scale * height, 2 * scale * width
        worth[max(0, top - high) : top + high, max(0, left - wide) : left + wide] = 0
    return found
