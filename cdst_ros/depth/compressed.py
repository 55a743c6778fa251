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
"""
compressedDepth: depth images in the format of compressed_depth_image_transport.

A sensor_msgs/CompressedImage whose ``format`` says ``'16UC1; compressedDepth png'``, say, and
whose data is a header of 12 bytes (a little-endian int32 and two float32, ``depthParam``) before a
16-bit PNG (``codec.cpp`` of ros-perception/image_transport_plugins). A 16UC1 image is the PNG
itself. A 32FC1 image is coded by inverse depth: ``code = A / z + B`` with ``A = depthParam[0]``,
``B = depthParam[1]``, and 0 where unknown. The word after ``compressedDepth`` may be missing
(older publishers, PNG) or ``rvl`` (Wilson, "Fast Lossless Depth Image Compression", SIGCHI 2017).

Upstream's writer truncates codes, which puts surfaces up to a step too far; wraps those of depths
under 0.15 m around to far ones; and drops what lies at its ``depth_max`` (10 m) or beyond, so that
32FC1 in millimetres comes back all NaN (the symptom of image_transport_plugins#89). Ours does none
of it, and every reader of the format reads it.
"""

from __future__ import annotations

import struct

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8, U16
from cdst_ros.depth.encodings import (
    MILLIMETRES,
    DepthDecodeError,
    checked_encoding,
    metres,
    to_message_bytes,
    units,
)
from cdst_ros.depth.messages import CompressedImageLike
from cdst_ros.depth.rvl import RvlError, decode_rvl
from cdst_ros.depth.validity import valid_mask

_HEADER = struct.Struct('<iff')
_INV_DEPTH = 0
_PNG_MAGIC = b'\x89PNG\r\n\x1a\n'
#: Width and height in the chunk IHDR, which comes first.
_PNG_SIZE, _PNG_SIZE_AT = struct.Struct('>II'), 16
_RVL_SIZE = struct.Struct('<II')
_PNG_END = b'IEND\xaeB`\x82'
#: codec.cpp: ``depthQuantA = depthZ0 * (depthZ0 + 1)``; 100 is the default of depth_quantization.
_QUANT_A = 100.0 * 101.0
#: [m] The top of the range that upstream's depth_max has. Its default, 10 m, would drop what lies
#: beyond; the resolution is the same for every depth_max.
_DEPTH_MAX = 100.0
_QUANT_B = 1.0 - _QUANT_A / _DEPTH_MAX


def decode_compressed(msg: CompressedImageLike, depth_scale: float = MILLIMETRES) -> F32:
    """
    Return the depth of a compressed image message, (H, W) [m], NaN where unknown.

    Reads compressedDepth (PNG and RVL, 16UC1, mono16 and 32FC1), and a plain 16-bit PNG as
    compressed_image_transport makes of 16UC1.

    :param depth_scale: [m] a unit of a 16-bit image; ignored for 32FC1
    :raises DepthDecodeError: when the message is not depth, or damaged
    """
    encoding, _, transport = (part.strip() for part in msg.format.partition(';'))
    data: U8 = np.frombuffer(msg.data, np.uint8)
    if data[: len(_PNG_MAGIC)].tobytes() == _PNG_MAGIC and encoding != '32FC1':
        return metres(_decode_png(data, msg.format), depth_scale)
    if encoding not in ('16UC1', 'mono16', '32FC1') or not _is_compressed_depth(transport):
        raise DepthDecodeError(
            f"a compressed image of format '{msg.format}' is not depth (supported: "
            "'16UC1; compressedDepth png', 32FC1 and rvl too, or a 16-bit PNG): take the "
            'compressedDepth topic of the depth camera; JPEG and 8-bit images hold no distances'
        )
    if data.nbytes <= _HEADER.size:
        raise DepthDecodeError(
            f'the compressed depth image has {data.nbytes} bytes, not even its header of '
            f'{_HEADER.size}: it was damaged on the way or in its bag'
        )
    payload = data[_HEADER.size :]
    codes = _decode_rvl(payload) if 'rvl' in transport else _decode_png(payload, msg.format)
    if encoding != '32FC1':
        return metres(codes, depth_scale)
    _, a, b = _HEADER.unpack(data[: _HEADER.size].tobytes())
    return _from_inverse(codes, a, b)


def declared_size(msg: CompressedImageLike) -> tuple[int, int] | None:
    """
    Return the height and width [px] that a compressed depth image claims, None where it has none.

    It costs nothing, so that an image which would not fit in memory can be refused undecoded.
    """
    data = memoryview(msg.data).cast('B')
    pngs = [at for at in (0, _HEADER.size) if bytes(data[at:][: len(_PNG_MAGIC)]) == _PNG_MAGIC]
    if pngs:
        fields, at = _PNG_SIZE, pngs[0] + _PNG_SIZE_AT
    elif 'rvl' in msg.format:
        fields, at = _RVL_SIZE, _HEADER.size
    else:
        return None
    if len(data) < at + fields.size:
        return None
    width, height = fields.unpack(data[at : at + fields.size])
    return height, width


def encode_compressed(
    depth: F32, encoding: str, depth_scale: float = MILLIMETRES
) -> tuple[str, bytes]:
    """
    Return ``format`` and ``data`` of the compressedDepth message of depth (H, W) [m].

    16UC1 and mono16 as by ``encode``, without loss. 32FC1 has the resolution ``z**2 / 10100`` [m]
    (0.1 mm at 1 m, 1 cm at 10 m) and codes are rounded, so that errors are half of that. What the
    code cannot tell is unknown: nearer than 0.152 m, at 100 m or beyond.

    :raises ValueError: for an encoding that cannot hold depth
    """
    inverse = checked_encoding(encoding).kind == 'f'
    codes = _to_inverse(depth) if inverse else units(depth, depth_scale)
    # Runs suit depth: as fast as PNG's lowest level, and smaller.
    options = [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    _, png = cv2.imencode('.png', codes, options)
    header = _HEADER.pack(_INV_DEPTH, _QUANT_A, _QUANT_B)
    return f'{encoding}; compressedDepth png', header + png.tobytes()


def fill_compressed(msg: CompressedImageLike, depth_format: str, data: bytes) -> None:
    """Fill a CompressedImage with what ``encode_compressed`` returned, except the header."""
    msg.format = depth_format
    msg.data = to_message_bytes(data, like=msg.data)


def _is_compressed_depth(transport: str) -> bool:
    """Whether the part of ``format`` after the encoding is one that this module reads."""
    return transport in ('', 'compressedDepth', 'compressedDepth png', 'compressedDepth rvl')


def _decode_png(data: U8, image_format: str) -> U16:
    """Return the pixels (H, W) of a 16-bit PNG."""
    # OpenCV notices too, but fills the terminal with warnings for every frame.
    whole = data[-len(_PNG_END) :].tobytes() == _PNG_END
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if whole else None
    if image is None:
        raise DepthDecodeError(
            f"the PNG of a compressed depth image ('{image_format}', {data.nbytes} bytes) is cut "
            'short or damaged: it was damaged on the way or in its bag'
        )
    if image.dtype != np.uint16 or image.ndim != 2:
        channels = 1 if image.ndim == 2 else image.shape[2]
        raise DepthDecodeError(
            f"the PNG of a compressed image ('{image_format}') has {channels} channels of "
            f'{image.dtype}, depth has one of uint16: take the compressedDepth topic of the depth '
            'camera'
        )
    return np.asarray(image)


def _decode_rvl(data: U8) -> U16:
    try:
        return decode_rvl(data)
    except RvlError as error:
        raise DepthDecodeError(
            f'the RVL data of a compressed depth image ({data.nbytes} bytes) is damaged: {error}'
        ) from None


def _from_inverse(codes: U16, a: float, b: float) -> F32:
    """Return metres of inverse-depth codes."""
    if not (np.isfinite(a) and np.isfinite(b) and a > 0):
        raise DepthDecodeError(
            f'a 32FC1 compressed depth image has the quantisation {a}, {b} in its header, which '
            'is no depth: it was damaged, or written by another program than '
            'compressed_depth_image_transport'
        )
    with np.errstate(divide='ignore', over='ignore'):
        depth = np.float32(a) / (codes.astype(np.float32) - np.float32(b))
    known = (codes != 0) & valid_mask(depth)
    depth[~known] = np.nan
    return np.asarray(depth)


def _to_inverse(depth: F32) -> U16:
    """Return the inverse-depth codes of metres, rounded; 0 where unknown or not to be told."""
    nearest = _QUANT_A / (np.iinfo(np.uint16).max - _QUANT_B)
    known = valid_mask(depth, nearest, np.nextafter(np.float32(_DEPTH_MAX), np.float32(0)))
    codes = np.float32(_QUANT_A) / np.where(known, depth, np.float32(1)) + np.float32(_QUANT_B)
    return np.where(known, np.rint(codes), 0).astype(np.uint16)
