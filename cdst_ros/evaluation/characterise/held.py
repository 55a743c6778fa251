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
"""The noise of a sensor that somebody holds still for a moment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.characterise.noise import NoiseMeter
from cdst_ros.evaluation.characterise.noise_fit import MIN_BANDS, MIN_TILES
from cdst_ros.evaluation.characterise.pinhole import Pinhole
from cdst_ros.evaluation.characterise.planes import TILE
from cdst_ros.evaluation.characterise.steps import StepFinder
from cdst_ros.evaluation.characterise.still import MAX_FRAMES, MIN_FRAMES, StillSpans
from cdst_ros.recordings.sequences import MeasuredNoise

#: Share of the frames that have to be still.
_STILL = 0.8
#: Of so many frames, one tells the steps of the sensor.
_STEPS_EVERY = 8


class NotStillError(ValueError):
    """Frames that tell no noise over time; the message says why, and what to do."""


class HeldSensor:
    """
    Measures sigma(z) from the variance of each pixel over time.

    What is told at several places adds up, so a camera may be held still before a near wall, and
    then before a farther one.
    """

    def __init__(self) -> None:
        self._meter = NoiseMeter()
        self._steps = StepFinder()
        self._shape: tuple[int, ...] = ()
        self._frames = 0

    def add(
        self, frames: Sequence[F32], camera: CameraModel | None, encoding: str = '16UC1'
    ) -> None:
        """
        Take in what was seen while the camera was held still.

        Another size of image is another sensor, and begins anew.

        :param frames: (H, W) [m], NaN = unknown, in the order of their stamps
        :param camera: that took them, where known
        :param encoding: of the messages they came in
        :raises NotStillError: when the camera moved; nothing is taken in then
        """
        frames = _whole_spans(_distinct(frames))
        if len(frames) < MIN_FRAMES:
            raise NotStillError(
                f'{len(frames)} different depth images came, and {MIN_FRAMES} are needed to tell '
                'a variance: does the driver run at its rate?'
            )
        shape = frames[0].shape
        pinhole = Pinhole.of(camera, shape)
        spans: list[F32] = []
        finder = StillSpans(spans.append)
        for frame in frames:
            finder.add(frame, pinhole)
        finder.finish()
        if finder.still < _STILL * finder.frames:
            raise NotStillError(
                f'the camera moved, or most of what it sees did: {finder.still} of '
                f'{finder.frames} depth images were still. Put it down, or stop the robot, and '
                'call again'
            )
        if shape != self._shape:
            self._meter, self._steps, self._frames = NoiseMeter(), StepFinder(), 0
            self._shape = shape
        self._frames += finder.still
        for frame in frames[::_STEPS_EVERY]:
            self._steps.add(frame, encoding)
        for span in spans:
            self._meter.add_span(span, pinhole)

    def noise(self, stamp_ns: int = 0) -> MeasuredNoise:
        """
        Return sigma(z) over time, of all that was taken in.

        :param stamp_ns: of the last frame [ns]
        :raises NotStillError: when too few distances were seen
        """
        fit = self._meter.noise(self._steps.steps()).temporal
        if fit is None:
            raise NotStillError(self._explain_distances())
        return MeasuredNoise(
            fit.model,
            frames=self._frames,
            stamp_ns=stamp_ns,
            depths=tuple(float(z) for z in fit.depth),
            sigmas=tuple(float(sigma) for sigma in fit.sigma),
            pixels=tuple(int(tiles) * TILE**2 for tiles in fit.tiles),
        )

    def _explain_distances(self) -> str:
        told = [f'{z:.2f} m' for z in np.sort(self._meter.distances)]
        seen = f'at {", ".join(told)} only' if told else 'nowhere'
        return (
            f'the camera was still, but flat surfaces tell its noise {seen}: {MIN_BANDS} bands of '
            f'distance with {MIN_TILES} flat tiles each make sigma(z). What was measured is kept: '
            'hold it still again before walls, floors or boxes at other distances'
        )


def _distinct(frames: Sequence[F32]) -> list[F32]:
    """Return the frames without those that a driver delivered twice."""
    kept: list[F32] = []
    for frame in frames:
        if not kept or not np.array_equal(frame, kept[-1], equal_nan=True):
            kept.append(frame)
    return kept


def _whole_spans(frames: list[F32]) -> list[F32]:
    """Return the frames without the last few, where these are too few to be a span."""
    rest = len(frames) % MAX_FRAMES
    return frames[:-rest] if 0 < rest < MIN_FRAMES < len(frames) else frames
