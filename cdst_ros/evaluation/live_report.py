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
"""What is reported of a live run: numbers for programs, a picture for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2

from cdst_ros.depth.noise import NoiseModel
from cdst_ros.evaluation.live import LiveRun, Sample
from cdst_ros.evaluation.picture import draw_comparison, edge_share
from cdst_ros.evaluation.scoring import enlarge_classically, score

#: What the superres node says of itself that belongs to the figures.
_IDENTITY = ('engine', 'model', 'precision', 'device')


def summarise(run: LiveRun, noise: NoiseModel, bound_sigmas: float) -> dict[str, Any]:
    """
    Return the report as JSON values.

    :param noise: the model's, for the slack of its bound
    :param bound_sigmas: that the superres node ran with
    """
    tally = run.tally
    scores = score(run.samples, noise, bound_sigmas)
    errors = scores.errors if scores.samples else {}
    return {
        **{name: run.superres[name] for name in _IDENTITY if name in run.superres},
        'input_size': run.input_size,
        'output_size': run.output_size,
        'frames_in': tally.frames_in,
        'frames_out': tally.frames_out,
        'dropped': tally.frames_in - tally.frames_out,
        'rate_hz': tally.rate_hz(),
        'latency_ms': tally.latency_ms(run.simulated),
        'rmse_cm': {name: e.rmse_cm for name, e in errors.items()},
        'edge_rmse_cm': {name: e.edge_rmse_cm for name, e in errors.items()},
        'completeness': {name: e.completeness for name, e in errors.items()},
        'scored_frames': scores.samples,
        'broken_promises': scores.broken._asdict(),
        'camera_info': vars(run.cameras),
        'superres': run.superres,
    }


def write_picture(run: LiveRun, report: dict[str, Any], label: str, path: Path) -> bool:
    """
    Draw the sample whose truth has the most edges: they are what is restored.

    :param report: of ``summarise``
    :param label: what was played
    :return: False where there is no sample to draw
    :raises OSError: when the file cannot be written
    """
    samples = list(run.samples)
    if not samples:
        return False
    sample = max(samples, key=lambda one: edge_share(one.truth))
    ours = f'cdst_ros: {report.get("model", "output")}'
    methods = {'bicubic': enlarge_classically(sample)['bicubic'], ours: sample.high}
    picture = draw_comparison(sample.low, methods, sample.truth, _title(sample, report), label)
    written, data = cv2.imencode('.png', picture)
    if not written:
        raise OSError(f'{path}: this OpenCV cannot write PNG')
    path.write_bytes(data.tobytes())
    return True


def _title(sample: Sample, report: dict[str, Any]) -> str:
    sizes = ' to '.join(f'{d.shape[1]}x{d.shape[0]}' for d in (sample.low, sample.high))
    title = f'{report.get("model", "output")}: {sizes}'
    if report['rate_hz'] is not None:
        title += f' at {report["rate_hz"]:.0f} Hz'
    if report['latency_ms'] is not None:
        title += f', {report["latency_ms"]["p50"]:.0f} ms median latency'
    return title
