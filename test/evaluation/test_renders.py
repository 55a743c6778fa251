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
from dataclasses import replace

import cv2
import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.protocols import protocol
from cdst_ros.evaluation.renders import SETS, described_profiles, view_of
from cdst_ros.evaluation.report import EvaluationError, Request
from cdst_ros.evaluation.sources import SourceFrame
from cdst_ros.synthetic import IDEAL, Sampling, load_profile

CAMERA = CameraModel.from_intrinsics(160.0, 160.0, 80.0, 48.0, 160, 96)


def plane(height=96, width=160):
    y, x = np.mgrid[:height, :width]
    return (1 / (0.3 + 0.001 * x - 0.0005 * y)).astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    """Return a folder of 3 renders with colour and intrinsics."""
    for number in range(3):
        depth = plane() + np.float32(number / 10)
        depth[30:70, 50 + number : 90] = 1.0
        mm = np.rint(1000 * depth).astype(np.uint16)
        cv2.imwrite(str(tmp_path / f'{number}_depth.png'), mm)
        cv2.imwrite(str(tmp_path / f'{number}_rgb.jpg'), np.full((96, 160, 3), 120, np.uint8))
    np.savetxt(tmp_path / 'K.txt', np.reshape(CAMERA.k, (3, 3)))
    return tmp_path


def test_every_profile_has_its_rows(folder):
    report = protocol('replica_x4').run(Request(folder, models=('lite_x4',), frames=2))
    assert described_profiles() == [
        'aligned', 'phone_lidar', 'stereo', 'structured_light', 'tof',
    ]  # fmt: skip
    assert [row.profile for row in report.rows[::5]] == described_profiles()
    assert all('occupancy_f1' in row.metrics for row in report.rows)
    assert '2 renders' in report.conditions
    assert report.broken == report.notes == []


def test_without_intrinsics_occupancy_is_left_out(folder):
    (folder / 'K.txt').unlink()
    report = protocol('tartanair_x4').run(Request(folder))
    assert all('occupancy_f1' not in row.metrics for row in report.rows)
    assert '3 frames are not 640x480 and have no K.txt' in report.notes[0]


def test_the_cameras_of_the_sets_are_those_of_their_images():
    assert {(one.camera.width, one.camera.height) for one in SETS} == {(1200, 680), (640, 480)}


@pytest.mark.parametrize(
    ('sampling', 'size'), [(Sampling.MEAN, (96, 160)), (Sampling.PICK, (44, 76))]
)
def test_input_and_reference_lie_on_one_grid(sampling, size):
    sensor = replace(IDEAL, sampling=sampling)
    view = view_of(SourceFrame('0', plane(), '32FC1'), sensor, CAMERA, 0)
    assert view.reference.shape == size
    assert view.low.shape == tuple(n // 4 for n in size)
    blocks = view.reference.reshape(size[0] // 4, 4, size[1] // 4, 4)
    middle = 1 / (1 / blocks[:, 1:3, :, 1:3]).mean(axis=(1, 3))
    assert view.low == pytest.approx(middle, abs=1e-3)
    # The same point of the scene has the same place before and after.
    point = CAMERA.back_project(plane())[8, 16]
    pixel = view.camera.project(point[None])[0]
    step = 96 // size[0]
    assert pixel == pytest.approx((16 / step, 8 / step), abs=1e-4)


def test_what_is_not_the_protocol_is_refused(folder):
    with pytest.raises(EvaluationError, match='of scale 4 only'):
        protocol('replica_x4').run(Request(folder, scales=(2,)))
    with pytest.raises(EvaluationError, match='is no recording or folder'):
        protocol('replica_x4').run(Request(folder / '0_depth.png'))
    with pytest.raises(EvaluationError, match='--data'):
        protocol('replica_x4').run(Request())
    for file in folder.glob('*_depth.png'):
        file.write_bytes(b'')
    with pytest.raises(EvaluationError, match='no frame of'):
        protocol('replica_x4').run(Request(folder))


def test_a_sensor_that_integrates_light_keeps_its_mixed_pixels():
    # Angles are known beside edges too: without them a time-of-flight camera would lose all edges.
    depth = plane()
    depth[30:70, 50:90] = 1.0
    color = np.full((96, 160, 3), 120, np.uint8)
    frame = SourceFrame('0', depth, '32FC1', color=color)
    sensor = replace(load_profile('tof'), edge_dropout=0.0, grazing_dropout=0.0)
    view = view_of(frame, sensor, CAMERA, 0)
    assert np.isfinite(view.low).mean() > 0.95
    column = view.low[8:16, 12]
    assert ((column > 1.05) & (column < 2.4)).all()
