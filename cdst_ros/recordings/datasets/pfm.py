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
Portable float maps.

A header of three lines (``Pf``; width and height; a scale whose sign tells the byte order,
negative is little), then float32 rows from the bottom to the top.
See https://netpbm.sourceforge.net/doc/pfm.html.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.recordings.errors import RecordingError

_HEADER = re.compile(rb'Pf\s+(\d+)\s+(\d+)\s+(-?[\d.eE+-]+)[\r ]*\n')


def read_pfm(path: Path) -> F32:
    """
    Return the (H, W) values of a one-channel map, the top row first; infinities stay.

    :raises RecordingError: when it cannot be read, or is none
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordingError(f'{path} cannot be read: {error.strerror}') from error
    header = _HEADER.match(data)
    if header is None:
        raise RecordingError(f'{path} is no one-channel portable float map: those begin with Pf')
    width, height = int(header[1]), int(header[2])
    kind = np.dtype('<f4' if float(header[3]) < 0 else '>f4')
    needed = width * height * kind.itemsize
    rows = data[header.end() :]
    if len(rows) < needed:
        raise RecordingError(
            f'{path} is cut short: {width}x{height} take {needed} bytes, it has {len(rows)}'
        )
    values = np.frombuffer(rows, kind, width * height).reshape(height, width)
    return np.ascontiguousarray(values[::-1], dtype=np.float32)


def write_pfm(path: Path, values: F32) -> None:
    """Write (H, W) values as a one-channel map, little-endian."""
    height, width = values.shape
    rows = np.ascontiguousarray(values[::-1], dtype='<f4').tobytes()
    path.write_bytes(f'Pf\n{width} {height}\n-1.0\n'.encode() + rows)
