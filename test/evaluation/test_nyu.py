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
"""The nyu_v2 protocol: split, reduction, crop, unit and mean of the literature."""

from pathlib import Path

import numpy as np
import pytest
from recordings.datasets.layouts import write_nyu

from cdst_ros.evaluation.nyu import CROP, run, score
from cdst_ros.evaluation.report import EvaluationError, Request
from cdst_ros.evaluation.resampling import reduce_antialiased
from cdst_ros.recordings.datasets.nyu import FILE_NAME
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import Settings, SuperResolution

pytest.importorskip('h5py')


def test_score_leaves_the_border_out_and_is_in_centimetres():
    reference = np.full((40, 50), 2.0, np.float32)
    output = reference + np.float32(0.03)
    output[:CROP] = output[-CROP:] = 9.0
    output[:, :CROP] = output[:, -CROP:] = 9.0
    output[CROP, CROP] = 2.5
    pixels = (40 - 2 * CROP) * (50 - 2 * CROP)
    expected = 100 * np.sqrt((0.03**2 * (pixels - 1) + 0.5**2) / pixels)
    assert score(output, reference)[0] == pytest.approx(expected, rel=1e-4)


def test_rows_are_means_over_the_test_images(tmp_path: Path):
    depths = write_nyu(tmp_path / FILE_NAME, 1003)
    report = run(Request(data=tmp_path, scales=(4,), models=('lite_x4',)))
    rows = {row.method: row for row in report.rows}
    assert set(rows) == {'nearest', 'bilinear', 'bicubic', 'joint_bilateral', 'lite_x4'}
    enlarge = SuperResolution(open_engine(None, 'bicubic', scale=4), Settings(bounded=False))
    by_hand = []
    for depth in depths[1000:]:
        output = enlarge(reduce_antialiased(depth, 4)).depth
        error = (output - depth)[6:-6, 6:-6].astype(np.float64)
        by_hand.append(100 * np.sqrt((error**2).mean()))
    assert rows['bicubic'].scores['rmse_cm'] == pytest.approx(np.mean(by_hand), rel=1e-6)
    assert not report.broken
    for said in ('3 images', 'number 1000', 'anti-aliased', 'cm', '6 px', 'hole-filled'):
        assert said in report.conditions
    assert 'not the figure that papers print' in report.notes[0]


def test_file_without_a_test_part_is_refused(tmp_path: Path):
    write_nyu(tmp_path / FILE_NAME, 20)
    with pytest.raises(EvaluationError, match='the test begins with pair 1000'):
        run(Request(data=tmp_path, scales=(4,)))


def test_sizes_that_do_not_divide_are_refused(tmp_path: Path):
    write_nyu(tmp_path / FILE_NAME, 1001, height=30)
    with pytest.raises(EvaluationError, match='no multiple of 4'):
        run(Request(data=tmp_path, scales=(4,)))
