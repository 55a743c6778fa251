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
The ``synthetic_PROFILE`` protocols: exact truth, and what a described sensor makes of it.

Furnished procedural rooms with poles and wires, seen from a camera that moves in them. The input
is a window in the middle of the sensor's image, at its real focal length, for what sensors do
wrong is measured in their pixels; the reference shows the same view, larger by the scale.

**No training sees these views.** Every random number comes of the key (``EVALUATION_SEED``,
``EVALUATION_STREAM``, ...), and the second word of a key parts the streams: training draws from 0,
its validation from 1 (``training/data.py``), whatever their seeds; a test holds them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F64
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.judging import View
from cdst_ros.evaluation.methods import open_methods
from cdst_ros.evaluation.report import EvaluationError, Report, Request
from cdst_ros.evaluation.rods import with_rods
from cdst_ros.evaluation.scoreboard import MEASURED, Scoreboard, told_of_checks
from cdst_ros.evaluation.verdict import verdict
from cdst_ros.synthetic import (
    CameraPath,
    Scene,
    SensorProfile,
    degrade,
    indoor_scene,
    load_profile,
    profile_names,
    render,
)

SCALES = (2, 4, 8)
EVALUATION_SEED, EVALUATION_STREAM = 20261121, 2
#: Rooms, and views of each.
SCENES, VIEWS = 12, 4
#: Between the views of a room [s].
INTERVAL_S = 1.5
RODS = 5
#: Width and height of the input, if the sensor has as many pixels.
WINDOW = (192, 144)


def protocol_name(profile: str) -> str:
    """Return the name of the protocol of a sensor profile."""
    return f'synthetic_{profile}'


def run(profile: str, request: Request) -> Report:
    """
    Evaluate by the protocol of a sensor profile.

    :raises EvaluationError: for scales that it does not have
    """
    sensor, scales = load_profile(profile), request.scales or SCALES
    unknown = sorted(set(scales) - set(SCALES))
    if unknown:
        raise EvaluationError(f'{protocol_name(profile)} is of scales {SCALES}, not of {unknown}')
    with open_methods(request, scales) as methods:
        boards = [
            Scoreboard(
                [method for method in methods if method.scale == scale],
                bounded=request.bounded,
                profile=profile,
            )
            for scale in scales
        ]
        frames = sum(_views_of(scene, request.frames) for scene in range(SCENES))
        total = frames * len(boards)
        for place, (scale, board) in enumerate(zip(scales, boards, strict=True)):
            for view in views_of(sensor, scale, request.frames):
                done = place * frames + len(board)
                request.progress(done, total, f'{profile} x{scale}, {view.sequence}')
                board.add(view)
        request.progress(total, total, '')
    rows = [row for board in boards for row in board.rows()]
    return Report(
        protocol=protocol_name(profile),
        conditions=_conditions(sensor, frames, request.bounded),
        rows=rows,
        checked=told_of_checks(request.bounded, frames),
        broken=[fault for board in boards for fault in board.faults()],
        verdict=verdict(rows, frames, f'On rooms as the sensor profile {profile} sees them'),
    )


def views_of(sensor: SensorProfile, scale: int, frames: int | None = None) -> Iterator[View]:
    """
    Yield the views of the protocol at a scale, always the same.

    :param frames: so many in all, as few of each room as need be; None: all
    """
    for moment in _moments(frames):
        yield _view(moment, sensor, scale)


def view_at(sensor: SensorProfile, scale: int, number: int, frames: int | None = None) -> View:
    """
    Return one of ``views_of``, without rendering the others.

    :param number: its place among them, from 0
    :raises EvaluationError: where there are not so many
    """
    moment = next(islice(_moments(frames), number, None), None)
    if moment is None:
        raise EvaluationError(f'there is no view {number} of {protocol_name(sensor.name)}')
    return _view(moment, sensor, scale)


class _Moment(NamedTuple):
    """Where a view is taken: a room, the camera's pose in it (4, 4), and the numbers of both."""

    scene: Scene
    pose: F64
    room: int
    number: int


def _moments(frames: int | None) -> Iterator[_Moment]:
    for number in range(SCENES):
        wanted = _views_of(number, frames)
        if not wanted:
            continue
        rng = np.random.default_rng([EVALUATION_SEED, EVALUATION_STREAM, number])
        scene = with_rods(rng, indoor_scene(rng), RODS)
        path = CameraPath.through(scene, rng)
        for moment in range(wanted):
            yield _Moment(scene, path.pose(moment * INTERVAL_S), number, moment)


def _view(moment: _Moment, sensor: SensorProfile, scale: int) -> View:
    scene, pose = moment.scene, moment.pose
    low_camera = camera_of(sensor)
    camera = low_camera.scaled(scale, GridAlignment.HALF_PIXEL)
    truth = seen = render(scene, camera, pose, incidence=True)
    if sensor.alignment is not GridAlignment.HALF_PIXEL:
        # Where the sensor picks pixels, its grid lies otherwise than that of the reference.
        sensor_camera = low_camera.scaled(scale, sensor.alignment)
        seen = render(scene, sensor_camera, pose, color=sensor.wants_color, incidence=True)
    key = (EVALUATION_SEED, EVALUATION_STREAM, moment.room, moment.number, scale)
    low = degrade(
        seen.depth,
        scale,
        np.random.default_rng(key),
        sensor,
        incidence=seen.incidence,
        color=seen.color,
        focal=low_camera.intrinsics()[0],
    )
    return View(f'room {moment.room}', low, truth.depth, truth.color, camera)


def camera_of(sensor: SensorProfile) -> CameraModel:
    """Return the camera of the inputs: a window of the sensor's own."""
    optics = sensor.optics
    width, height = (min(pair) for pair in zip(WINDOW, optics.size, strict=True))
    focal = optics.focal(optics.size[0])
    shift = [share * size for share, size in zip(optics.principal_point, optics.size, strict=True)]
    cx, cy = (width - 1) / 2 + shift[0], (height - 1) / 2 + shift[1]
    return CameraModel.from_intrinsics(focal, focal, cx, cy, width, height)


def _views_of(scene: int, frames: int | None) -> int:
    """Return how many views of a room are taken."""
    total = SCENES * VIEWS if frames is None else min(frames, SCENES * VIEWS)
    return total // SCENES + (scene < total % SCENES)


def _conditions(sensor: SensorProfile, frames: int, bounded: bool) -> str:
    camera, rooms = camera_of(sensor), min(frames, SCENES)
    return (
        f'{frames} views of {rooms} procedural rooms, exact; the input, {camera.width}x'
        f'{camera.height} at {camera.intrinsics()[0]:.0f} px of focal length, is what the sensor '
        f'profile {sensor.name!r} makes of them. Seeds that no training uses. {MEASURED} Models '
        f'{"" if bounded else "not "}bounded.'
    )


#: By sensor profile.
RUNNERS = {profile: partial(run, profile) for profile in profile_names()}
