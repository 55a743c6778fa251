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
The ``replica_x4`` and ``tartanair_x4`` protocols: renders as references, x4.

The renders are exact to a millimetre; the input is what each of the sensor profiles makes of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.judging import View
from cdst_ros.evaluation.lowering import Recorded, seen_by
from cdst_ros.evaluation.methods import open_methods
from cdst_ros.evaluation.procedural import EVALUATION_SEED, EVALUATION_STREAM
from cdst_ros.evaluation.report import EvaluationError, Report, Request
from cdst_ros.evaluation.scoreboard import MEASURED, Scoreboard, told_of_checks
from cdst_ros.evaluation.sources import Kind, Source, SourceFrame, open_source
from cdst_ros.evaluation.spread import spread
from cdst_ros.synthetic import GENERIC, IDEAL, SensorProfile, load_profile, profile_names

SCALE = 4


@dataclass(frozen=True)
class Renders:
    """
    A set of renders.

    :param name: of the protocol
    :param description: for people
    :param camera: that they were rendered with; a K.txt beside them is preferred
    """

    name: str
    description: str
    camera: CameraModel


#: Replica as rendered for iMAP and NICE-SLAM, and TartanAir as published (its data page).
SETS = (
    Renders(
        'replica_x4',
        'renders of a scanned office, with the degradation of each sensor profile',
        CameraModel.from_intrinsics(600.0, 600.0, 599.5, 339.5, 1200, 680),
    ),
    Renders(
        'tartanair_x4',
        'renders of a synthetic indoor sequence, with the degradation of each sensor profile',
        CameraModel.from_intrinsics(320.0, 320.0, 320.0, 240.0, 640, 480),
    ),
)


def described_profiles() -> list[str]:
    """Return the sensor profiles that have a file of their own: real sensors."""
    return [name for name in profile_names() if name not in (GENERIC.name, IDEAL.name)]


def run(renders: Renders, request: Request) -> Report:
    """
    Evaluate by the protocol of a set of renders.

    :raises EvaluationError: for another scale, or when no frame can be read
    :raises SourceError: when the data are no recording or folder of depth images
    """
    if set(request.scales) - {SCALE}:
        raise EvaluationError(f'{renders.name} is of scale {SCALE} only, not of {request.scales}')
    with open_source(request.needed_data(), color=True) as source:
        if source.kind not in (Kind.RECORDING, Kind.FOLDER):
            raise EvaluationError(
                f'{request.data} is no recording or folder of NAME_depth.png: {renders.name} '
                'takes those'
            )
        with open_methods(request, [SCALE]) as methods:
            boards = {
                name: Scoreboard(methods, bounded=request.bounded, profile=name)
                for name in described_profiles()
            }
            frames = _fill(boards, source, renders, request)
            rows = [row for board in boards.values() for row in board.rows()]
    board = next(iter(boards.values()))
    notes = [f'frames are left out: {reason}' for reason in source.skipped.reasons]
    notes += [f'{name}: left out, a frame has no colour' for name in board.left_out()]
    if board.without_camera:
        notes.append(
            f'{board.without_camera} frames are not {renders.camera.width}x'
            f'{renders.camera.height} and have no K.txt: occupancy is of the others'
        )
    return Report(
        protocol=renders.name,
        conditions=(
            f'{frames} renders, exact to a millimetre; the input is what each sensor profile '
            f'makes of them, the reference of picking ones every second pixel. {MEASURED} Models '
            f'{"" if request.bounded else "not "}bounded.'
        ),
        rows=rows,
        checked=told_of_checks(request.bounded, frames),
        broken=[fault for board in boards.values() for fault in board.faults()],
        notes=notes,
    )


def view_of(
    frame: SourceFrame, sensor: SensorProfile, camera: CameraModel | None, key: int
) -> View:
    """
    Return what a sensor makes of a render, and the render (``lowering.py``).

    :param camera: of the render, where it is known
    :param key: number of the frame, for the noise
    """
    recorded = Recorded(frame.depth, frame.color, camera)
    return seen_by(sensor, recorded, SCALE, 'renders', (EVALUATION_SEED, EVALUATION_STREAM, key))


def _fill(
    boards: dict[str, Scoreboard], source: Source, renders: Renders, request: Request
) -> int:
    """Add the frames of a source to the boards of all profiles; return how many."""
    wanted = set(spread(len(source), request.frames))
    total, done = len(wanted) * len(boards), 0
    for number, frame in enumerate(source):
        if number not in wanted:
            continue
        camera = frame.camera
        if camera is None and renders.camera.matches(*frame.depth.shape[::-1]):
            camera = renders.camera
        for name, board in boards.items():
            request.progress(done, total, f'{frame.name}, {name}')
            board.add(view_of(frame, load_profile(name), camera, number))
            done += 1
    if not done:
        reasons = '; '.join(source.skipped.reasons)
        raise EvaluationError(f'no frame of {request.data} can be read: {reasons}')
    request.progress(total, total, '')
    return done // len(boards)


#: By name of the protocol.
RUNNERS = {renders.name: partial(run, renders) for renders in SETS}
