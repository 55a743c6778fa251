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
The ``hololens_x2`` protocol: metric depth of a real walk, at x2.

The recorded 540x360 images are a 2x2 splat of about 270x180 with cracks one pixel wide, so the
reference is their 2x2 valid-median and the input the same again (``degrade.py``). Any recording or
folder of NAME_depth.png, is taken; the figures are of the walk only where the walk is given.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.degrade import degradation
from cdst_ros.evaluation.judging import View
from cdst_ros.evaluation.methods import open_methods
from cdst_ros.evaluation.report import EvaluationError, Report, Request, Row
from cdst_ros.evaluation.scoreboard import MEASURED, Scoreboard, told_of_checks
from cdst_ros.evaluation.sources import Kind, Source, SourceFrame, open_source
from cdst_ros.evaluation.spread import spread
from cdst_ros.evaluation.verdict import verdict

NAME = 'hololens_x2'
SCALE = 2
#: Figures that stand in the rows themselves too.
_SCORES = ('rmse_cm', 'mae_cm', 'edge_rmse_cm', 'edge_mae_cm', 'completeness')


def run(request: Request) -> Report:
    """
    Evaluate by the protocol.

    :raises EvaluationError: for another scale, or when no frame can be read
    :raises SourceError: when the data are no recording or folder of depth images
    """
    if set(request.scales) - {SCALE}:
        raise EvaluationError(f'{NAME} is of scale {SCALE} only, not of {request.scales}')
    with open_source(request.needed_data(), color=True) as source:
        if source.kind not in (Kind.RECORDING, Kind.FOLDER):
            raise EvaluationError(
                f'{request.data} is no recording or folder of NAME_depth.png: {NAME} takes those'
            )
        with open_methods(request, [SCALE]) as methods:
            board = Scoreboard(methods, bounded=request.bounded)
            _fill(board, source, request)
            rows = [_with_scores(row) for row in board.rows()]
    return Report(
        protocol=NAME,
        conditions=_conditions(len(board), request.bounded),
        rows=rows,
        checked=told_of_checks(request.bounded, len(board)),
        broken=board.faults(),
        notes=_notes(source, board),
        verdict=verdict(rows, len(board), 'On this walk'),
    )


def view_of(frame: SourceFrame) -> View:
    """Return the input and the reference that the protocol makes of a recorded frame."""
    low, reference = degradation(NAME)(frame.depth)
    camera, (height, width) = frame.camera, reference.shape
    if camera is not None:
        halved = camera.scaled(1 / degradation(NAME).reference_factor, GridAlignment.HALF_PIXEL)
        camera = replace(halved, width=width, height=height)
    return View('walk', low, reference, _fitted(frame.color, reference), camera)


def _fill(board: Scoreboard, source: Source, request: Request) -> None:
    wanted = set(spread(len(source), request.frames))
    for number, frame in enumerate(source):
        if number in wanted:
            request.progress(len(board), len(wanted), frame.name)
            board.add(view_of(frame))
    if not len(board):
        raise EvaluationError(
            f'no frame of {request.data} can be read: {"; ".join(source.skipped.reasons)}'
        )
    request.progress(len(wanted), len(wanted), '')


def _with_scores(row: Row) -> Row:
    """Return a row that also has its errors beside its metrics, where they have always been."""
    return replace(row, scores={name: row.metrics[name] for name in _SCORES})


def _fitted(color: U8 | None, reference: F32) -> U8 | None:
    """Return colour at the size of the reference: it shows the same view."""
    if color is None:
        return None
    height, width = reference.shape
    return np.asarray(cv2.resize(color, (width, height), interpolation=cv2.INTER_AREA))


def _notes(source: Source, board: Scoreboard) -> list[str]:
    notes = []
    if source.skipped.count:
        reasons = '; '.join(source.skipped.reasons)
        notes.append(f'{source.skipped.count} frames are left out: {reasons}')
    if board.left_out():
        notes.append(f'{", ".join(board.left_out())}: left out, a frame has no colour')
    if board.without_camera:
        notes.append(f'{board.without_camera} frames have no intrinsics: no occupancy of those')
    return notes


def _conditions(frames: int, bounded: bool) -> str:
    return (
        f'{degradation(NAME).description}, of {frames} frames. {MEASURED} Completeness: share of '
        f'the reference that the method knows. Models {"" if bounded else "not "}bounded.'
    )
