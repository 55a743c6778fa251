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

import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.characterise.camera_info import camera_info
from cdst_ros.evaluation.characterise.stamps import Stamps

GOOD = CameraModel.from_intrinsics(300.0, 300.0, 160.0, 119.0, 320, 240)


def stamps(frame_id: str = 'optical', late_ns: int = 0) -> Stamps:
    found = Stamps('/depth')
    for k in range(5):
        found.add(k * 10**8 + late_ns, None, 0, frame_id)
    return found


def test_a_good_camera_has_no_fault():
    section = camera_info(GOOD, (320, 240), stamps(), stamps())
    assert section['faults'].value == 0
    assert section['field_of_view'].value == pytest.approx(56.14, abs=0.01)
    assert section['principal_right'].value == pytest.approx(0.5)
    assert section['principal_down'].value == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ('camera', 'said'),
    [
        (None, 'no camera_info'),
        (CameraModel(320, 240), 'uncalibrated'),
        (CameraModel.from_intrinsics(300.0, 300.0, 319.0, 239.0, 640, 480), '640x480'),
        (CameraModel.from_intrinsics(300.0, 330.0, 160.0, 119.0, 320, 240), 'not square'),
        (CameraModel.from_intrinsics(300.0, 300.0, 60.0, 119.0, 320, 240), '-31% of the image'),
        (replace(GOOD, d=(0.1, 0.0, 0.0, 0.0, 0.0)), 'distortion'),
        (replace(GOOD, p=(250.0, 0, 160, 0, 0, 250.0, 119, 0, 0, 0, 1, 0)), 'P has fx 250'),
    ],
)
def test_faults_of_a_camera_are_named(camera, said: str):
    section = camera_info(camera, (320, 240))
    assert said in ' '.join(section.notes)
    assert section['faults'].value == len(section.notes) >= 1


def test_faults_of_its_messages_are_named():
    info = stamps('other', late_ns=4 * 10**7)
    info.camera_changes = 2
    depth = stamps('')
    notes = ' '.join(camera_info(GOOD, (320, 240), info, depth).notes)
    for said in ('changes 2 times', '(other) is not', 'frame_id of the depth images is empty',
                 '5 of 5 images have no camera_info'):  # fmt: skip
        assert said in notes
