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
"""Makes small folders of images, as sources read them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from recordings.datasets.layouts import disparity

from cdst_ros.training.config import DataConfig


def write_disparity(folder: Path, names: Sequence[str], *, color: bool = True, size=(48, 64)):
    """Write 8-bit maps, with pictures whose red is the map."""
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        levels = disparity(number, *size)
        cv2.imwrite(str(folder / f'{name}_depth.png'), levels)
        if color:
            write_picture(folder, name, levels)


def write_metric(folder: Path, names: Sequence[str], *, color: bool = True, size=(48, 64)):
    """Write 16-bit maps in millimetres with a hole, and pictures likewise."""
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        levels = disparity(number, *size)
        depth = levels.astype(np.uint16) * 10 + 500
        depth[20:28, 30:36] = 0
        cv2.imwrite(str(folder / f'{name}_depth.png'), depth)
        if color:
            write_picture(folder, name, levels)


def write_picture(folder: Path, name: str, levels: np.ndarray) -> None:
    """Write a picture whose red is a map."""
    bgr = np.zeros((*levels.shape, 3), np.uint8)
    bgr[..., 2] = levels
    cv2.imwrite(str(folder / f'{name}_rgb.jpg'), bgr, [cv2.IMWRITE_JPEG_QUALITY, 100])


def data_of(root: Path, *sources: dict, **changes) -> DataConfig:
    """Return the section of a configuration that has these sources."""
    from cdst_ros.training.config import TrainConfig

    values = {'crop': 8, 'tiles': 1, 'batch_size': 4, 'workers': 0, 'root': str(root)}
    data = {**values, **changes, 'sources': list(sources)}
    return TrainConfig.from_dict({'name': 'x', 'data': data}).data
