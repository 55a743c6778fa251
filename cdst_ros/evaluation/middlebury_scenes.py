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
The ``middlebury`` protocol: the scenes of any year, as they are published, holes and all.

Not the table of papers (that is ``middlebury6``: six scenes, hole-filled, 8 bits). Here the maps
are taken as they are downloaded: 8-bit ones up to 2006, float32 ones of 2014, with their holes.

The input is ``cv2.resize``, cubic, without anti-aliasing, as in ``middlebury6``; an input pixel
is unknown where any of the 4x4 pixels that it is made of is. So without holes it is the input of
``middlebury6``. The output of an 8-bit scene is rounded to 8 bits. MAD and RMSE are in the units
of the map (grey levels, or pixels of disparity), over the pixels that the map and all methods
know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.evaluation.methods import Method, open_methods
from cdst_ros.evaluation.middlebury import MAPPING
from cdst_ros.evaluation.promises import BrokenPromises, check_promises
from cdst_ros.evaluation.report import EvaluationError, Report, Request, Row
from cdst_ros.evaluation.resampling import reduce_known
from cdst_ros.evaluation.spread import spread
from cdst_ros.recordings.datasets.middlebury import MiddleburyScene, find_scenes

NAME = 'middlebury'
SCALES = (2, 4, 8, 16)


class _Tally:
    """What is kept of a method: its scores by scene, and what it broke."""

    def __init__(self) -> None:
        self.scores: dict[str, dict[str, float]] = {'mad': {}, 'rmse': {}, 'completeness': {}}
        self.clipped: list[float] = []
        self.broken = BrokenPromises(0, 0, 0)


def run(request: Request) -> Report:
    """
    Evaluate by the protocol.

    :raises EvaluationError: for another scale, or scenes that are too small for it
    :raises RecordingError: when the folder holds no scenes, or one cannot be read
    """
    scales = request.scales or SCALES
    unknown = sorted(set(scales) - set(SCALES))
    if unknown:
        raise EvaluationError(f'{NAME} is of scales {SCALES}, not of {unknown}')
    found = find_scenes(request.needed_data())
    scenes = [found[place] for place in spread(len(found), request.frames)]
    colored = all(scene.color_file is not None for scene in scenes)
    with open_methods(request, scales) as opened:
        methods = [method for method in opened if colored or not method.guided]
        tallies = {id(method): _Tally() for method in methods}
        for done, scene in enumerate(scenes):
            request.progress(done, len(scenes), scene.name)
            _add(tallies, scene, methods, request.bounded)
        rows = [_row(method, tallies[id(method)], request.bounded) for method in methods]
        faults = [fault for method in methods for fault in _faults(method, tallies[id(method)])]
    request.progress(len(scenes), len(scenes), '')
    return Report(
        protocol=NAME,
        conditions=_conditions(scenes, request.bounded),
        rows=rows,
        checked=_checked(len(scenes), request.bounded),
        broken=faults,
        notes=[] if colored else ['guided methods are left out: a scene lacks its picture'],
    )


def cut(image: F32 | U8, scale: int) -> F32:
    """
    Return an image without the rows and columns at the right and lower border that fill no block.

    :raises EvaluationError: when nothing is left to enlarge
    """
    height, width = (n - n % scale for n in image.shape[:2])
    if min(height, width) < 4 * scale:
        raise EvaluationError(
            f'a scene of {image.shape[1]}x{image.shape[0]} is too small for x{scale}'
        )
    return np.ascontiguousarray(image[:height, :width])


def _add(
    tallies: dict[int, _Tally], scene: MiddleburyScene, methods: list[Method], bounded: bool
) -> None:
    disparity, color = scene.disparity(), scene.color()
    for scale in sorted({method.scale for method in methods}):
        truth = cut(disparity, scale)
        rgb = None if color is None else np.asarray(cut(color, scale), dtype=np.uint8)
        depth = MAPPING.to_metres(reduce_known(truth, scale, scene.eight_bits))
        outputs: dict[int, F32] = {}
        for method in (one for one in methods if one.scale == scale):
            tally = tallies[id(method)]
            outputs[id(method)] = _enlarged(method, depth, rgb, bounded, tally)
        if scene.eight_bits:
            outputs = {key: np.rint(np.clip(output, 0, 255)) for key, output in outputs.items()}
        _score(tallies, scene.name, outputs, truth)


def _enlarged(method: Method, depth: F32, rgb: U8 | None, bounded: bool, tally: _Tally) -> F32:
    """Return the disparity (H, W) that a method makes of an input in metres."""
    result = method.enlarge(depth, rgb, bounded=bounded and method.is_model)
    tally.clipped.append(result.clipped_fraction)
    if bounded and method.is_model:
        # What float32 may lose on the way to the limits and back.
        slack = np.nan_to_num(method.noise.sigma(np.nan_to_num(depth)) + np.float32(1e-6) * depth)
        tally.broken += check_promises(result.depth, depth, slack)
    return MAPPING.to_disparity(result.depth)


def _score(tallies: dict[int, _Tally], scene: str, outputs: dict[int, F32], truth: F32) -> None:
    common = np.isfinite(truth)
    for output in outputs.values():
        common &= np.isfinite(output)
    wanted = np.count_nonzero(np.isfinite(truth))
    for key, output in outputs.items():
        errors = output[common].astype(np.float64) - truth[common]
        scores = tallies[key].scores
        scores['mad'][scene] = float(np.abs(errors).mean()) if errors.size else np.nan
        scores['rmse'][scene] = float(np.sqrt((errors**2).mean())) if errors.size else np.nan
        known = np.count_nonzero(np.isfinite(output) & np.isfinite(truth))
        scores['completeness'][scene] = known / wanted if wanted else np.nan


def _row(method: Method, tally: _Tally, bounded: bool) -> Row:
    details = method.details()
    if method.is_model:
        details['bounded'] = bounded
        details['clipped_fraction'] = float(np.mean(tally.clipped))
    scores = {
        name: {**values, 'mean': float(np.mean(list(values.values())))}
        for name, values in tally.scores.items()
    }
    return Row(method.name, method.scale, scores, details)


def _faults(method: Method, tally: _Tally) -> Iterator[str]:
    if any(tally.broken):
        yield f'{method.name} x{method.scale} broke its bound: {tally.broken}'


def _conditions(scenes: Sequence[MiddleburyScene], bounded: bool) -> str:
    eight = sum(scene.eight_bits for scene in scenes)
    units = []
    if eight:
        units.append(f'{eight} scenes in grey levels of their 8-bit map, output rounded to 8 bits')
    if eight < len(scenes):
        units.append(f'{len(scenes) - eight} scenes in pixels of disparity, not rounded')
    return (
        f'{len(scenes)} scenes with their holes as published: {"; ".join(units)}. Input: '
        'cv2.resize, cubic, without anti-aliasing, unknown where a hole touches it. Crop: rows '
        'and columns at the right and lower border that fill no block. MAD and RMSE over the '
        'pixels that the map and all methods of a scale know; completeness: share of the map that '
        f'the method knows. Metric models, {"bounded" if bounded else "not bounded"}, see '
        f'disparity d as (d + {MAPPING.offset:g}) x {MAPPING.step:g} m. Not the '
        'table that papers print: that is middlebury6.'
    )


def _checked(scenes: int, bounded: bool) -> str:
    if not bounded:
        return ''
    return (
        f'Of all {scenes} scenes of every model: each value within the samples of its 3x3 '
        'neighbourhood give or take sigma, none where there are no samples, and the least value '
        'of every input pixel kept in its block.'
    )
