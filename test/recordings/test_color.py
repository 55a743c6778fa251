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
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from cdst_ros.recordings.color import ColorDecodeError, decode_color, decode_compressed_color


def message(pixels, encoding, padding=0):
    rows = pixels.reshape(pixels.shape[0], -1)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=77)
    return SimpleNamespace(
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        step=rows.shape[1],
        data=rows.ravel(),
    )


@pytest.mark.parametrize('padding', [0, 5])
@pytest.mark.parametrize(
    ('encoding', 'stored'),
    [
        ('rgb8', [10, 20, 30]),
        ('bgr8', [30, 20, 10]),
        ('8UC3', [30, 20, 10]),
        ('rgba8', [10, 20, 30, 255]),
        ('bgra8', [30, 20, 10, 255]),
    ],
)
def test_colour_becomes_rgb(encoding, stored, padding):
    pixels = np.full((4, 6, len(stored)), stored, np.uint8)
    out = decode_color(message(pixels, encoding, padding))
    assert out.shape == (4, 6, 3)
    assert out.flags.c_contiguous
    assert np.unique(out.reshape(-1, 3), axis=0).tolist() == [[10, 20, 30]]


def test_grey_becomes_rgb():
    out = decode_color(message(np.full((4, 6), 9, np.uint8), 'mono8'))
    assert out.shape == (4, 6, 3)
    assert set(out.ravel()) == {9}


@pytest.mark.parametrize(
    'change', [{'encoding': 'bayer_rggb8'}, {'height': 5}, {'width': 0}, {'step': 3}]
)
def test_what_is_not_whole_colour_is_refused(change):
    msg = message(np.zeros((4, 6, 3), np.uint8), 'rgb8')
    msg.__dict__.update(change)
    with pytest.raises(ColorDecodeError):
        decode_color(msg)


def test_jpeg_becomes_rgb_and_damage_is_refused():
    _, data = cv2.imencode('.jpg', np.full((16, 16, 3), (200, 10, 10), np.uint8))
    msg = SimpleNamespace(format='jpeg', data=data.ravel())
    assert decode_compressed_color(msg)[8, 8, 2] > 180
    for bad in (b'', b'nothing'):
        with pytest.raises(ColorDecodeError, match='does not decode'):
            decode_compressed_color(SimpleNamespace(format='jpeg', data=bad))
