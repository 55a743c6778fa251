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
"""Depth from two points of view: its steps, and what only one of them sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdst_ros.depth.arrays import F32, Bool


@dataclass(frozen=True)
class Triangulation:
    """
    A stereo camera, or a projector and a camera.

    :param baseline: from the eye that delivers depth to the other one, positive to the right [m]
    :param focal: of the images that are matched [px], whatever size is delivered
    :param subpixel: disparities are whole multiples of one part in so many of a pixel
    :param window: edge of the matching window [LR px]; 1 fattens nothing
    :param ragged: share of half a window by which the fattening varies along a contour
    :param shadow: whether pixels that the other eye does not see are lost
    """

    baseline: float
    focal: float
    subpixel: int
    window: float = 1.0
    ragged: float = 0.5
    shadow: bool = True

    def __post_init__(self) -> None:
        good = self.baseline != 0 and self.focal > 0 and self.subpixel > 0 and self.window >= 1
        if not (good and 0 <= self.ragged <= 1):
            raise ValueError(
                'triangulation needs a baseline other than 0, a positive focal length, at least '
                f'1 step a pixel, a window of 1 or more and ragged from 0 to 1, got {self}'
            )

    @property
    def disparity(self) -> float:
        """Steps of disparity at a depth of 1 m, whole or not."""
        return abs(self.baseline) * self.focal * self.subpixel


def quantise_disparity(depth: F32, disparity: float) -> F32:
    """
    Return depth rounded to whole steps of disparity; what is less than half a step is unknown.

    ``z = f B / d``, with d in whole parts of a pixel, so steps grow with the square of depth
    (Khoshelham and Elberink, Sensors 2012, 12, 1437, eq. 4 and figure 10). The 50 frames of a
    Kinect v1 in 7-Scenes' redkitchen have just the steps of 580 px * 75 mm * 8 a pixel: 4, 13 and
    28.5 mm at 1.15, 2.15 and 3.15 m.

    :param depth: [m], NaN = unknown, (h, w)
    :param disparity: steps of disparity at a depth of 1 m
    """
    step = np.rint(np.float32(disparity) / depth)
    with np.errstate(divide='ignore'):
        out = np.float32(disparity) / step
    whole = np.where(np.isfinite(out), out, np.float32(np.nan))
    return np.asarray(whole, dtype=np.float32)


def shadow(depth: F32, shift: float) -> Bool:
    """
    Return the pixels that the other eye does not see, since something nearer hides them, (h, w).

    They lie on the left of near things when that eye is on the right: of holes beside a near edge
    in the redkitchen frames of a Kinect v1, four in five are on the left. What the other eye sees
    outside this image hides nothing: the band at the image's border that stereo cameras lose as
    well is left out, since a crop has no such border.

    :param depth: [m], NaN = unknown and hides nothing
    :param shift: focal length times baseline, of the image given [px m]; its sign is the side
    """
    if shift < 0:
        return np.asarray(shadow(depth[:, ::-1], -shift)[:, ::-1])
    height, width = depth.shape
    inverse = np.nan_to_num(1 / depth).astype(np.float64)
    reach = int(np.ceil(shift * inverse.max(initial=0))) + 1
    # where each pixel appears to the other eye, one column more to the left a pixel of disparity
    there = np.arange(width) - shift * inverse + reach
    nearest = np.zeros((height, width + reach + 1))
    rows = np.broadcast_to(np.arange(height)[:, None], depth.shape)
    left = np.floor(there).astype(np.int64)
    for column in (left, left + 1):
        np.maximum.at(nearest, (rows, column), inverse)
    in_front = nearest[rows, np.rint(there).astype(np.int64)] - inverse
    # steps of less than a pixel of disparity hide less than a pixel
    return np.asarray((in_front * shift > 1) & np.isfinite(depth))
