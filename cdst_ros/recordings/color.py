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
"""Colour messages to RGB images."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import U8
from cdst_ros.depth.messages import CompressedImageLike, ImageLike


class _Layout(NamedTuple):
    """Bytes a pixel, and OpenCV's conversion to RGB, where one is needed."""

    channels: int
    conversion: int | None


_LAYOUTS = {
    'rgb8': _Layout(3, None),
    'bgr8': _Layout(3, cv2.COLOR_BGR2RGB),
    'rgba8': _Layout(4, cv2.COLOR_RGBA2RGB),
    'bgra8': _Layout(4, cv2.COLOR_BGRA2RGB),
    'mono8': _Layout(1, cv2.COLOR_GRAY2RGB),
    '8UC3': _Layout(3, cv2.COLOR_BGR2RGB),
}
#: Encodings of raw colour images that can be read.
COLOR_ENCODINGS = tuple(_LAYOUTS)


class ColorDecodeError(ValueError):
    """A colour image that cannot be read, or is not whole."""


def decode_color(msg: ImageLike) -> U8:
    """
    Return the image of a raw colour message, (H, W, 3) RGB.

    :raises ColorDecodeError: when the encoding is not one of ``COLOR_ENCODINGS``, or bytes are
        missing
    """
    layout = _LAYOUTS.get(msg.encoding)
    if layout is None:
        raise ColorDecodeError(
            f"a colour image with encoding '{msg.encoding}' cannot be read (supported: "
            f'{", ".join(COLOR_ENCODINGS)}): set the driver to rgb8'
        )
    height, width, step = int(msg.height), int(msg.width), int(msg.step)
    row = width * layout.channels
    data = memoryview(msg.data)
    if height <= 0 or width <= 0 or step < row or data.nbytes < step * (height - 1) + row:
        raise ColorDecodeError(
            f'a {width}x{height} {msg.encoding} image of {step} bytes a row is not whole: it has '
            f'{data.nbytes} bytes'
        )
    shape = (height, width, layout.channels)
    pixels: U8 = np.ndarray(shape, np.uint8, data, strides=(step, layout.channels, 1))
    if layout.conversion is None:
        return np.ascontiguousarray(pixels)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), layout.conversion))


def decode_compressed_color(msg: CompressedImageLike) -> U8:
    """
    Return the image of a compressed colour message (JPEG, PNG), (H, W, 3) RGB.

    :raises ColorDecodeError: when it does not decode
    """
    data = np.frombuffer(msg.data, np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise ColorDecodeError(
            f"a compressed colour image ('{msg.format}', {data.size} bytes) does not decode"
        )
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
