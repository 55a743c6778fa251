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
The Middlebury-6 protocol: the table that depth super-resolution papers print.

Truth is 8-bit disparity, hole-filled. The input is ``cv2.resize`` of it, cubic, on uint8, without
anti-aliasing; the output is clipped and rounded to uint8; MAD and RMSE are taken over the whole
image, in grey levels. The six scenes are a test set: nothing is ever chosen by looking at them.

**Metric models** take metres, so disparity d goes in as z = (d + offset) * step and comes back by
the inverse. The two constants are of this project, not of the published protocol. They were chosen
on other scenes (``VALIDATION``) with ``benchmarks/choose_disparity_mapping.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.evaluation.error_image import paint_error, signed_error
from cdst_ros.evaluation.methods import Method, open_methods
from cdst_ros.evaluation.metrics import mad, rmse
from cdst_ros.evaluation.promises import BrokenPromises, check_promises
from cdst_ros.evaluation.report import EvaluationError, Report, Request, Row
from cdst_ros.recordings.atomic import write_file

NAME = 'middlebury6'
SCENES = ('art', 'books', 'dolls', 'laundry', 'moebius', 'reindeer')
SCALES = (2, 4, 8, 16)
#: Errors from which on a picture of them has its strongest colours [grey levels].
ERROR_MAP_LEVELS = 4.0
#: Scenes that choices are made on: of middlebury24, and of msgnet70.
VALIDATION = (
    *('baby2', 'cones', 'lampshade1', 'plastic'),
    *('05', '15', '25', '35', '45', '55'),
)


@dataclass(frozen=True)
class DisparityMapping:
    """
    How disparity goes through a metric model.

    :param offset: added to disparity [grey levels], so that 0 is a depth too
    :param step: metres a grey level
    """

    offset: float
    step: float

    def to_metres(self, disparity: U8 | F32) -> F32:
        """Return (d + offset) * step [m]."""
        return np.asarray((disparity + np.float32(self.offset)) * np.float32(self.step))

    def to_disparity(self, depth: F32) -> F32:
        """Return the grey levels [0 to 255, not rounded] of ``to_metres``."""
        return np.asarray(depth / np.float32(self.step) - np.float32(self.offset))


MAPPING = DisparityMapping(offset=64.0, step=0.01)


class Scene(NamedTuple):
    """Truth (H, W) [grey levels], and colour (H, W, 3) RGB where there is some."""

    name: str
    truth: U8
    rgb: U8 | None


class Outcome(NamedTuple):
    """
    What a method made of a scene.

    :param output: (H, W) [grey levels]
    :param unbounded: likewise with the bound off; None for methods without a bound
    :param clipped: share of the pixels that the bound changed
    :param broken: promises that the output broke
    :param holes: pixels without a value, of which the input gives no cause
    """

    output: U8
    unbounded: U8 | None
    clipped: float
    broken: BrokenPromises
    holes: int


def run(request: Request) -> Report:
    """
    Evaluate by the protocol.

    :raises EvaluationError: when the data are not those of the protocol
    """
    scales = request.scales or SCALES
    unknown = sorted(set(scales) - set(SCALES))
    if unknown:
        raise EvaluationError(f'{NAME} is of scales {SCALES}, not of {unknown}')
    if request.frames is not None:
        raise EvaluationError(f'{NAME} is of six scenes, always: leave --frames out')
    scenes = load_scenes(request.needed_data())
    colored = all(scene.rgb is not None for scene in scenes)
    with open_methods(request, scales) as opened:
        methods = [method for method in opened if colored or not method.guided]
        scored = list(_scored(scenes, methods, request))
    return Report(
        protocol=NAME,
        conditions=_conditions(request),
        rows=[row for row, _ in scored],
        checked=_checked(request.bounded, len(scenes)),
        broken=[fault for _, faults in scored for fault in faults],
        notes=[] if colored else ['guided methods are left out: a scene lacks its NAME_rgb.jpg'],
    )


def load_scenes(folder: Path, names: Iterable[str] = SCENES) -> list[Scene]:
    """
    Load scenes of ``NAME_depth.png`` (8-bit disparity) and, where it exists, ``NAME_rgb.jpg``.

    :raises EvaluationError: when one is missing, is not 8-bit, or its colour has another size
    """
    return [_load_scene(folder, name) for name in names]


def reduce(truth: U8, scale: int) -> U8:
    """
    Return the protocol's input of a truth (H, W), (H / scale, W / scale) [grey levels].

    :raises EvaluationError: when the sides are no multiples of ``scale``
    """
    height, width = truth.shape
    if height % scale or width % scale:
        raise EvaluationError(
            f'{width}x{height} is no multiple of {scale}: the scenes of {NAME} are 1344x1088 and '
            '1280x1088, full size and hole-filled; give the folder that holds those'
        )
    low: U8 = cv2.resize(truth, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_CUBIC)
    return low


def restore(
    scene: Scene, method: Method, *, bounded: bool = True, mapping: DisparityMapping = MAPPING
) -> Outcome:
    """Reduce a scene by the method's scale and enlarge it again."""
    low = reduce(scene.truth, method.scale)
    if not method.is_model:
        return _restore_classically(scene, method, low)
    depth = mapping.to_metres(low)
    free = method.enlarge(depth, scene.rgb)
    unbounded = to_grey(mapping.to_disparity(free.depth))
    if not bounded:
        return Outcome(unbounded, unbounded, 0.0, BrokenPromises(0, 0, 0), _holes(free.depth))
    kept = method.enlarge(depth, scene.rgb, bounded=True)
    # What float32 may lose on the way to the limits and back.
    slack = method.noise.sigma(depth) + np.float32(1e-6) * depth
    return Outcome(
        output=to_grey(mapping.to_disparity(kept.depth)),
        unbounded=unbounded,
        clipped=kept.clipped_fraction,
        broken=check_promises(kept.depth, depth, slack),
        holes=_holes(kept.depth),
    )


def write_error_map(folder: Path, scene: Scene, method: Method, output: U8) -> Path:
    """
    Write a picture of the errors (H, W), SCENE_xSCALE_METHOD.png: blue too far, red too near.

    The strongest colours are ``ERROR_MAP_LEVELS`` grey levels and more; white is right.

    :raises EvaluationError: when it can not be written
    """
    told = '_'.join(part for part in method.name.split('/') if part)  # it may be a model's path
    path = folder / f'{scene.name}_x{method.scale}_{told}.png'
    error = signed_error(output.astype(np.float32), scene.truth.astype(np.float32))
    ok, png = cv2.imencode('.png', paint_error(error, ERROR_MAP_LEVELS))
    assert ok, 'an image of 8 bits and three channels can always be encoded'
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_file(path, png.tobytes())
    except OSError as error_:
        raise EvaluationError(f'{path} cannot be written: {error_.strerror}') from error_
    return path


def to_grey(levels: F32) -> U8:
    """Return grey levels clipped and rounded to uint8; unknown becomes 0, as wrong as can be."""
    return np.rint(np.clip(np.nan_to_num(levels), 0, 255)).astype(np.uint8)


def _restore_classically(scene: Scene, method: Method, low: U8) -> Outcome:
    # Grey levels go in as they are, 0 included, so that cv2's own arithmetic is all there is.
    depth = low.astype(np.float32)
    rgb = scene.rgb if method.guided else None
    enlarged = method.engine.infer(depth, np.ones(low.shape, np.bool_), rgb)
    holes = int(np.count_nonzero(~enlarged.valid))
    return Outcome(to_grey(enlarged.depth), None, 0.0, BrokenPromises(0, 0, 0), holes)


def _scored(
    scenes: list[Scene], methods: list[Method], request: Request
) -> Iterator[tuple[Row, list[str]]]:
    total = len(methods) * len(scenes)
    for number, method in enumerate(methods):
        outcomes: dict[str, Outcome] = {}
        for place, scene in enumerate(scenes):
            done = number * len(scenes) + place
            request.progress(done, total, f'{method.name} x{method.scale} {scene.name}')
            outcome = restore(scene, method, bounded=request.bounded)
            outcomes[scene.name] = outcome
            if request.error_maps is not None:
                write_error_map(request.error_maps, scene, method, outcome.output)
        truths = {scene.name: scene.truth for scene in scenes}
        yield _row(method, outcomes, truths, request.bounded), list(_faults(method, outcomes))
    request.progress(total, total, '')


def _row(
    method: Method, outcomes: dict[str, Outcome], truths: dict[str, U8], bounded: bool
) -> Row:
    mads = {name: mad(outcome.output, truths[name]) for name, outcome in outcomes.items()}
    rmses = {name: rmse(outcome.output, truths[name]) for name, outcome in outcomes.items()}
    details = method.details()
    if method.is_model:
        free = {
            n: mad(o.unbounded, truths[n]) for n, o in outcomes.items() if o.unbounded is not None
        }
        details['bounded'] = bounded
        details['clipped_fraction'] = float(np.mean([o.clipped for o in outcomes.values()]))
        details['mad_unbounded'] = _with_mean(free)
    scores = {'mad': _with_mean(mads), 'rmse': _with_mean(rmses)}
    return Row(method.name, method.scale, scores, details)


def _faults(method: Method, outcomes: dict[str, Outcome]) -> Iterator[str]:
    for scene, outcome in outcomes.items():
        if any(outcome.broken):
            yield f'{method.name} x{method.scale} on {scene} broke its bound: {outcome.broken}'
        if outcome.holes:
            yield f'{method.name} x{method.scale} on {scene} left {outcome.holes} pixels unknown'


def _with_mean(values: dict[str, float]) -> dict[str, float]:
    return {**values, 'mean': float(np.mean(list(values.values())))}


def _holes(depth: F32) -> int:
    return int(np.count_nonzero(~np.isfinite(depth)))


def _load_scene(folder: Path, name: str) -> Scene:
    file = folder / f'{name}_depth.png'
    truth = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if truth is None:
        fault = 'is no image that can be read' if file.exists() else 'is missing'
        raise EvaluationError(
            f'{file} {fault}: --data is a folder with NAME_depth.png of {", ".join(SCENES)}'
        )
    if truth.dtype != np.uint8 or truth.ndim != 2:
        raise EvaluationError(
            f'{file} is {truth.dtype} of shape {truth.shape}: the protocol is of 8-bit disparity'
        )
    color = folder / f'{name}_rgb.jpg'
    if not color.exists():
        return Scene(name, truth, None)
    bgr = cv2.imread(str(color), cv2.IMREAD_COLOR)
    if bgr is None or bgr.shape[:2] != truth.shape:
        raise EvaluationError(f'{color} cannot be read, or has another size than {file.name}')
    return Scene(name, truth, np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)))


def _conditions(request: Request) -> str:
    bound = 'bounded' if request.bounded else 'not bounded'
    return (
        'Input: cv2.resize, cubic, of 8-bit disparity, without anti-aliasing. Output rounded to 8 '
        'bits. MAD and RMSE in grey levels over the whole image, no crop, no mask. Metric models, '
        f'{bound}, see disparity d as (d + {MAPPING.offset:g}) x {MAPPING.step:g} m: constants of '
        'this project, chosen on other scenes.'
    )


def _checked(bounded: bool, frames: int) -> str:
    if not bounded:
        return f'Of all {frames} frames of every method: no pixel without a value (bound off).'
    return (
        f'Of all {frames} frames of every method: no pixel without a value; of every model: each '
        'value within the samples of its 3x3 neighbourhood give or take sigma, and the least '
        'value of every input pixel kept in its block.'
    )
