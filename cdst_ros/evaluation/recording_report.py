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
"""What scoring a recording gives: pooled rows, every frame's own scores, and a few frames."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.guard.decision import Decision
from cdst_ros.evaluation.report import Report

#: A scale and the name of a method.
Entrant = tuple[int, str]
#: Edges of N bins, ascending, N + 1 of them, and how many fell into each.
Histogram = tuple[tuple[float, ...], tuple[int, ...]]


@dataclass(frozen=True)
class FrameScore:
    """
    The scores of one frame at one scale.

    :param index: place among the frames of the source that were scored, from 0
    :param name: of the frame in its source
    :param stamp_ns: 0 where unknown [ns]
    :param sequence: frames of one sequence follow each other
    :param scale: output pixels per input pixel, each way
    :param metrics: by method, figures by their names in ``metrics/catalogue.py``
    :param latency_ms: by method, of the whole one-frame path, as the node runs it [ms]
    """

    index: int
    name: str
    stamp_ns: int
    sequence: str
    scale: int
    metrics: dict[str, dict[str, float]]
    latency_ms: dict[str, float]


@dataclass(frozen=True, eq=False)
class KeptFrame:
    """
    A frame that is worth looking at.

    :param role: what it is: ``best``, ``median`` or ``worst``
    :param score: its scores
    :param low: the input, (H, W) [m], NaN = unknown
    :param reference: (sH, sW) [m], NaN = unknown
    :param outputs: by method, (sH, sW) [m], NaN = unknown
    :param sigma: of the judged model, (sH, sW) [m], where it has some
    :param rgb: (sH, sW, 3), registered to the reference, where there is some
    :param camera: of the reference, where known
    """

    role: str
    score: FrameScore
    low: F32
    reference: F32
    outputs: dict[str, F32]
    sigma: F32 | None = None
    rgb: U8 | None = None
    camera: CameraModel | None = None


@dataclass(frozen=True)
class Band:
    """
    Errors in a band of the reference's depth, pooled over all frames.

    :param near_m: from here [m]
    :param far_m: to here [m], infinite in the last band
    :param pixels: that the errors are of
    :param edge_mae_cm: of those near a discontinuity, NaN where there are none
    """

    near_m: float
    far_m: float
    pixels: int
    rmse_cm: float
    mae_cm: float
    edge_mae_cm: float


@dataclass(frozen=True)
class RecordingReport:
    """
    What scoring a recording, or a live run, gave.

    :param report: conditions, pooled rows with intervals, checks and notes
    :param source: what was scored
    :param command: that made the report
    :param created: when, ISO 8601, UTC
    :param environment: versions and machine, by name
    :param baseline: the best classical method of depth alone, at the first scale
    :param baselines: likewise, by scale
    :param judged: the models
    :param frames: every frame at every scale, in their order
    :param bands: errors by distance, by scale and method
    :param histogram: of absolute errors [cm], by scale and method
    :param kept: a few frames of each scale
    :param verdict: one sentence
    :param timing: ``frames``, ``seconds``, ``recorded_seconds`` and ``realtime_factor``
    :param guard: what the guard decided, where it was asked
    """

    report: Report
    source: str
    command: str
    created: str
    environment: dict[str, str]
    baseline: str
    judged: tuple[str, ...]
    frames: tuple[FrameScore, ...]
    bands: dict[Entrant, tuple[Band, ...]] = field(default_factory=dict)
    histogram: dict[Entrant, Histogram] = field(default_factory=dict)
    kept: tuple[KeptFrame, ...] = ()
    verdict: str = ''
    timing: dict[str, float] = field(default_factory=dict)
    baselines: dict[int, str] = field(default_factory=dict)
    guard: Decision | None = None

    def to_json(self) -> dict[str, Any]:
        """Return everything but the images as JSON values; NaN and infinities stay."""
        return {
            **self.report.to_json(),
            'verdict': self.verdict,
            'source': self.source,
            'command': self.command,
            'created': self.created,
            'environment': self.environment,
            'baseline': self.baseline,
            'baselines': {str(scale): name for scale, name in self.baselines.items()},
            'judged': list(self.judged),
            'timing': self.timing,
            'guard': None if self.guard is None else self.guard.to_json(),
            'bands': [
                {'scale': scale, 'method': method, 'bands': [asdict(band) for band in bands]}
                for (scale, method), bands in self.bands.items()
            ],
            'histogram': [
                {'scale': scale, 'method': method, 'edges_cm': list(edges), 'counts': list(counts)}
                for (scale, method), (edges, counts) in self.histogram.items()
            ],
            'kept': [
                {'role': one.role, 'scale': one.score.scale, 'frame': one.score.name}
                for one in self.kept
            ],
            'frames': [asdict(frame) for frame in self.frames],
        }
