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
"""Scores and the report of a live run."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cdst_ros.depth.noise import NoiseModel
from cdst_ros.evaluation.live import LiveRun, Sample, SpreadSamples
from cdst_ros.evaluation.live_report import summarise, write_picture
from cdst_ros.evaluation.scoring import FLOORS, enlarge_classically, score


def make_sample(error_m: float = 0.0, shape: tuple[int, int] = (32, 40)) -> Sample:
    """Return a slanted plane with a post before it, its output off by ``error_m``."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    truth = (2 + 0.01 * rows + 0.005 * columns).astype(np.float32)
    truth[8:24, 16:24] = 1.0
    low = np.ascontiguousarray(truth.reshape(shape[0] // 4, 4, -1, 4).mean((1, 3)))
    return Sample(low, truth + np.float32(error_m), truth)


def make_run(*samples: Sample) -> LiveRun:
    run = LiveRun(SpreadSamples(8))
    for sample in samples:
        run.samples.keep(sample)
    return run


def test_model_and_floors_are_scored_on_the_same_frames():
    scores = score([make_sample(0.02), make_sample(0.02)], NoiseModel())
    assert list(scores.errors) == ['model', *FLOORS]
    assert scores.samples == 2
    assert scores.errors['model'].rmse_cm == pytest.approx(2.0, rel=1e-4)
    assert scores.errors['bicubic'].rmse_cm > 5, 'the post'
    assert len({e.pixels for e in scores.errors.values()}) == 1


def test_what_the_model_leaves_out_is_not_compared_but_told():
    sample = make_sample(0.02)
    sample.high[8:24, 16:24] = np.nan
    errors = score([sample], NoiseModel()).errors
    assert errors['model'].completeness < 1 == errors['bicubic'].completeness
    assert errors['model'].pixels == errors['nearest'].pixels < sample.truth.size


def test_broken_promises_are_counted_with_the_noise_as_slack():
    sample = make_sample(0.02)
    assert score([sample], NoiseModel()).broken.outside > 0
    kept = Sample(sample.low, np.repeat(np.repeat(sample.low, 4, 0), 4, 1), sample.truth)
    assert sum(score([kept], NoiseModel()).broken) == 0
    assert score([sample], NoiseModel(constant=1.0)).broken.outside == 0


def test_floors_are_unbounded_and_as_large_as_the_truth():
    sample = make_sample()
    enlarged = enlarge_classically(sample)
    assert {depth.shape for depth in enlarged.values()} == {sample.truth.shape}
    assert np.nanmin(enlarged['bicubic']) < 0.99 < np.nanmin(enlarged['bilinear']) + 0.01


def test_report_without_truth_has_no_scores(tmp_path):
    report = summarise(make_run(), NoiseModel(), 1.0)
    assert report['rmse_cm'] == {}
    assert report['frames_out'] == report['frames_in'] == 0
    assert not write_picture(make_run(), report, '', tmp_path / 'none.png')
    assert not list(tmp_path.iterdir())


def test_report_says_who_ran_and_draws_the_picture(tmp_path):
    run = make_run(make_sample(0.01))
    run.superres = {'engine': 'openvino', 'model': 'lite_x4', 'device': 'CPU', 'state': 'active'}
    report = summarise(run, NoiseModel(), 1.0)
    assert (report['engine'], report['model']) == ('openvino', 'lite_x4')
    assert report['rmse_cm']['model'] == pytest.approx(1.0, rel=1e-3)
    assert write_picture(run, report, 'a test', tmp_path / 'a.png')
    image = cv2.imread(str(tmp_path / 'a.png'))
    assert image.shape[1] > 1000
