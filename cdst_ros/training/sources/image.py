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
"""One decoded image that samples are cut out of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.evaluation.degrade import valid_median
from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.images import decode_color
from cdst_ros.training.config import ConfigError
from cdst_ros.training.sources.levels import Span


@dataclass(frozen=True, eq=False)
class SourceImage:
    """
    A decoded image.

    :param name: of it, for people: its file or frame
    :param values: (H, W), depth [m] or disparity [levels], NaN = unknown
    :param rgb: (H, W, 3), registered to it, where there is a picture
    :param levels: of the whole map, where it is disparity
    :param low: (h, w) [m], NaN = unknown, measured as well, of the same view: the input needs not
        be made
    """

    name: str
    values: F32
    rgb: U8 | None = None
    levels: Span | None = None
    low: F32 | None = None


def metric(name: str, depth: F32, rgb: U8 | None, reduce: int) -> SourceImage:
    """
    Return depth (H, W) [m], NaN = unknown, made so many times smaller.

    :raises ConfigError: when nothing would be left
    """
    height, width = (size - size % reduce for size in depth.shape)
    if not height or not width:
        raise ConfigError(f'{name} is too small to be made {reduce} times smaller')
    reduced = valid_median(np.ascontiguousarray(depth[:height, :width]), reduce)
    if rgb is not None and reduce > 1:
        rgb = resized(rgb[:height, :width], reduced.shape)
    return SourceImage(name, reduced, rgb)


def disparity(name: str, levels: F32, rgb: U8 | None) -> SourceImage:
    """
    Return disparity (H, W) [levels], NaN = unknown.

    :raises ConfigError: when nothing is known
    """
    if not np.isfinite(levels).any():
        raise ConfigError(f'{name} holds no known disparity')
    return SourceImage(name, levels, rgb, Span.of(levels))


def read_picture(file: Path) -> U8:
    """
    Return the picture (H, W, 3), RGB, in a JPEG file.

    :raises ConfigError: when it is no whole one; decoders fill what is missing with grey
    """
    try:
        return decode_color(file.read_bytes())
    except (OSError, RecordingError) as error:
        raise ConfigError(f'{file} is no image that can be read: {error}') from None


def resized(rgb: U8, shape: tuple[int, ...]) -> U8:
    """Return a picture (h, w, 3) with as many rows and columns as ``shape``."""
    if rgb.shape[:2] == shape:
        return np.ascontiguousarray(rgb)
    how = cv2.INTER_AREA if shape[0] < rgb.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, shape[::-1], interpolation=how), dtype=np.uint8)
