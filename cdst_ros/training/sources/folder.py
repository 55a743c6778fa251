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
"""Plain folders: ``NAME_depth.png``, and ``NAME_rgb.jpg`` where there is a picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from cdst_ros.depth.arrays import U8, AnyArray
from cdst_ros.depth.encodings import MILLIMETRES
from cdst_ros.training.config import ConfigError
from cdst_ros.training.sources.content import digest_of
from cdst_ros.training.sources.held_out import is_validated
from cdst_ros.training.sources.image import SourceImage, disparity, metric, read_picture, resized
from cdst_ros.training.sources.reserved import refuse_image
from cdst_ros.training.sources.selection import select
from cdst_ros.training.sources.settings import SourceConfig

DEPTH_SUFFIX, COLOR_SUFFIX = '_depth.png', '_rgb.jpg'


def read_folder(
    folder: Path, settings: SourceConfig, left_out: frozenset[str], *, color: bool
) -> list[SourceImage]:
    """
    Decode the images of a folder, in the order of their names.

    :param left_out: names of images that are not trained on
    :param color: whether to read pictures
    :raises ConfigError: when it is missing, leaves nothing, or an image is of the test set or
        can not be read; tells which
    """
    if not folder.is_dir():
        raise ConfigError(f'there is no folder {folder}: data.root and path of a source name it')
    files = sorted(folder.glob(f'*{DEPTH_SUFFIX}'))
    if not files:
        raise ConfigError(f'{folder} holds no image: those are NAME{DEPTH_SUFFIX}')
    kept = select([file for file in files if _name(file) not in left_out], settings)
    if not kept:
        raise ConfigError(f'{folder}: of its {len(files)} images all are left out')
    images = [_read(file, settings, color) for file in kept]
    trained = [image for image in images if image is not None]
    if not trained:
        raise ConfigError(f'{folder} holds validation scenes alone: those are not trained on')
    return trained


def _read(file: Path, settings: SourceConfig, color: bool) -> SourceImage | None:
    """Return an image, or None for one that shows a validation scene."""
    stored = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise ConfigError(f'{file} is no image that can be read')
    if stored.ndim != 2 or stored.dtype not in (np.uint8, np.uint16):
        raise ConfigError(
            f'{file} is {stored.dtype} of shape {stored.shape}: depth and disparity are one '
            'channel of 8 or 16 bits'
        )
    digest = digest_of(stored)
    refuse_image(file, _name(file), digest)
    if is_validated(digest):
        return None
    rgb = _picture(file, stored) if color else None
    if settings.kind == 'disparity':
        unit = settings.unit or 1.0
        return disparity(str(file), stored.astype(np.float32) * np.float32(unit), rgb)
    unit = settings.unit or MILLIMETRES
    depth = np.where(stored > 0, stored.astype(np.float32) * np.float32(unit), np.nan)
    return metric(str(file), depth.astype(np.float32), rgb, settings.reduce)


def _picture(file: Path, depth: AnyArray) -> U8 | None:
    """Return the picture beside a depth image, of its size, where there is one."""
    color = file.with_name(_name(file) + COLOR_SUFFIX)
    if not color.exists():
        return None
    rgb = read_picture(color)
    height, width = depth.shape
    if abs(rgb.shape[0] * width / rgb.shape[1] - height) >= 1:
        raise ConfigError(
            f'{color} is {rgb.shape[1]}x{rgb.shape[0]}, {file.name} {width}x{height}: a picture '
            'shows the same view. Set color: false for this source to do without'
        )
    return resized(rgb, depth.shape)


def _name(file: Path) -> str:
    return file.name[: -len(DEPTH_SUFFIX)]
