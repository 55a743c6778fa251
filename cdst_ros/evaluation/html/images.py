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
"""Pixels as pictures of a page."""

from __future__ import annotations

import base64

import cv2
import numpy as np

from cdst_ros.depth.arrays import U8
from cdst_ros.evaluation.html.page import Picture

#: Of JPEG; at this quality, with colour at full resolution, colour maps keep their edges.
QUALITY = 80


def encode_png(image: U8) -> bytes:
    """
    Return a PNG file.

    :param image: (H, W, 3) BGR or (H, W)
    """
    return _encoded('.png', image, [cv2.IMWRITE_PNG_COMPRESSION, 6])


def encode_jpeg(image: U8, quality: int = QUALITY) -> bytes:
    """
    Return a JPEG file.

    :param image: (H, W, 3) BGR or (H, W)
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    sampling = getattr(cv2, 'IMWRITE_JPEG_SAMPLING_FACTOR', None)  # OpenCV 4.7 and later
    if sampling is not None:
        options += [sampling, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return _encoded('.jpg', image, options)


def png_uri(image: U8) -> str:
    """Return an image, (H, W, 3) BGR or (H, W), as a ``data:`` URI."""
    return data_uri('image/png', encode_png(image))


def data_uri(kind: str, data: bytes) -> str:
    """Return a file as a ``data:`` URI."""
    return f'data:{kind};base64,{base64.b64encode(data).decode()}'


def picture_of(
    image: U8, alt: str, *, widest: int | None = None, pixelated: bool = False, caption: str = ''
) -> Picture:
    """
    Return an image as a picture of a page.

    :param image: (H, W, 3) BGR or (H, W)
    :param widest: averaged down to this width [px] if it is wider
    :param pixelated: whether single pixels are to be seen: it is a PNG then, whose pixels stay
        squares when the page enlarges it, else a JPEG
    """
    if widest is not None and image.shape[1] > widest:
        height = max(1, round(image.shape[0] * widest / image.shape[1]))
        shrunk = cv2.resize(image, (widest, height), interpolation=cv2.INTER_AREA)
        image = np.asarray(shrunk, dtype=np.uint8)
    height, width = image.shape[:2]
    uri = png_uri(image) if pixelated else data_uri('image/jpeg', encode_jpeg(image))
    return Picture(uri, width, height, alt, pixelated, caption, narrow=True)


def _encoded(suffix: str, image: U8, options: list[int]) -> bytes:
    written, data = cv2.imencode(suffix, image, options)
    if not written:
        raise OSError(f'this OpenCV cannot write {suffix}')
    return bytes(data.tobytes())
