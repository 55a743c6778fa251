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
"""G1, the judgement across scales: can a method restore what the sensor did measure."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from cdst_ros.evaluation.guard.comparison import Comparison
from cdst_ros.evaluation.guard.finding import EDGES, Finding, Outcome, outcome_of
from cdst_ros.evaluation.guard.held_frame import Enlarge, HeldFrame
from cdst_ros.evaluation.lowering import DEFAULT, Lowering, Recorded, lowering
from cdst_ros.evaluation.verdict import FEWEST_FRAMES

NAME = 'cross_scale'
BLIND = (
    'Detail finer than a pixel of the sensor, what the sensor does wrong at both scales alike '
    '(bias, fattened edges, holes), and whether a gain one scale below carries over.'
)


def cross_scale(
    frames: Iterable[HeldFrame],
    scale: int,
    new: Enlarge,
    old: Enlarge,
    by: Lowering | None = None,
) -> Finding:
    """
    Judge two methods by measured frames that are made smaller by ``scale`` and restored.

    Errors are of measured pixels, those near a measured discontinuity decide; what was lost,
    invented or left flying counts against a method.

    :param by: how frames are made smaller: best what the sensor's own profile makes of them, for
        a method that undoes what a sensor does wrong looks bad on frames where nothing is wrong;
        None: the valid-median of blocks
    :raises ValueError: when a frame is smaller than ``scale``, or an output has the wrong size
    """
    comparison, by = Comparison(), by or lowering(DEFAULT)
    for number, frame in enumerate(frames):
        view = by.view(_recorded(frame), scale, frame.sequence, number)
        comparison.add(view, new(view.low, view.rgb), old(view.low, view.rgb))
    count = len(comparison)
    if count < FEWEST_FRAMES:
        sentence = (
            f'Across scales nothing can be told: {count} frames, {FEWEST_FRAMES} are needed.'
        )
        advice = f'Record more: {FEWEST_FRAMES} frames or more have to be held out.'
        return Finding(NAME, Outcome.NO_EVIDENCE, sentence, BLIND, count, advice=advice)
    stands = comparison.stands()
    outcome, why = outcome_of(stands)
    sentence = (
        f'On {count} measured frames, made {scale} times smaller by {by.name} and restored: {why}.'
    )
    advice = EDGES if outcome is Outcome.NO_EVIDENCE else ''
    details = {'made_smaller_by': by.name}
    return Finding(NAME, outcome, sentence, BLIND, count, stands, details, advice)


def _recorded(frame: HeldFrame) -> Recorded:
    """Return a frame as one to make smaller, its colour as large as its depth."""
    rgb = frame.rgb
    if rgb is not None:
        height, width = frame.depth.shape
        rgb = np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA))
    return Recorded(frame.depth, rgb, frame.camera)
