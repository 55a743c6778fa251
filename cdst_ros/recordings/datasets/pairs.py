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
A folder of pairs: low-resolution depth with a reference of higher resolution.

::

    low/NAME.png            depth as the sensor delivers it
    reference/NAME.png      depth of higher resolution, of the same view
    rgb/NAME.jpg or .png    picture registered to the reference, where there is one
    K.txt                   3x3 intrinsics of the reference, where known

Depth is 16-bit PNG or TIFF in millimetres, 0 unknown, or float32 TIFF in metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.encodings import MILLIMETRES, metres
from cdst_ros.recordings.errors import RecordingError

LOW, REFERENCE, COLOR = 'low', 'reference', 'rgb'
_DEPTH_SUFFIXES = ('.png', '.tif', '.tiff')
_COLOR_SUFFIXES = ('.jpg', '.jpeg', '.png')


@dataclass(frozen=True)
class Pair:
    """
    Files of one pair.

    :param name: that they share
    :param low: depth of low resolution
    :param reference: depth of high resolution
    :param color: registered to the reference, where there is a picture
    """

    name: str
    low: Path
    reference: Path
    color: Path | None = None

    def read(self, unit: float = MILLIMETRES) -> tuple[F32, F32, U8 | None]:
        """
        Return low (h, w) and reference (H, W) [m], NaN = unknown, and colour (H, W, 3) RGB.

        :param unit: metres a unit of 16-bit images
        :raises RecordingError: when a file cannot be read or holds something else
        """
        color = None if self.color is None else _read_color(self.color)
        return _read_depth(self.low, unit), _read_depth(self.reference, unit), color


def find_pairs(folder: Path) -> list[Pair]:
    """
    Return the pairs of a folder, by name.

    :raises RecordingError: when there are none, or one half of a pair is missing
    """
    low, reference = (_by_name(folder / part, _DEPTH_SUFFIXES) for part in (LOW, REFERENCE))
    if not low or not reference:
        raise RecordingError(
            f'{folder} is no folder of pairs: those are {LOW}/NAME.png and {REFERENCE}/NAME.png, '
            f'and {COLOR}/NAME.jpg where there is colour'
        )
    alone = sorted(low.keys() ^ reference.keys())
    if alone:
        raise RecordingError(
            f'{folder}: {len(alone)} images have no other half in {LOW} and {REFERENCE}: '
            f'{", ".join(alone[:5])}{", ..." if len(alone) > 5 else ""}'
        )
    color = _by_name(folder / COLOR, _COLOR_SUFFIXES)
    return [Pair(name, low[name], reference[name], color.get(name)) for name in sorted(low)]


def _by_name(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    return {file.stem: file for file in folder.iterdir() if file.suffix.lower() in suffixes}


def _read_depth(file: Path, unit: float) -> F32:
    image = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise RecordingError(f'{file} is no image that can be read')
    if image.ndim != 2 or image.dtype not in (np.uint16, np.float32):
        raise RecordingError(
            f'{file} is {image.dtype} of shape {image.shape}: depth is one channel of 16-bit '
            'units or of float32 metres'
        )
    if image.dtype == np.uint16:
        return metres(np.asarray(image, dtype=np.uint16), unit)
    known = np.isfinite(image) & (image > 0)
    return np.asarray(np.where(known, image, np.nan), dtype=np.float32)


def _read_color(file: Path) -> U8:
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if image is None:
        raise RecordingError(f'{file} is no image that can be read')
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
