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
The ``nyu_v2`` protocol: the 449 test pairs of the labelled NYU Depth V2, as papers have it.

Depth is the hole-filled depth of the file. The input is its anti-aliased bicubic reduction; RMSE
is of every image without a border of 6 pixels, in cm, and then averaged over the images: so the
published code of SGNet (Wang et al., AAAI 2024; github.com/yanzq95/SGNet, data/nyu_dataloader.py
and utils.py), like others of its line. Some papers reduce by picking pixels, or average
otherwise: figures compare within one protocol only. The hole-filling of the file is smooth, and
so is what it rewards.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.evaluation.methods import Method, open_methods
from cdst_ros.evaluation.metrics.errors import DepthErrors
from cdst_ros.evaluation.promises import BrokenPromises, check_promises
from cdst_ros.evaluation.report import EvaluationError, Report, Request, Row
from cdst_ros.evaluation.resampling import reduce_antialiased
from cdst_ros.evaluation.spread import spread
from cdst_ros.recordings.datasets.nyu import FILE_NAME, TRAINING_PAIRS, NyuDepth, NyuPair

NAME = 'nyu_v2'
SCALES = (2, 4, 8, 16)
#: Pixels left out at every border.
CROP = 6


class _Tally:
    """What is kept of a method: the errors of each image, and what it broke."""

    def __init__(self) -> None:
        self.rmse_cm: list[float] = []
        self.mae_cm: list[float] = []
        self.clipped: list[float] = []
        self.broken = BrokenPromises(0, 0, 0)
        self.unknown = 0


def run(request: Request) -> Report:
    """
    Evaluate by the protocol.

    :raises EvaluationError: for another scale, or a file without test pairs
    :raises RecordingError: when the file cannot be read
    """
    scales = request.scales or SCALES
    unknown = sorted(set(scales) - set(SCALES))
    if unknown:
        raise EvaluationError(f'{NAME} is of scales {SCALES}, not of {unknown}')
    with NyuDepth(request.needed_data()) as data, open_methods(request, scales) as methods:
        chosen = [data.test[place] for place in spread(len(data.test), request.frames)]
        if not chosen:
            raise EvaluationError(
                f'{data.path} has {len(data)} pairs and the test begins with pair '
                f'{TRAINING_PAIRS}: give the whole {FILE_NAME}'
            )
        tallies = _run(data, chosen, methods, request)
    return Report(
        protocol=NAME,
        conditions=_conditions(len(chosen), request.bounded),
        rows=[_row(method, tally, request.bounded) for method, tally in tallies],
        checked=_checked(len(chosen), request.bounded),
        broken=[fault for method, tally in tallies for fault in _faults(method, tally)],
        notes=list(_notes(len(chosen))),
    )


def score(output: F32, reference: F32) -> tuple[float, float]:
    """
    Return RMSE and MAE of one image [cm], without its border.

    :param output: (H, W) [m]
    :param reference: (H, W) [m]
    """
    inside = np.s_[CROP:-CROP, CROP:-CROP]
    errors = DepthErrors()
    errors.add(output[inside], reference[inside])
    return errors.rmse_cm, errors.mae_cm


def _run(
    data: NyuDepth, chosen: list[int], methods: list[Method], request: Request
) -> list[tuple[Method, _Tally]]:
    tallies = [_Tally() for _ in methods]
    for done, index in enumerate(chosen):
        request.progress(done, len(chosen), f'pair {index}')
        pair = data[index]
        for method, tally in zip(methods, tallies, strict=True):
            _add(tally, method, pair, request.bounded)
    request.progress(len(chosen), len(chosen), '')
    return list(zip(methods, tallies, strict=True))


def _add(tally: _Tally, method: Method, pair: NyuPair, bounded: bool) -> None:
    try:
        low = reduce_antialiased(pair.depth, method.scale)
    except ValueError as error:
        raise EvaluationError(f'pair {pair.number}: {error}: the pairs are 640x480') from error
    result = method.enlarge(low, pair.color, bounded=bounded and method.is_model)
    rmse, mae = score(result.depth, pair.depth)
    tally.rmse_cm.append(rmse)
    tally.mae_cm.append(mae)
    tally.clipped.append(result.clipped_fraction)
    tally.unknown += int(np.count_nonzero(~np.isfinite(result.depth)))
    if bounded and method.is_model:
        # What float32 may lose on the way to the limits and back.
        slack = method.noise.sigma(low) + np.float32(1e-6) * low
        tally.broken += check_promises(result.depth, low, slack)


def _row(method: Method, tally: _Tally, bounded: bool) -> Row:
    details = method.details()
    if method.is_model:
        details['bounded'] = bounded
        details['clipped_fraction'] = float(np.mean(tally.clipped))
    scores = {
        'rmse_cm': float(np.mean(tally.rmse_cm)),
        'mae_cm': float(np.mean(tally.mae_cm)),
    }
    return Row(method.name, method.scale, scores, details)


def _faults(method: Method, tally: _Tally) -> Iterator[str]:
    if any(tally.broken):
        yield f'{method.name} x{method.scale} broke its bound: {tally.broken}'
    if tally.unknown:
        yield f'{method.name} x{method.scale} left {tally.unknown} pixels unknown'


def _notes(images: int) -> Iterator[str]:
    if images != 449:
        yield f'{images} test images instead of the 449: not the figure that papers print'


def _conditions(images: int, bounded: bool) -> str:
    return (
        f'{images} images of {FILE_NAME} from number {TRAINING_PAIRS} on (from 0), depths as '
        'hole-filled there. Input: anti-aliased bicubic reduction (as Pillow and MATLAB have it). '
        f'RMSE and MAE in cm of each image without a border of {CROP} px, then averaged over the '
        f'images. Models {"" if bounded else "not "}bounded; joint bilateral sees colour.'
    )


def _checked(images: int, bounded: bool) -> str:
    bound = (
        '; of every model: each value within the samples of its 3x3 neighbourhood give or take '
        'sigma, and the nearest surface of every input pixel kept'
        if bounded
        else ''
    )
    return f'Of all {images} images of every method: no pixel without a value{bound}.'
