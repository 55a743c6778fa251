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
"""Takes the frames of a source through exactly the code that the node runs, as fast as it goes."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.registration import RegistrationError, require_on_grid, straightened
from cdst_ros.depth.repetition import RepetitionDetector
from cdst_ros.evaluation.guide import Guide
from cdst_ros.evaluation.skipped import Skipped
from cdst_ros.evaluation.sources import Source, SourceFrame
from cdst_ros.superres.engine import EngineError
from cdst_ros.superres.frame import Result, SuperResolution

#: Frames that are looked at to see whether a driver has enlarged them already.
_LOOK_AT = 9


class Replayed(NamedTuple):
    """
    A frame and what was made of it; the result's buffers live until the next frame.

    :param camera: of the enlarged image, where the input's is known
    """

    frame: SourceFrame
    result: Result
    camera: CameraModel | None


@dataclass
class ReplayCounts:
    """
    What a replay did.

    :param frames: frames enlarged
    :param skipped: frames that the engine could not take
    :param seconds: by stage of ``SuperResolution``, summed over the frames
    :param clipped: share of the pixels that the bound changed, summed over the frames
    :param first_stamp_ns: of the first frame [ns]
    :param last_stamp_ns: of the last frame [ns]
    :param warnings: what is odd about the input
    :param blind: frames enlarged from depth alone by an engine that takes colour
    """

    frames: int = 0
    skipped: Skipped = field(default_factory=Skipped)
    blind: Skipped = field(default_factory=Skipped)
    seconds: dict[str, float] = field(default_factory=dict)
    clipped: float = 0.0
    first_stamp_ns: int | None = None
    last_stamp_ns: int = 0
    warnings: list[str] = field(default_factory=list)

    def add(self, frame: SourceFrame, result: Result) -> None:
        """Count a frame."""
        self.frames += 1
        self.clipped += result.clipped_fraction
        for stage, seconds in result.timings.items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
        if self.first_stamp_ns is None:
            self.first_stamp_ns = frame.stamp_ns
        self.last_stamp_ns = frame.stamp_ns

    @property
    def recorded_seconds(self) -> float:
        """How long recording the frames took, by their stamps [s]."""
        return (self.last_stamp_ns - (self.first_stamp_ns or 0)) / 1e9


class Replay:
    """The frames of a source, enlarged; iterate once."""

    def __init__(self, source: Source, superres: SuperResolution) -> None:
        self._source = source
        self._superres = superres
        self._info = superres.engine.info
        self._guide = Guide(self._info)
        self.counts = ReplayCounts()

    def __iter__(self) -> Iterator[Replayed]:
        expected = len(self._source) or _LOOK_AT
        repetition = RepetitionDetector(min(_LOOK_AT, expected))
        for frame in self._source:
            self._look_at(repetition, frame.depth)
            camera = self._enlarged_camera(frame)
            try:
                result = self._superres(frame.depth, self._color(frame, camera))
            except (EngineError, RegistrationError) as error:
                self.counts.skipped.add(str(error), frame.name)
                continue
            self.counts.add(frame, result)
            yield Replayed(frame, result, camera)

    def _enlarged_camera(self, frame: SourceFrame) -> CameraModel | None:
        if frame.camera is None:
            return None
        return frame.camera.scaled(self._info.scale, self._info.alignment)

    def _color(self, frame: SourceFrame, camera: CameraModel | None) -> U8 | None:
        if not self._info.guided:
            return None
        if not self._info.works_blind:
            return registered_color(frame, self._info.scale, camera)
        try:
            return self._guide(frame)
        except RegistrationError as error:
            self.counts.blind.add(str(error), frame.name)
            return None

    def _look_at(self, repetition: RepetitionDetector, depth: F32) -> None:
        if repetition.factor is not None:
            return
        factor = repetition.update(depth)
        if factor is not None and factor > 1:
            self.counts.warnings.append(
                f'the depth images are already enlarged {factor:.2g} times, by repeating values: '
                "nothing can be gained from them; take the camera's own depth topic (not the one "
                'aligned to colour)'
            )


def registered_color(frame: SourceFrame, scale: int, camera: CameraModel | None) -> U8:
    """
    Return colour (sH, sW, 3) that lies on the output grid.

    Size alone proves nothing: colour has to be of the depth image's frame and, where both cameras
    are known, of the output's intrinsics within 0.5 %. Distortion that depth does not have is
    taken out of it.

    :param camera: of the output
    :raises RegistrationError: when there is none, or it is not registered
    """
    height, width = (scale * side for side in frame.depth.shape)
    if frame.color is None:
        raise RegistrationError('no colour, which this engine needs: use one that needs none')
    if not frame.color_registered:
        raise RegistrationError(
            "colour is of another frame than depth: register one to the other in the camera's "
            'driver first'
        )
    require_on_grid(frame.color, frame.color_camera, (height, width), camera)
    if camera is None or frame.color_camera is None:
        return frame.color
    return straightened(frame.color, frame.color_camera, camera)


def realtime_factor(recorded_seconds: float, seconds: float) -> float:
    """Return how many times faster than recorded it went; NaN where stamps do not tell."""
    return recorded_seconds / seconds if recorded_seconds > 0 and seconds > 0 else math.nan


class Stopwatch:
    """Wall-clock time since it was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def seconds(self) -> float:
        """Return the time since then [s]."""
        return time.perf_counter() - self._start
