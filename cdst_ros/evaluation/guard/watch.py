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
"""The whole guard: a new method against the one that runs, on what a robot has recorded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.guard.cross_scale import cross_scale
from cdst_ros.evaluation.guard.decision import Decision, decide
from cdst_ros.evaluation.guard.fused_frames import fused_frames, not_by_fusing, not_fused
from cdst_ros.evaluation.guard.fused_view import fused_views
from cdst_ros.evaluation.guard.held_frame import Enlarge, HeldFrame
from cdst_ros.evaluation.guard.matched import matched
from cdst_ros.evaluation.guard.volume import UnfusableError
from cdst_ros.evaluation.lowering import Lowering
from cdst_ros.evaluation.procedural import views_of
from cdst_ros.evaluation.spread import spread
from cdst_ros.synthetic import SensorProfile

#: Matched synthetic frames, two of each room, and frames that are fused at most.
SYNTHETIC, FUSED = 24, 24


def guard(
    frames: Sequence[HeldFrame],
    scale: int,
    new: Enlarge,
    old: Enlarge,
    sensor: SensorProfile,
    *,
    most: int = 60,
    alignment: GridAlignment = GridAlignment.HALF_PIXEL,
) -> Decision:
    """
    Return whether a method may be offered, and why.

    :param frames: held back from training, in their order
    :param scale: of both methods
    :param sensor: profile of the sensor, best as measured
    :param most: frames of each judgement; the synthetic ones are ``SYNTHETIC`` at most
    :param alignment: of the grid of the outputs
    :raises ValueError: when frames are too small to be made smaller once more
    """
    began_s = time.monotonic()
    chosen = (frames[place] for place in spread(len(frames), most))
    across = cross_scale(chosen, scale, new, old, made_smaller_by(sensor))
    fused = not_by_fusing(sensor)
    if fused is None:
        # Neighbours see the same: a stretch is taken, and not every so many.
        stretch = frames[-min(most, FUSED) :]
        try:
            views = fused_views(stretch, scale, noise=sensor.noise, alignment=alignment)
            fused = fused_frames(views, new, old)
        except UnfusableError as error:
            fused = not_fused(error)
    synthetic = matched(views_of(sensor, scale, min(most, SYNTHETIC)), new, old)
    seconds = time.monotonic() - began_s
    return replace(decide(across, fused, synthetic), seconds=seconds)


def made_smaller_by(sensor: SensorProfile) -> Lowering:
    """Return how a sensor makes frames smaller once more."""
    description = f'what the sensor profile {sensor.name} makes of the recorded image'
    return Lowering(sensor.name, description, sensor=sensor)
