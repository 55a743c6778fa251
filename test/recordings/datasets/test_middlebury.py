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
"""Middlebury scenes are found and read as every year has them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from cdst_ros.recordings.datasets.middlebury import find_scenes
from cdst_ros.recordings.datasets.pfm import read_pfm, write_pfm
from cdst_ros.recordings.errors import RecordingError

from .layouts import disparity, picture, write_2003, write_2006, write_2014


def test_scenes_of_all_years_are_found_by_name(tmp_path: Path):
    image = disparity(1)
    write_2006(tmp_path / '2006' / 'Baby1', image)
    write_2003(tmp_path / '2003' / 'cones', image)
    write_2003(tmp_path / '2001' / 'venus', image, '.pgm')
    write_2014(tmp_path / '2014' / 'Pipes-perfect', image.astype(np.float32) + 0.25)
    scenes = find_scenes(tmp_path)
    assert [scene.name for scene in scenes] == [
        '2001/venus',
        '2003/cones',
        '2006/Baby1',
        '2014/Pipes-perfect',
    ]
    assert [scene.eight_bits for scene in scenes] == [True, True, True, False]
    for scene in scenes[:3]:
        np.testing.assert_array_equal(scene.disparity(), image)
        np.testing.assert_array_equal(scene.color(), picture(image)[..., ::-1])
    np.testing.assert_array_equal(scenes[3].disparity(), image.astype(np.float32) + 0.25)


def test_holes_are_unknown_in_both_kinds_of_map(tmp_path: Path):
    image = disparity(2)
    image[5:9, 7:11] = 0
    write_2006(tmp_path / 'a', image)
    sparse = image.astype(np.float32)
    sparse[image == 0] = np.nan
    write_2014(tmp_path / 'b', sparse)
    for scene in find_scenes(tmp_path):
        np.testing.assert_array_equal(scene.disparity(), sparse)


def test_one_scene_may_be_the_folder_itself(tmp_path: Path):
    write_2006(tmp_path / 'Art', disparity(3))
    (scene,) = find_scenes(tmp_path / 'Art')
    assert scene.name == 'Art'


def test_nothing_of_the_kind_is_told_with_what_would_be(tmp_path: Path):
    with pytest.raises(RecordingError, match=r'disp0\.pfm, disp1\.png'):
        find_scenes(tmp_path)


def test_other_images_are_refused(tmp_path: Path):
    write_2006(tmp_path / 'a', disparity(4))
    cv2.imwrite(str(tmp_path / 'a' / 'disp1.png'), np.zeros((4, 4), np.uint16))
    with pytest.raises(RecordingError, match='no 8-bit grey image'):
        find_scenes(tmp_path)[0].disparity()


def test_float_maps_are_read_from_the_bottom_in_both_byte_orders(tmp_path: Path):
    values = np.array([[1.5, np.inf, 3], [4, 5, 6]], np.float32)
    write_pfm(tmp_path / 'little.pfm', values)
    rows = values[::-1].astype('>f4').tobytes()
    (tmp_path / 'big.pfm').write_bytes(b'Pf\n3 2\n1.0\n' + rows)
    for name in ('little', 'big'):
        np.testing.assert_array_equal(read_pfm(tmp_path / f'{name}.pfm'), values)
    assert (tmp_path / 'little.pfm').read_bytes().startswith(b'Pf\n3 2\n-')
    bottom = np.frombuffer((tmp_path / 'little.pfm').read_bytes()[-24:], '<f4')[:3]
    np.testing.assert_array_equal(bottom, values[1])
    decoded = cv2.imread(str(tmp_path / 'little.pfm'), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(decoded, values)


@pytest.mark.parametrize(
    ('data', 'said'),
    [(b'PF\n1 1\n-1\n' + bytes(12), 'begin with Pf'), (b'Pf\n9 9\n-1\n' + bytes(12), 'cut short')],
)
def test_damaged_float_maps_are_refused(tmp_path: Path, data: bytes, said: str):
    (tmp_path / 'x.pfm').write_bytes(data)
    with pytest.raises(RecordingError, match=said):
        read_pfm(tmp_path / 'x.pfm')
