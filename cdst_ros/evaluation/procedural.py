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

Furnished procedural rooms with poles and wires, seen from a camera that moves in them. The high
resolution is 640 px wide at the sensor's field of view, the input that, divided by the scale.

**No training sees these views.** Every random number comes of the key (``EVALUATION_SEED``,
``EVALUATION_STREAM``, ...), and the second word of a key parts the streams: training draws from 0,
its validation from 1 (``training/data.py``), whatever their seeds; a test holds them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32, F64
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.judging import View
from cdst_ros.evaluation.methods import open_methods
from cdst_ros.evaluation.report import EvaluationError, Report, Request
from cdst_ros.evaluation.rods import with_rods
from cdst_ros.evaluation.scoreboard import MEASURED, Scoreboard, told_of_checks
from cdst_ros.synthetic import (
    CameraPath,
    Render,
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
#: Width of the reference; its height is that of the sensor's format, a multiple of all scales.
WIDTH = 640


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
        boards = {
            scale: Scoreboard(
                [method for method in methods if method.scale == scale],
                bounded=request.bounded,
                profile=profile,
            )
            for scale in scales
        }
        moments = [k for k in range(SCENES) for _ in range(_views_of(k, request.frames))]
        for done, views in enumerate(views_of(sensor, tuple(boards), request.frames)):
            request.progress(done, len(moments), f'{profile} room {moments[done] + 1}')
            for scale, view in views.items():
                boards[scale].add(view)
        request.progress(len(moments), len(moments), '')
        return Report(
            protocol=protocol_name(profile),
            conditions=_conditions(sensor, len(moments), len(set(moments)), request.bounded),
            rows=[row for board in boards.values() for row in board.rows()],
            checked=told_of_checks(request.bounded, len(moments)),
            broken=[fault for board in boards.values() for fault in board.faults()],
        )


def views_of(
    sensor: SensorProfile, scales: tuple[int, ...], frames: int | None = None
) -> Iterator[dict[int, View]]:
    """
    Yield the views of the protocol by scale, always the same.

    :param frames: so many in all, as few of each room as need be; None: all
    """
    for number in range(SCENES):
        wanted = _views_of(number, frames)
        if not wanted:
            continue
        rng = np.random.default_rng([EVALUATION_SEED, EVALUATION_STREAM, number])
        scene = with_rods(rng, indoor_scene(rng), RODS)
        path = CameraPath.through(scene, rng)
        for moment in range(wanted):
            pose = path.pose(moment * INTERVAL_S)
            yield _views(_Moment(scene, pose, number, moment), sensor, scales)


class _Moment(NamedTuple):
    """Where a view is taken: a room, the camera's pose in it (4, 4), and the numbers of both."""

    scene: Scene
    pose: F64
    room: int
    number: int


def _views(moment: _Moment, sensor: SensorProfile, scales: tuple[int, ...]) -> dict[int, View]:
    """Return one view at each scale; the reference is the same."""
    scene, pose, camera = moment.scene, moment.pose, camera_of(sensor)
    truth = render(scene, camera, pose, incidence=True)
    views = {}
    for scale in scales:
        # Where the sensor picks pixels, its grid lies otherwise than that of the reference.
        low_camera = camera.scaled(1 / scale, GridAlignment.HALF_PIXEL)
        seen = truth
        if sensor.alignment is not GridAlignment.HALF_PIXEL:
            sensor_camera = low_camera.scaled(scale, sensor.alignment)
            seen = render(scene, sensor_camera, pose, color=sensor.wants_color, incidence=True)
        key = (EVALUATION_SEED, EVALUATION_STREAM, moment.room, moment.number, scale)
        low = _measured(seen, scale, sensor, low_camera, np.random.default_rng(key))
        views[scale] = View(f'room {moment.room}', low, truth.depth, truth.color, camera)
    return views


def _measured(
    seen: Render,
    scale: int,
    sensor: SensorProfile,
    camera: CameraModel,
    rng: np.random.Generator,
) -> F32:
    return degrade(
        seen.depth,
        scale,
        rng,
        sensor,
        incidence=seen.incidence,
        color=seen.color,
        focal=camera.intrinsics()[0],
    )


def camera_of(sensor: SensorProfile) -> CameraModel:
    """Return the camera of the references of a sensor's protocol."""
    optics = sensor.optics
    multiple = max(SCALES)
    height = round(WIDTH * optics.size[1] / optics.size[0] / multiple) * multiple
    right, down = optics.principal_point
    cx, cy = (WIDTH - 1) / 2 + right * WIDTH, (height - 1) / 2 + down * height
    focal = optics.focal(WIDTH)
    return CameraModel.from_intrinsics(focal, focal, cx, cy, WIDTH, height)


def _views_of(scene: int, frames: int | None) -> int:
    """Return how many views of a room are taken."""
    total = SCENES * VIEWS if frames is None else min(frames, SCENES * VIEWS)
    return total // SCENES + (scene < total % SCENES)


def _conditions(sensor: SensorProfile, frames: int, rooms: int, bounded: bool) -> str:
    camera = camera_of(sensor)
    return (
        f'{frames} views of {rooms} procedural rooms, {camera.width}x{camera.height}, exact; the '
        f'input is what the sensor profile {sensor.name!r} makes of them. Seeds that no training '
        f'uses. {MEASURED} Models {"" if bounded else "not "}bounded.'
    )


#: By sensor profile.
RUNNERS = {profile: partial(run, profile) for profile in profile_names()}
