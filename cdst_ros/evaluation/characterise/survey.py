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
"""Goes through a recording once, and has everything measured on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.encodings import MILLIMETRES
from cdst_ros.depth.lens import bends_alike
from cdst_ros.depth.repetition import RepetitionDetector
from cdst_ros.evaluation.characterise.camera_info import camera_info
from cdst_ros.evaluation.characterise.characteristics import Characteristics, Example
from cdst_ros.evaluation.characterise.edges import EdgeMeter
from cdst_ros.evaluation.characterise.figure import Figure, untold
from cdst_ros.evaluation.characterise.holes import HoleMeter, luminance_of
from cdst_ros.evaluation.characterise.misregistration import (
    ColorPlace,
    camera_of,
    edges_over_color,
)
from cdst_ros.evaluation.characterise.noise import NoiseMeter
from cdst_ros.evaluation.characterise.noise_section import noise_section
from cdst_ros.evaluation.characterise.pinhole import Pinhole
from cdst_ros.evaluation.characterise.profile import Findings, profile_of, traits_of
from cdst_ros.evaluation.characterise.resolution import resolution
from cdst_ros.evaluation.characterise.stamps import (
    Stamps,
    stamps_of_bag,
    stamps_of_recording,
)
from cdst_ros.evaluation.characterise.steps import StepFinder
from cdst_ros.evaluation.characterise.still import MAX_FRAMES, StillSpans
from cdst_ros.evaluation.characterise.timing import timing
from cdst_ros.evaluation.report import EvaluationError, Progress
from cdst_ros.evaluation.sources import (
    BagSource,
    Kind,
    RecordingSource,
    Source,
    SourceFrame,
    kind_of,
    open_source,
)
from cdst_ros.evaluation.spread import spread
from cdst_ros.recordings.bag import BagReader
from cdst_ros.recordings.errors import BagError
from cdst_ros.recordings.sequences import MeasuredNoise
from cdst_ros.synthetic import GENERIC, SensorProfile

#: Frames that edges, holes and colour are looked at in.
CLOSELY = 40
#: Frames of which at least this many tell whether samples are repeated, and how many may not.
_VOTES, _VOTERS = 9, 30
#: A recording is parted into so many stretches; in each, so many still spans are enough.
_STRETCHES, _SPANS, _SHORTEST = 16, 2, 4 * MAX_FRAMES
#: Length of a stretch where a damaged bag hides how many frames there are.
_UNKNOWN_STRETCH = 300
#: Where a damaged bag hides how many frames there are, every so many is looked at closely.
_UNKNOWN_STEP = 10


@dataclass(frozen=True)
class Wanted:
    """
    What to read.

    :param path: a bag, a recording, a folder of images, or one image
    :param depth_topic: of a bag, where it has several
    :param info_topic: of a bag, where it is not beside the depth topic; empty for none
    :param color_topic: of a bag, where it has several
    :param depth_scale: metres a unit of 16-bit depth
    :param closely: frames that edges, holes and colour are looked at in
    :param base: profile whose values are the priors of what the recording does not tell
    """

    path: Path
    depth_topic: str | None = None
    info_topic: str | None = None
    color_topic: str | None = None
    depth_scale: float = MILLIMETRES
    closely: int = CLOSELY
    base: SensorProfile = GENERIC


def characterise(
    wanted: Wanted,
    progress: Progress = lambda done, total, what: None,
    *,
    command: str = '',
) -> Characteristics:
    """
    Return what a recording tells of its depth sensor.

    Bags are read twice, once for their stamps alone. No more than a few dozen images are held at a
    time, however long the recording is.

    :raises SourceError: when the path is nothing that frames can be read from
    :raises BagError: when it is a bag that cannot be read
    :raises RecordingError: when it is a recording that cannot be read
    :raises EvaluationError: when no frame of it can be read
    """
    with _opened(wanted) as source:
        times = _times(wanted, source, progress)
        factor = _repetition(source)
        survey = _Survey(source, wanted.closely, max(1, round(factor.value or 1.0)))
        survey.run(progress)
        return survey.result(wanted, times, factor, command)


@dataclass(frozen=True)
class _Times:
    """Stamps by topic; None where there are none."""

    depth: Stamps | None = None
    color: Stamps | None = None
    info: Stamps | None = None


@contextmanager
def _opened(wanted: Wanted) -> Iterator[Source]:
    """Open the source, with its colour if it has one that is clear."""
    if kind_of(wanted.path) is not Kind.BAG or not wanted.path.exists():
        with open_source(wanted.path, depth_scale=wanted.depth_scale, color=True) as source:
            yield source
        return
    color = wanted.color_topic or ''
    for topic in (color, None):
        try:
            reader = BagReader(
                wanted.path,
                depth_topic=wanted.depth_topic,
                info_topic=wanted.info_topic,
                color_topic=topic,
                depth_scale=wanted.depth_scale,
            )
        except BagError:
            if topic is None or wanted.color_topic:
                raise
            continue  # no colour, or several: depth is what is asked for
        with BagSource(reader) as source:
            yield source
        return


def _times(wanted: Wanted, source: Source, progress: Progress) -> _Times:
    if isinstance(source, RecordingSource):
        return _Times(stamps_of_recording(source.recording))
    if not isinstance(source, BagSource):
        return _Times()
    topics = source.reader.topics
    found = stamps_of_bag(wanted.path, topics.names, progress)
    return _Times(
        found.get(topics.depth),
        found.get(topics.color or ''),
        found.get(topics.depth_info or ''),
    )


def _repetition(source: Source) -> Figure:
    """Return by how much the driver has enlarged depth by repeating samples."""
    name, label = 'repetition', 'samples are repeated each way, times'
    votes: list[float] = []
    looked = 0
    for looked, frame in enumerate(source, 1):
        factor = RepetitionDetector(1).update(frame.depth)
        if factor is not None:
            votes.append(factor)
        if len(votes) == _VOTES or looked == _VOTERS:
            break
    if not looked:
        raise EvaluationError(_nothing(source))
    if not votes:
        why = f'{looked} frames are too plain to tell'
        return untold(name, label, why, '', looked, 'frames')
    return Figure(name, label, float(median(votes)), '', len(votes), 'frames')


def _nothing(source: Source) -> str:
    reasons = '; '.join(source.skipped.reasons) or 'it holds none'
    return f'no depth frame can be read: {reasons}'


class _Survey:
    """The instruments, and what they are given."""

    def __init__(self, source: Source, closely: int, thinning: int) -> None:
        self._source = source
        self._thinning = thinning
        self._closely = closely
        self._steps = StepFinder()
        self._noise = NoiseMeter()
        self._edges = EdgeMeter()
        self._holes = HoleMeter()
        self._colors = ColorPlace()
        self._pinhole = Pinhole(1, 1, 0, 0, known=False)
        self._spans = StillSpans(lambda span: self._noise.add_span(span, self._pinhole))
        self._size = (0, 0)
        self._other_sizes = 0
        self._frames = 0
        self._with_color = 0
        self._camera: CameraModel | None = None
        self._stamps = (0, 0)
        self._example: Example | None = None

    def run(self, progress: Progress) -> None:
        """Go through the frames."""
        total = len(self._source)
        stretch = max(-(-total // _STRETCHES), _SHORTEST) if total else _UNKNOWN_STRETCH
        closely = set(spread(total, self._closely)) if total else set()
        spans_before = 0
        for number, frame in enumerate(self._source):
            progress(number, total, 'frames')
            if not self._fits(frame):
                continue
            self._frames += 1
            first = self._stamps[0] or frame.stamp_ns
            self._stamps = (min(first, frame.stamp_ns), max(self._stamps[1], frame.stamp_ns))
            depth, pinhole = self._thinned(frame)
            if number % stretch == 0:
                spans_before = self._spans.spans
            if self._spans.spans - spans_before < _SPANS:
                self._pinhole = pinhole
                self._spans.add(depth, pinhole)
            if self._example is None or number == total // 2:
                self._example = _example(frame, depth, pinhole)
            if number in closely or (not total and number % _UNKNOWN_STEP == 0):
                self._look_closely(frame, depth, pinhole)
        self._spans.finish()
        if not self._frames:
            raise EvaluationError(_nothing(self._source))

    def result(
        self, wanted: Wanted, times: _Times, repetition: Figure, command: str
    ) -> Characteristics:
        """Return what was found."""
        created = datetime.now(timezone.utc).isoformat(timespec='seconds')
        steps, range_m = self._steps.steps(), self._steps.range_m()
        if range_m is not None:
            self._edges.leave_out_beyond(0.93 * range_m[1])
        noise = self._noise.noise(steps)
        made = times.depth is not None and times.depth.made
        camera_model = self._told_camera(times)
        camera = camera_info(camera_model, self._size, times.info, times.depth)
        edges, holes = self._edges.section(), self._holes.section()
        if not self._with_color:
            self._colors.refuse('no colour comes with the depth images')
        registration = self._colors.section()
        detail = resolution(self._size, repetition, edges['spread'])
        fits = camera_model is not None and camera_model.matches(*self._size)
        focal = camera['focal'].value if fits and _has(camera, 'focal') else None
        traits = traits_of(
            Findings(noise, steps, range_m, edges, holes, self._holes.grazing(), detail,
                     registration, camera, focal, self._size, _held(self._source)),
            wanted.base,
        )  # fmt: skip
        sections = (
            camera,
            timing(times.depth, times.color),
            detail,
            noise_section(noise, self._spans.still, self._spans.spans),
            edges,
            self._steps.section(),
            holes,
            registration,
        )
        damage = list(self._source.skipped.reasons)
        if self._other_sizes:
            width, height = self._size
            damage.append(f'{self._other_sizes} frames are not of {width}x{height} like the first')
        return Characteristics(
            source=str(wanted.path),
            topic=self._source.reader.topics.depth if isinstance(self._source, BagSource) else '',
            created=created,
            command=command,
            frames=self._frames,
            seconds=0.0 if made else (self._stamps[1] - self._stamps[0]) / 1e9,
            sections=sections,
            profile=profile_of(_name_of(wanted.path), traits),
            traits=traits,
            damage=tuple(damage),
            example=self._example,
        )

    def _fits(self, frame: SourceFrame) -> bool:
        height, width = frame.depth.shape
        if self._size == (0, 0):
            self._size = (width, height)
        if self._size == (width, height):
            return True
        self._other_sizes += 1
        return False

    def _thinned(self, frame: SourceFrame) -> tuple[F32, Pinhole]:
        """Return one sample for all that were repeated of it."""
        if self._camera is None:
            self._camera = frame.camera
        pinhole, k = Pinhole.of(frame.camera, frame.depth.shape), self._thinning
        if k == 1:
            return frame.depth, pinhole
        return np.ascontiguousarray(frame.depth[k // 2 :: k, k // 2 :: k]), pinhole.thinned(k)

    def _look_closely(self, frame: SourceFrame, depth: F32, pinhole: Pinhole) -> None:
        self._steps.add(depth, frame.encoding)
        self._noise.add_image(depth, pinhole)
        self._edges.add(depth)
        light = None
        if frame.color is not None:
            self._with_color += 1
            if frame.color_registered:
                light = luminance_of(frame.color, depth.shape)
            self._place_color(frame, depth, pinhole)
        self._holes.add(depth, pinhole, light)

    def _place_color(self, frame: SourceFrame, depth: F32, pinhole: Pinhole) -> None:
        """Look where the colour of a frame lies, as far as it is known where that was taken."""
        ours, theirs, color = frame.camera, frame.color_camera, frame.color
        assert color is not None
        alike = ours is None or theirs is None or bends_alike(ours, theirs)
        if frame.color_registered and alike:
            self._colors.add(depth, color, pinhole, _color_pinhole(frame, pinhole, depth.shape))
        elif ours is not None and theirs is not None and frame.to_color is not None:
            camera = ours if depth.shape == frame.depth.shape else camera_of(pinhole, depth)
            self._colors.add_beside(depth, color, camera, theirs, frame.to_color)
        else:
            self._colors.refuse(
                'colour is of another camera than depth, and nobody knows where that is: record '
                '/tf_static, and the camera_info of both'
            )

    def _told_camera(self, times: _Times) -> CameraModel | None:
        """Return the camera that is told, even if it does not fit the images."""
        if times.info is not None and times.info.cameras:
            return times.info.cameras[0]
        return self._camera


def _held(source: Source) -> MeasuredNoise | None:
    """Return the noise that was measured while a camera was held still; the last of several."""
    if not isinstance(source, RecordingSource):
        return None
    found = [one.noise for one in source.recording.sequences if one.noise is not None]
    return max(found, key=lambda one: one.stamp_ns, default=None)


def _example(frame: SourceFrame, depth: F32, pinhole: Pinhole) -> Example:
    if frame.color is None or not frame.color_registered:
        return Example(frame.depth)
    theirs = _color_pinhole(frame, pinhole, depth.shape)
    return Example(frame.depth, edges_over_color(depth, frame.color, pinhole, theirs))


def _color_pinhole(frame: SourceFrame, pinhole: Pinhole, shape: tuple[int, ...]) -> Pinhole:
    """Return the camera of registered colour: as told, or that of depth at colour's size."""
    assert frame.color is not None
    height, width = frame.color.shape[:2]
    if frame.color_camera is not None and frame.color_camera.matches(width, height):
        return Pinhole.of(frame.color_camera, frame.color.shape)
    across, down = width / shape[1], height / shape[0]
    return Pinhole(
        pinhole.fx * across,
        pinhole.fy * down,
        (pinhole.cx + 0.5) * across - 0.5,
        (pinhole.cy + 0.5) * down - 0.5,
        pinhole.known,
    )


def _has(section: object, name: str) -> bool:
    try:
        section[name]  # type: ignore[index]
    except KeyError:
        return False
    return True


def _name_of(path: Path) -> str:
    return path.resolve().stem or 'sensor'
