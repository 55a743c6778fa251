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
"""Folders of pairs."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from cdst_ros.recordings.datasets.pairs import find_pairs
from cdst_ros.recordings.errors import RecordingError

from .layouts import write_pairs


def test_pairs_are_read_in_metres_with_their_picture(tmp_path: Path):
    write_pairs(tmp_path, scale=2)
    pairs = find_pairs(tmp_path)
    assert [pair.name for pair in pairs] == ['0', '1', '2']
    low, reference, color = pairs[1].read()
    assert (low.shape, reference.shape) == ((24, 32), (48, 64))
    assert reference[10, 12] == pytest.approx(1.0)
    assert reference[30, 40] == pytest.approx(2.01)
    assert np.isnan(reference[0, 0])
    assert color is not None
    assert color.shape == (48, 64, 3)


def test_float_images_are_metres(tmp_path: Path):
    write_pairs(tmp_path, pairs=1, color=False)
    depth = np.full((48, 64), 1.23456, np.float32)
    depth[0, :2] = (0, np.inf)
    (tmp_path / 'reference' / '0.png').unlink()
    cv2.imwrite(str(tmp_path / 'reference' / '0.tiff'), depth)
    (pair,) = find_pairs(tmp_path)
    _, reference, color = pair.read()
    assert color is None
    assert reference[1, 1] == np.float32(1.23456)
    assert np.isnan(reference[0, :2]).all()


def test_halves_without_the_other_are_told(tmp_path: Path):
    write_pairs(tmp_path)
    (tmp_path / 'low' / '1.png').unlink()
    with pytest.raises(RecordingError, match=r'1 images have no other half.*: 1'):
        find_pairs(tmp_path)
    with pytest.raises(RecordingError, match='no folder of pairs'):
        find_pairs(tmp_path / 'low')


def test_eight_bits_are_no_depth(tmp_path: Path):
    write_pairs(tmp_path, pairs=1)
    cv2.imwrite(str(tmp_path / 'low' / '0.png'), np.zeros((24, 32), np.uint8))
    with pytest.raises(RecordingError, match='depth is one channel of 16-bit'):
        find_pairs(tmp_path)[0].read()
