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
"""The middlebury protocol: scenes as published, holes and all."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from recordings.datasets.layouts import disparity, write_2003, write_2006, write_2014

from cdst_ros.evaluation.methods import open_methods
from cdst_ros.evaluation.metrics import mad, rmse
from cdst_ros.evaluation.middlebury import Scene
from cdst_ros.evaluation.middlebury import restore as restore_as_papers_do
from cdst_ros.evaluation.middlebury_scenes import run
from cdst_ros.evaluation.protocols import PROTOCOLS
from cdst_ros.evaluation.report import EvaluationError, Request
from cdst_ros.recordings.errors import RecordingError


def with_hole(seed: int) -> np.ndarray:
    image = disparity(seed)
    image[40:60, 50:70] = 0
    return image


def test_scene_without_holes_scores_as_in_middlebury6(tmp_path: Path):
    image = disparity(5)
    write_2006(tmp_path / 'Art', image)
    request = Request(data=tmp_path, scales=(4,))
    report = run(request)
    with open_methods(request, [4]) as methods:
        for method, row in zip(methods, report.rows, strict=True):
            scene = Scene('Art', image, cv2.applyColorMap(image, cv2.COLORMAP_JET)[..., ::-1])
            expected = restore_as_papers_do(scene, method).output
            if method.guided:
                continue  # it works on depth here, on grey levels there
            assert row.scores['mad']['mean'] == pytest.approx(mad(expected, image), abs=2e-3)
            assert row.scores['rmse']['mean'] == pytest.approx(rmse(expected, image), abs=2e-2)


def test_scenes_of_every_year_are_scored_with_a_model_and_its_promises(tmp_path: Path):
    write_2006(tmp_path / '2006' / 'Art', with_hole(1))
    write_2003(tmp_path / '2003' / 'cones', with_hole(2))
    write_2014(tmp_path / '2014' / 'Pipes', np.where(with_hole(3), disparity(3) + 0.25, np.nan))
    report = run(Request(data=tmp_path, scales=(4,), models=('lite_x4',)))
    rows = {row.method: row for row in report.rows}
    assert set(rows) == {'nearest', 'bilinear', 'bicubic', 'joint_bilateral', 'lite_x4'}
    scores = rows['lite_x4'].scores
    assert set(scores['mad']) == {'2006/Art', '2003/cones', '2014/Pipes', 'mean'}
    assert scores['mad']['mean'] < rows['bicubic'].scores['mad']['mean']
    assert 0.8 < scores['completeness']['mean'] < 1
    assert not report.broken
    for said in ('grey levels', 'pixels of disparity', 'Crop', 'cubic', 'middlebury6', 'holes'):
        assert said in report.conditions
    assert report.to_json()['conditions'] == report.conditions


def test_hole_is_not_scored_however_wrong_it_is_filled(tmp_path: Path):
    flat = np.full((64, 64), 100, np.uint8)
    flat[20:30, 20:30] = 0
    write_2006(tmp_path / 'flat', flat)
    report = run(Request(data=tmp_path, scales=(2,)))
    assert all(row.scores['mad']['mean'] == 0 for row in report.rows)


def test_small_scenes_and_other_folders_are_refused(tmp_path: Path):
    with pytest.raises(RecordingError, match='no Middlebury scene'):
        run(Request(data=tmp_path))
    write_2006(tmp_path / 'a', disparity(1)[:30, :40])
    with pytest.raises(EvaluationError, match='too small for x8'):
        run(Request(data=tmp_path, scales=(8,)))
    with pytest.raises(EvaluationError, match='scales'):
        run(Request(data=tmp_path, scales=(3,)))


def test_every_protocol_can_be_named():
    assert {'middlebury6', 'middlebury', 'nyu_v2', 'pairs', 'hololens_x2'} <= PROTOCOLS.keys()
