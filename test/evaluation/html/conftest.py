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
"""A report of a made-up recording: a box before a slanted wall, and methods that err as told."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.recording_report import Band, FrameScore, KeptFrame, RecordingReport
from cdst_ros.evaluation.report import Report, Row

SIZE = (48, 64)
CAMERA = CameraModel.from_intrinsics(60.0, 60.0, 31.5, 23.5, 64, 48)
ERRORS = {'nearest': 3.0, 'bilinear': 4.0, 'joint_bilateral': 3.5, 'ours': 2.0}


def scene():
    """Return a wall with a box before it and a hole (48, 64) [m]."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    depth = 3 + x / 100 + y / 200
    depth[14:34, 18:40] = 1.5
    depth[40:44, 4:10] = np.nan
    return depth.astype(np.float32)


def enlarged(low, how):
    return cv2.resize(low, SIZE[::-1], interpolation=how)


def frame_score(number, scale=2, factor=1.0):
    wave = 1 + 0.3 * math.sin(number)
    metrics = {
        name: {'edge_mae_cm': wave * value * factor, 'rmse_cm': wave * value / 2}
        for name, value in ERRORS.items()
    }
    return FrameScore(
        index=number,
        name=f'{number:06d}',
        stamp_ns=10**9 + number * 10**8,
        sequence='walk',
        scale=scale,
        metrics=metrics,
        latency_ms={name: 1 + value for name, value in ERRORS.items()},
    )


def kept_frame(role, number, scale=2):
    reference = scene()
    low = reference[::scale, ::scale].copy()
    rng = np.random.default_rng(number)
    near = reference + rng.normal(0, 0.01, SIZE).astype(np.float32)
    outputs = {
        'nearest': enlarged(low, cv2.INTER_NEAREST),
        'bilinear': enlarged(low, cv2.INTER_LINEAR),
        'ours': near.astype(np.float32),
    }
    return KeptFrame(
        role=role,
        score=frame_score(number, scale),
        low=low,
        reference=reference,
        outputs=outputs,
        sigma=np.full(SIZE, 0.01, np.float32),
        rgb=rng.integers(0, 255, (*SIZE, 3), np.uint8),
        camera=CAMERA,
    )


def row(method, value, scale=2, verdict='better'):
    metrics = {'edge_mae_cm': value, 'rmse_cm': value / 2, 'thin_recall': 0.5, 'lost': 0.01}
    details = {'engine': 'worked', 'latency_ms': {'median': 4.0, 'p95': 5.5}}
    if method == 'joint_bilateral':
        details['guided'] = True
    if method == 'ours':
        low, high = {'better': (-1.4, -0.6), 'worse': (0.6, 1.4), 'even': (-0.2, 0.2)}[verdict]
        floor = value - (low + high) / 2
        stands = {
            'floor': 'nearest',
            'difference': value - floor,
            'interval': (low, high),
            'verdict': verdict,
            'gain': 1 - value / floor,
            'gain_interval': (-high / floor, -low / floor),
        }
        details['versus_depth_only'] = {'edge_mae_cm': stands}
        details['versus'] = {'edge_mae_cm': {**stands, 'floor': 'joint_bilateral'}}
        metrics.update(coverage_50=0.4, coverage_80=0.7, coverage_90=0.85, coverage_95=0.9)
        metrics.update(miscalibration=0.07, ause=0.2)
    intervals = {'edge_mae_cm': (value - 0.5, value + 0.5)}
    return Row(method, scale, {}, details, metrics, intervals)


def bands(value):
    return (
        Band(0.0, 2.0, 500, value, value / 2, value),
        Band(2.0, 4.0, 1500, value, value / 2, 2 * value),
        Band(4.0, 8.0, 1, 50.0, 50.0, math.nan),
        Band(8.0, math.inf, 0, math.nan, math.nan, math.nan),
    )


def make_report(scales=(2,), verdict='better', frames=12):
    rows = [row(name, v, scale, verdict) for scale in scales for name, v in ERRORS.items()]
    entrants = [(one.scale, one.method) for one in rows]
    edges = (0.0, *np.geomspace(0.05, 500, 20).tolist())
    return RecordingReport(
        report=Report(
            protocol='recording',
            conditions='12 frames of /depth/image_raw, 5 < 6 & so on.',
            rows=rows,
            checked='each value within its bound.',
            notes=['2 frames are left out: <damaged>'],
        ),
        source='walk.mcap',
        command='cdst-ros evaluate walk.mcap --html report.html',
        created='2026-11-21T06:00:00Z',
        environment={'cdst_ros': '0.1.0', 'CPU': 'two cores'},
        baseline='nearest',
        judged=('ours',),
        frames=tuple(frame_score(n, scale) for scale in scales for n in range(frames)),
        bands={one: bands(ERRORS[one[1]]) for one in entrants},
        histogram={one: (edges, tuple(range(20, 0, -1))) for one in entrants},
        kept=tuple(
            kept_frame(role, number, scale)
            for scale in scales
            for number, role in enumerate(('best', 'median', 'worst'))
        ),
        verdict='On this camera x2 helps edges by 33 % (20 to 47; ours against nearest).',
        timing={'frames': frames, 'seconds': 2.0, 'realtime_factor': 4.2},
    )


@pytest.fixture
def report():
    return make_report()


@pytest.fixture(scope='session')
def make():
    return make_report
