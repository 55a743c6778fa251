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
"""
Gates: each looks at one quality of a frame, and says what is wrong with it, or nothing.

What blurs or darkens colour, or empties depth, would teach a network the fault.
"""

from __future__ import annotations

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8, AnyArray
from cdst_ros.depth.validity import valid_mask
from cdst_ros.recordings.collecting.rejection import Reason, Rejection

#: Blur is judged on images no wider than this, so that it does not depend on the resolution [px].
BLUR_WIDTH = 640
#: Width of the mean that an image is blurred with once more [px] (Crete et al., section 2).
_MEAN = 9


def stale(age_s: float, most_s: float) -> Rejection | None:
    """
    Refuse a frame whose stamp is not of this moment.

    :param age_s: the node's clock less the stamp [s]; negative: it comes from the future
    :param most_s: greatest age, either way; 0 for any
    """
    if not most_s or abs(age_s) <= most_s:
        return None
    side = 'before' if age_s > 0 else 'after'
    return Rejection(
        Reason.STALE,
        f'the stamps lie {abs(age_s):.3f} s {side} the clock of this machine, and max_age is '
        f'{most_s:g} s: set the clock of the camera or of this machine (chrony, ptp); with a bag, '
        'play it with --clock and set use_sim_time; or set max_age to 0',
    )


def few_valid(depth: F32, least: float, min_depth: float, max_depth: float) -> Rejection | None:
    """
    Refuse depth (H, W) [m], NaN = unknown, of which a smaller share than ``least`` is known.

    :param min_depth: nearer counts as unknown [m]; farther than ``max_depth`` likewise
    """
    known = np.count_nonzero(valid_mask(depth, min_depth, max_depth)) / depth.size
    if known >= least:
        return None
    return Rejection(
        Reason.FEW_VALID,
        f'{known:.1%} of the depth pixels are known, and min_valid is {least:g}: is the lens '
        'covered, or the scene out of range, too dark or too shiny?',
    )


def dark(grey: U8, least: float) -> Rejection | None:
    """Refuse an image (H, W) whose mean is below ``least``, 0 to 255."""
    mean = float(cv2.mean(grey)[0])
    if mean >= least:
        return None
    return Rejection(
        Reason.DARK,
        f'the mean brightness of colour is {mean:.1f} of 255, and min_brightness is {least:g}: '
        'switch on the light, uncover the lens, or let the camera expose for longer',
    )


def blurred(grey: U8, most: float) -> Rejection | None:
    """Refuse an image (H, W) whose ``blur`` is above ``most``."""
    measured = blur(grey)
    if measured <= most:
        return None
    return Rejection(
        Reason.BLURRED,
        f'the blur of colour is {measured:.2f} of 1, and max_blur is {most:g}: move more slowly, '
        'give more light, or clean or focus the lens',
    )


def blur(grey: U8) -> float:
    """
    Return the blur of an image (H, W): 0 sharp, 1 without any detail; the worse of both ways.

    What another blur takes from the differences of neighbours is much of a sharp image and little
    of a blurred one (Crete, Dolmiere, Ladret and Nicolas, "The blur effect: perception and
    estimation with a new no-reference perceptual blur metric", SPIE 6492, 2007), however much
    texture there is; an image without any is not blurred.
    """
    if grey.shape[1] > BLUR_WIDTH:
        height = max(1, round(grey.shape[0] * BLUR_WIDTH / grey.shape[1]))
        grey = np.asarray(cv2.resize(grey, (BLUR_WIDTH, height), interpolation=cv2.INTER_AREA))
    return max(_blur_along(grey), _blur_along(np.ascontiguousarray(grey.T)))


def _blur_along(grey: U8) -> float:
    """Return the blur along rows."""
    if grey.shape[1] < 2:
        return 0.0
    sharp = _differences(grey)
    total = float(cv2.sumElems(sharp)[0])
    if not total:
        return 0.0
    lost = cv2.subtract(sharp, _differences(np.asarray(cv2.blur(grey, (_MEAN, 1)))))
    return 1 - float(cv2.sumElems(lost)[0]) / total


def _differences(grey: U8) -> AnyArray:
    return np.asarray(cv2.absdiff(grey[:, 1:], grey[:, :-1]))
