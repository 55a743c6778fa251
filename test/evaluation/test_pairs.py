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
"""The pairs protocol: nothing is degraded, and the scale is the folder's."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from recordings.datasets.layouts import write_pairs

from cdst_ros.evaluation.pairs import run
from cdst_ros.evaluation.report import EvaluationError, Request


def test_pairs_are_scored_at_their_own_scale(tmp_path: Path):
    write_pairs(tmp_path, scale=2)
    report = run(Request(data=tmp_path, scales=(2, 4), models=('lite_x2', 'lite_x4')))
    rows = {row.method: row for row in report.rows}
    assert set(rows) == {'nearest', 'bilinear', 'bicubic', 'joint_bilateral', 'lite_x2'}
    assert {row.scale for row in report.rows} == {2}
    assert 'rmse_cm' in rows['nearest'].metrics
    assert 'occupancy_f1' in rows['nearest'].metrics, 'K.txt is there'
    assert any('lite_x4: left out' in note for note in report.notes)
    for said in ('3 pairs', 'x2', 'no degradation', 'no crop', 'cm'):
        assert said in report.conditions


def test_without_colour_guided_methods_are_left_out(tmp_path: Path):
    write_pairs(tmp_path, color=False)
    report = run(Request(data=tmp_path))
    assert 'joint_bilateral' not in {row.method for row in report.rows}


def test_pair_of_another_size_is_left_out_and_told(tmp_path: Path):
    write_pairs(tmp_path)
    cv2.imwrite(str(tmp_path / 'reference' / '1.png'), np.full((24, 32), 900, np.uint16))
    report = run(Request(data=tmp_path))
    assert any('1: 32x24 and 32x24 are not of scale 2' in note for note in report.notes)
    assert '2 pairs' in report.conditions


def test_scales_that_are_none_are_refused(tmp_path: Path):
    write_pairs(tmp_path, scale=2)
    with pytest.raises(EvaluationError, match='are of scale 2, not of'):
        run(Request(data=tmp_path, scales=(4,)))
    cv2.imwrite(str(tmp_path / 'reference' / '0.png'), np.full((50, 70), 900, np.uint16))
    with pytest.raises(EvaluationError, match='whole number of times'):
        run(Request(data=tmp_path))
