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
"""The images of a recording as files: 16-bit PNG in millimetres, 8-bit JPEG in RGB order."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import U8, U16, AnyArray
from cdst_ros.depth.encodings import encode
from cdst_ros.recordings.errors import RecordingError

#: PNG effort: level 1 costs a third of the default's time for 5 to 10 % more bytes.
_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 1)
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 95)
_PNG_SIGNATURE = b'\x89PNG\r\n\x1a\n'
JPEG_SIGNATURE = b'\xff\xd8\xff'


class EncodedImage(NamedTuple):
    """The bytes of an image file, and its size [px]."""

    data: bytes
    width: int
    height: int


def encode_depth(depth: AnyArray | bytes) -> EncodedImage:
    """
    Return a 16-bit PNG of millimetres.

    :param depth: (H, W) float32 [m] (NaN = unknown; what 16 bits cannot tell becomes unknown),
        or uint16 [mm] (0 = unknown), or the bytes of such a PNG, kept as they are once they decode
    :raises RecordingError: when it is none of these
    """
    if isinstance(depth, bytes):
        height, width = decode_depth(depth).shape
        return EncodedImage(depth, width, height)
    if depth.ndim != 2 or depth.size == 0 or depth.dtype not in (np.float32, np.uint16):
        raise RecordingError(
            f'a depth image is (H, W) float32 metres or uint16 millimetres, got {_what(depth)}'
        )
    pixels = encode(depth, '16UC1') if depth.dtype == np.float32 else depth
    return _encoded('.png', pixels, _PNG)


def encode_color(color: AnyArray | bytes) -> EncodedImage:
    """
    Return a JPEG.

    :param color: (H, W, 3) uint8 RGB, or the bytes of a JPEG, which are kept as they are once
        they decode
    :raises RecordingError: when it is neither
    """
    if isinstance(color, bytes):
        height, width = decode_color(color).shape[:2]
        return EncodedImage(color, width, height)
    if color.ndim != 3 or color.shape[2] != 3 or color.size == 0 or color.dtype != np.uint8:
        raise RecordingError(f'a colour image is (H, W, 3) uint8 in RGB order, got {_what(color)}')
    return _encoded('.jpg', cv2.cvtColor(color, cv2.COLOR_RGB2BGR), _JPEG)


def decode_depth(data: bytes) -> U16:
    """
    Return the (H, W) uint16 image that a PNG holds.

    :raises RecordingError: when it is no whole 16-bit, one-channel PNG
    """
    if not data.startswith(_PNG_SIGNATURE):
        raise RecordingError(f'no PNG ({_opening(data)})')
    if not data.endswith(b'IEND\xaeB`\x82'):
        raise RecordingError(f'a PNG cut short after {len(data)} bytes')
    image = _decoded(data, 'PNG')
    if image.dtype != np.uint16 or image.ndim != 2:
        raise RecordingError(
            f'a PNG of {_what(image)}: depth is one channel of 16 bits, in millimetres'
        )
    return image


def decode_color(data: bytes) -> U8:
    """
    Return the (H, W, 3) uint8 RGB image that a JPEG holds.

    :raises RecordingError: when it is no whole JPEG
    """
    if not data.startswith(JPEG_SIGNATURE):
        raise RecordingError(f'no JPEG ({_opening(data)})')
    # Decoders fill what a cut JPEG lacks with grey and say nothing; its end mark tells.
    if b'\xff\xd9' not in data[-64:]:
        raise RecordingError(f'a JPEG cut short after {len(data)} bytes')
    image = _decoded(data, 'JPEG', cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def _encoded(suffix: str, pixels: AnyArray, options: tuple[int, int]) -> EncodedImage:
    done, data = cv2.imencode(suffix, np.ascontiguousarray(pixels), options)
    if not done:
        raise RecordingError(f'{_what(pixels)} could not be encoded as {suffix[1:].upper()}')
    return EncodedImage(data.tobytes(), pixels.shape[1], pixels.shape[0])


def _decoded(data: bytes, name: str, flags: int = cv2.IMREAD_UNCHANGED) -> AnyArray:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise RecordingError(f'a {name} that does not decode ({error.err})') from error
    if image is None:
        raise RecordingError(f'a {name} that does not decode')
    return np.asarray(image)


def _what(image: AnyArray) -> str:
    return f'{"x".join(map(str, image.shape))} {image.dtype}'


def _opening(data: bytes) -> str:
    return f'{len(data)} bytes, beginning with {data[:4].hex(" ")}' if data else 'empty'
