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

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.evaluation.degrade import degradation
from cdst_ros.evaluation.methods import Method, open_methods
from cdst_ros.evaluation.metrics import EDGE_RADIUS_PX, DepthErrors, add_compared
from cdst_ros.evaluation.promises import BrokenPromises, check_promises
from cdst_ros.evaluation.report import EvaluationError, Report, Request, Row
from cdst_ros.evaluation.sources import Kind, Source, open_source

NAME = 'hololens_x2'
SCALE = 2


def run(request: Request) -> Report:
    """
    Evaluate by the protocol.

    :raises EvaluationError: for another scale, or when no frame can be read
    :raises SourceError: when the data are no recording or folder of depth images
    """
    if set(request.scales) - {SCALE}:
        raise EvaluationError(f'{NAME} is of scale {SCALE} only, not of {request.scales}')
    with open_source(request.data, color=True) as source:
        if source.kind not in (Kind.RECORDING, Kind.FOLDER):
            raise EvaluationError(
                f'{request.data} is no recording or folder of NAME_depth.png: {NAME} takes those'
            )
        with open_methods(request, [SCALE]) as methods:
            return _evaluate(source, methods, request)


def _evaluate(source: Source, opened: list[Method], request: Request) -> Report:
    degrade = degradation(NAME)
    errors: dict[str, DepthErrors] = {}
    clipped: dict[str, list[float]] = {}
    broken: dict[str, BrokenPromises] = {}
    methods, frames = opened, 0
    for frame in source:
        request.progress(frames, len(source), frame.name)
        low, reference = degrade(frame.depth)
        rgb = _fitted(frame.color, reference)
        if rgb is None:
            methods = [method for method in methods if not method.guided]
        outputs: dict[str, F32] = {}
        for method in methods:
            bounded = method.is_model and request.bounded
            result = method.enlarge(low, rgb, bounded=bounded)
            outputs[method.name] = result.depth.copy()
            clipped.setdefault(method.name, []).append(result.clipped_fraction)
            if bounded:
                slack = method.noise.sigma(np.nan_to_num(low)) + np.float32(1e-6) * low
                found = check_promises(result.depth, low, np.nan_to_num(slack))
                broken[method.name] = found + broken.get(method.name, BrokenPromises(0, 0, 0))
            errors.setdefault(method.name, DepthErrors())
        add_compared(errors, outputs, reference)
        frames += 1
    if not frames:
        raise EvaluationError(
            f'no frame of {request.data} can be read: {"; ".join(source.skipped.reasons)}'
        )
    request.progress(frames, frames, '')
    return Report(
        protocol=NAME,
        conditions=_conditions(frames, request.bounded),
        rows=[_row(m, errors[m.name], clipped[m.name], request.bounded) for m in methods],
        checked=_checked(request.bounded, frames),
        broken=[
            f'{name} broke its bound: {found}' for name, found in broken.items() if any(found)
        ],
        notes=_notes(source, methods, opened),
    )


def _row(method: Method, errors: DepthErrors, clipped: list[float], bounded: bool) -> Row:
    scores = {
        'rmse_cm': errors.rmse_cm,
        'mae_cm': errors.mae_cm,
        'edge_rmse_cm': errors.edge_rmse_cm,
        'edge_mae_cm': errors.edge_mae_cm,
        'completeness': errors.completeness,
    }
    details = method.details()
    if method.is_model:
        details.update(bounded=bounded, clipped_fraction=float(np.mean(clipped)))
    return Row(method.name, method.scale, scores, details)


def _fitted(color: U8 | None, reference: F32) -> U8 | None:
    """Return colour at the size of the reference: it shows the same view."""
    if color is None:
        return None
    height, width = reference.shape
    return np.asarray(cv2.resize(color, (width, height), interpolation=cv2.INTER_AREA))


def _notes(source: Source, methods: list[Method], opened: list[Method]) -> list[str]:
    notes = []
    if source.skipped.count:
        reasons = '; '.join(source.skipped.reasons)
        notes.append(f'{source.skipped.count} frames are left out: {reasons}')
    left_out = [method.name for method in opened if method not in methods]
    if left_out:
        notes.append(f'{", ".join(left_out)}: left out, a frame has no colour')
    return notes


def _conditions(frames: int, bounded: bool) -> str:
    return (
        f'{degradation(NAME).description}, of {frames} frames. Errors in cm over the pixels that '
        'the reference and all methods know, pooled over the frames; edge: within '
        f'{EDGE_RADIUS_PX} px of a discontinuity of the reference; completeness: share of the '
        f'reference that the method knows. Models {"" if bounded else "not "}bounded.'
    )


def _checked(bounded: bool, frames: int) -> str:
    if not bounded:
        return ''
    return (
        f'Of all {frames} frames of every model: each value within the samples of its 3x3 '
        'neighbourhood give or take sigma, none where there are no samples, and the nearest '
        'surface of every input pixel kept.'
    )
