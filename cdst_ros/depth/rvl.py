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
RVL, the run-length code for depth of Wilson (SIGCHI 2017), read only.

As compressed_depth_image_transport writes it: uint32 width and height, then 32-bit words of eight
nibbles each, highest first. Values are spelt in nibbles of three bits, lowest first, the fourth
bit saying that more follow. They alternate between runs: how many zeros, how many others, and for
each of these the zigzag-coded difference to the one before.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from cdst_ros.depth.arrays import U8, U16

_SIZE = struct.Struct('<II')
_MAX_NIBBLES = 11
_MAX_PIXELS = 1 << 28


class RvlError(ValueError):
    """Data that is not RVL, or not whole."""


def decode_rvl(data: U8) -> U16:
    """
    Return the image (H, W) of RVL data.

    :raises RvlError: when the data is damaged
    """
    if data.nbytes < _SIZE.size:
        raise RvlError('it ends within its size')
    width, height = _SIZE.unpack(data[: _SIZE.size].tobytes())
    pixels = width * height
    if not 0 < pixels <= _MAX_PIXELS:
        raise RvlError(f'it says {width}x{height} pixels')
    values = _values(data[_SIZE.size :])
    runs, deltas = _runs(values, pixels)
    image: U16 = np.zeros(pixels, np.uint16)
    others = np.repeat(np.arange(runs.size) % 2 == 1, runs)
    image[others] = np.cumsum(deltas)
    return image.reshape(height, width)


def _values(data: U8) -> NDArray[np.int64]:
    """Return the variable-length values that the nibbles of ``data`` spell."""
    words = np.frombuffer(data[: data.nbytes // 4 * 4].tobytes(), '<u4')
    octets = words.astype('>u4').view(np.uint8)
    nibbles = np.stack([octets >> 4, octets & 0xF], axis=-1).ravel()
    ends = np.flatnonzero(nibbles < 8)
    if ends.size == 0:
        raise RvlError('it holds no values')
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > _MAX_NIBBLES:
        raise RvlError('it holds a value of more than 32 bits')
    place = np.arange(ends[-1] + 1) - np.repeat(starts, lengths)
    digits = (nibbles[: ends[-1] + 1] & 7).astype(np.int64) << (3 * place)
    return np.add.reduceat(digits, starts)


def _runs(values: NDArray[np.int64], pixels: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the lengths of the runs (zeros, others, zeros, ...) and the others' differences."""
    lengths: list[int] = []
    deltas: list[NDArray[np.int64]] = []
    at = done = 0
    while done < pixels:
        if at + 2 > values.size:
            raise RvlError(f'it ends after {done} of {pixels} pixels')
        zeros, others = int(values[at]), int(values[at + 1])
        at += 2
        done += zeros + others
        if done > pixels or at + others > values.size:
            raise RvlError(f'a run goes beyond its {pixels} pixels or its data')
        lengths += [zeros, others]
        zigzag = values[at : at + others]
        deltas.append((zigzag >> 1) ^ -(zigzag & 1))
        at += others
    return np.array(lengths), np.concatenate(deltas)
