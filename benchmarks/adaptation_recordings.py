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

"""Recordings of robots that know the truth, and hide it while they learn."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.hololens import view_of
from cdst_ros.evaluation.sources import SourceFrame, open_source
from cdst_ros.recordings.writer import Picture, RecordingWriter
from cdst_ros.synthetic import SyntheticCamera, load_profile, render

#: Optical frames of the depth and of the colour camera.
DEPTH_FRAME, COLOR_FRAME = 'depth_optical_frame', 'color_optical_frame'
#: Frames are recorded so far apart; of the walk nobody knows the real stamps [s].
_STEP_S = 1.0
#: The synthetic robot's colour camera has so many times the pixels of the truth, each way.
_WIDER = 1.15
#: From the colour camera of the synthetic robot to its depth camera [m].
_BESIDE = (-0.04, 0.005, 0.0)


class Moment(NamedTuple):
    """What is known of one moment: what the sensor measured, colour, the truth, and where."""

    place: str
    depth: F32
    camera: CameraModel
    color: U8
    color_camera: CameraModel
    truth: F32
    truth_camera: CameraModel
    pose: F64
    color_to_depth: F64 | None


@dataclass(frozen=True)
class Recordings:
    """
    What one robot recorded, three times.

    :param blind: what it learns from: depth and colour, no truth
    :param knowing: the same moments with the truth, for the upper bound alone
    :param test: other moments, with the truth
    """

    blind: Path
    knowing: Path
    test: Path


def write_recordings(
    folder: Path, learned: Iterator[Moment], tested: Iterator[Moment]
) -> Recordings:
    """Write the three recordings of a robot; those that are there are kept."""
    found = Recordings(*(folder / name / 'walk' for name in ('blind', 'knowing', 'test')))
    if (folder / 'written').exists():
        return found
    shutil.rmtree(folder, ignore_errors=True)
    for path in (found.blind, found.knowing, found.test):
        path.parent.mkdir(parents=True, exist_ok=True)
    with RecordingWriter(found.blind) as blind, RecordingWriter(found.knowing) as knowing:
        _write(learned, {blind: False, knowing: True})
    with RecordingWriter(found.test) as test:
        _write(tested, {test: True})
    (folder / 'written').touch()
    return found


def walk(folder: Path, first: float, last: float) -> Iterator[Moment]:
    """
    Yield moments of the real walk, as ``hololens_x2`` makes pairs of its images.

    :param folder: ``hololens_walk``
    :param first: share of the walk that it begins behind
    :param last: and ends before
    """
    poses = _poses(folder)
    with open_source(folder, color=True) as source:
        frames = list(source)
    chosen = range(round(first * len(frames)), round(last * len(frames)))
    for number in chosen:
        yield _of_walk(frames[number], poses[number])


def _of_walk(frame: SourceFrame, pose: F64) -> Moment:
    view = view_of(frame)
    assert view.camera is not None
    assert frame.color is not None
    assert frame.camera is not None
    return Moment(
        'walk',
        view.low,
        view.camera.scaled(0.5, GridAlignment.HALF_PIXEL),
        frame.color,
        frame.camera,
        view.reference,
        view.camera,
        pose,
        None,
    )


def rooms(
    profile: Path, seeds: range, scale: int, frames: int, rate_hz: float
) -> Iterator[Moment]:
    """
    Yield moments of a robot with a synthetic sensor, and a colour camera beside it, in rooms.

    :param profile: of the sensor, which has the size that it says
    :param seeds: of the rooms
    :param frames: of each
    """
    to_color = np.eye(4)
    to_color[:3, 3] = _BESIDE
    back = np.asarray(np.linalg.inv(to_color), np.float64)
    for seed in seeds:
        sensor = load_profile(profile)
        camera = SyntheticCamera(
            seed,
            *sensor.optics.size,
            scale=scale,
            rate_hz=rate_hz,
            profile=sensor,
            frames=frames,
            color=False,
        )
        high = camera.camera_hr
        fx, fy = high.intrinsics()[:2]
        width, height = (round(_WIDER * side) for side in (high.width, high.height))
        color_camera = CameraModel.from_intrinsics(
            fx, fy, (width - 1) / 2, (height - 1) / 2, width, height
        )
        for number in range(frames):
            frame = camera.frame(number)
            camera.forget()
            color = render(camera.scene, color_camera, frame.pose @ back).color
            assert color is not None
            yield Moment(
                f'room {seed}',
                frame.depth,
                frame.camera,
                color,
                color_camera,
                frame.truth(),
                frame.camera_hr,
                frame.pose,
                back,
            )


def _write(moments: Iterator[Moment], writers: dict[RecordingWriter, bool]) -> None:
    """Write moments to recordings, with the truth or without; each place is a sequence."""
    place = ''
    for number, moment in enumerate(moments):
        for writer, truth in writers.items():
            if moment.place != place:
                writer.begin_sequence(moment.place, world='map')
            _append(writer, number, moment, truth=truth)
        place = moment.place


def _append(writer: RecordingWriter, number: int, moment: Moment, *, truth: bool) -> None:
    beside = moment.color_to_depth is not None
    writer.append(
        round(1e9 * (1 + number * _STEP_S)),
        Picture(moment.depth, DEPTH_FRAME, moment.camera),
        Picture(moment.color, COLOR_FRAME if beside else DEPTH_FRAME, moment.color_camera),
        Picture(moment.truth, DEPTH_FRAME, moment.truth_camera) if truth else None,
        pose=moment.pose,
        extrinsics={'color': moment.color_to_depth} if moment.color_to_depth is not None else None,
    )


def _poses(folder: Path) -> list[F64]:
    return [row.reshape(4, 4) for row in np.loadtxt(folder / 'poses.txt')]
