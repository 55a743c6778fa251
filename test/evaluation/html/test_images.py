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
from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest

from cdst_ros.evaluation.html.images import encode_jpeg, encode_png, picture_of, png_uri


@pytest.fixture
def image():
    return np.random.default_rng(1).integers(0, 255, (30, 40, 3), np.uint8)


def decoded(uri):
    kind, data = uri.split(';base64,')
    array = np.frombuffer(base64.b64decode(data), np.uint8)
    return kind, cv2.imdecode(array, cv2.IMREAD_COLOR)


def test_png_keeps_every_pixel(image):
    kind, pixels = decoded(png_uri(image))
    assert kind == 'data:image/png'
    np.testing.assert_array_equal(pixels, image)
    assert encode_png(image) == encode_png(image.copy())


def test_single_pixels_are_not_blurred_by_compression(image):
    picture = picture_of(image, 'noise', pixelated=True)
    assert picture.pixelated
    np.testing.assert_array_equal(decoded(picture.uri)[1], image)


def test_other_pictures_are_jpeg_and_keep_colours_beside_each_other():
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, 16:] = (0, 0, 255)
    kind, pixels = decoded(picture_of(image, 'half red').uri)
    assert kind == 'data:image/jpeg'
    assert pixels[:, 15, 2].max() < 60
    assert pixels[:, 16, 2].min() > 190
    assert len(encode_jpeg(image, 40)) <= len(encode_jpeg(image, 95))


def test_a_wide_picture_is_averaged_down(image):
    picture = picture_of(image, 'noise', widest=10, pixelated=True)
    assert (picture.width, picture.height) == (10, 8)
    assert decoded(picture.uri)[1].shape == (8, 10, 3)


def test_a_narrow_one_stays(image):
    assert picture_of(image, 'noise', widest=400).width == 40
