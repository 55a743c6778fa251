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
The ``pairs`` protocol: a folder of low-resolution depth images with their references.

Nothing is degraded: the input is what the folder holds. Metric, over the whole image.
"""

from __future__ import annotations

from dataclasses import replace

from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.judging import View
from cdst_ros.evaluation.methods import open_methods
from cdst_ros.evaluation.report import EvaluationError, Report, Request
from cdst_ros.evaluation.scoreboard import MEASURED, Scoreboard, told_of_checks
from cdst_ros.evaluation.spread import spread
from cdst_ros.recordings.datasets.pairs import Pair, find_pairs
from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.folder import read_intrinsics
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.store import find_model

NAME = 'pairs'
#: The scale is the folder's; these may be asked for.
SCALES = (2, 3, 4, 8, 16)


def run(request: Request) -> Report:
    """
    Evaluate by the protocol.

    :raises EvaluationError: when the sizes of the pairs fit no scale, or none that is asked for
    :raises RecordingError: when the folder holds no pairs
    """
    folder = request.needed_data()
    pairs = find_pairs(folder)
    chosen = [pairs[place] for place in spread(len(pairs), request.frames)]
    scale = scale_of(chosen[0])
    if request.scales and scale not in request.scales:
        raise EvaluationError(
            f'the pairs of {folder} are of scale {scale}, not of {request.scales}: leave --scale '
            'out, and give models of that scale'
        )
    fitting = {name: read_metadata(find_model(name)).scale == scale for name in request.models}
    notes = [f'{name}: left out, of another scale' for name, fits in fitting.items() if not fits]
    request = replace(request, models=tuple(name for name, fits in fitting.items() if fits))
    with open_methods(request, [scale]) as methods:
        board = Scoreboard(methods, bounded=request.bounded)
        for done, pair in enumerate(chosen):
            request.progress(done, len(chosen), pair.name)
            try:
                board.add(view_of(pair, scale))
            except (RecordingError, EvaluationError) as error:
                notes.append(f'left out: {error}')
        if not len(board):
            raise EvaluationError(f'no pair of {folder} can be scored: {notes[-1]}')
        rows = board.rows()
    request.progress(len(chosen), len(chosen), '')
    notes += [f'{name}: left out, a pair has no colour' for name in board.left_out()]
    if board.without_camera:
        notes.append(f'{board.without_camera} pairs have no intrinsics (K.txt): no occupancy')
    return Report(
        protocol=NAME,
        conditions=(
            f'{len(board)} pairs of {folder.name}, x{scale}, input and reference as they are: no '
            f'degradation, no crop; each pair is a sequence of its own. {MEASURED} Models '
            f'{"" if request.bounded else "not "}bounded.'
        ),
        rows=rows,
        checked=told_of_checks(request.bounded, len(board)),
        broken=board.faults(),
        notes=notes,
    )


def view_of(pair: Pair, scale: int) -> View:
    """
    Return a pair as it is judged.

    :raises EvaluationError: when its sizes are not of this scale
    :raises RecordingError: when it cannot be read
    """
    low, reference, color = pair.read()
    if reference.shape != (scale * low.shape[0], scale * low.shape[1]):
        raise EvaluationError(
            f'{pair.name}: {low.shape[1]}x{low.shape[0]} and '
            f'{reference.shape[1]}x{reference.shape[0]} are not of scale {scale}'
        )
    if color is not None and color.shape[:2] != reference.shape:
        raise EvaluationError(f'{pair.name}: the picture is not of the size of the reference')
    height, width = reference.shape
    matrix = read_intrinsics(pair.reference.parents[1] / 'K.txt')
    camera = None
    if matrix is not None:
        fx, fy, cx, cy = (float(matrix[at]) for at in ((0, 0), (1, 1), (0, 2), (1, 2)))
        camera = CameraModel.from_intrinsics(fx, fy, cx, cy, width, height)
    return View(pair.name, low, reference, color, camera)


def scale_of(pair: Pair) -> int:
    """
    Return how many times larger the reference is.

    :raises EvaluationError: when it is no whole number of times as large
    :raises RecordingError: when the pair cannot be read
    """
    low, reference, _ = pair.read()
    scale = max(1, int(reference.shape[1]) // int(low.shape[1]))
    if scale < 2 or reference.shape != (scale * low.shape[0], scale * low.shape[1]):
        raise EvaluationError(
            f'{pair.name}: the reference is {reference.shape[1]}x{reference.shape[0]} and the '
            f'input {low.shape[1]}x{low.shape[0]}: it has to be a whole number of times, 2 or '
            'more, as large'
        )
    return scale
