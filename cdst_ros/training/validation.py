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
"""The real scenes that a run is watched on: Middlebury's protocol, scenes never trained on."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from cdst_ros.depth.arrays import U8
from cdst_ros.training.config import ConfigError
from cdst_ros.training.data import Batch
from cdst_ros.training.sources.held_out import VALIDATION_SCENES
from cdst_ros.training.sources.image import read_picture, resized
from cdst_ros.training.sources.levels import PROTOCOL

#: Folder -> levels that a stored value of it is worth.
_LEVELS = {'middlebury24': 1.0, 'msgnet70': 1 / 64}


class Scene(NamedTuple):
    """A validation scene: the folder that it is of, and it as a batch of one."""

    folder: str
    batch: Batch


def validation_scenes(folder: Path, scale: int, *, color: bool = False) -> list[Scene]:
    """
    Return the validation scenes below ``folder``, disparity as depth.

    :param color: whether batches carry pictures; unknown where a scene has none
    :raises ConfigError: when it holds none of the folders, or lacks a scene or can not read one
    """
    found = [
        Scene(name, _of_scene(folder / name, scene, _LEVELS[name], scale, color=color))
        for name, scenes in VALIDATION_SCENES.items()
        if (folder / name).is_dir()
        for scene in scenes
    ]
    if found:
        return found
    raise ConfigError(
        f'validation_data: {folder} holds neither of {", ".join(VALIDATION_SCENES)}; leave it out '
        'to validate on procedural scenes alone'
    )


def _of_scene(folder: Path, scene: str, levels: float, scale: int, *, color: bool) -> Batch:
    stored = _read(folder / f'{scene}_depth.png', levels)
    batch = _batch(stored, scale)
    if not color:
        return batch
    height, width = batch.truth.shape[-2:]
    picture = folder / f'{scene}_rgb.jpg'
    if not picture.exists():
        return batch._replace(rgb=torch.zeros(1, 3, height, width), has_rgb=torch.zeros(1))
    rgb = resized(read_picture(picture), stored.shape)[:height, :width]
    pixels = torch.from_numpy(np.ascontiguousarray(rgb)).permute(2, 0, 1)[None] / 255
    return batch._replace(rgb=pixels, has_rgb=torch.ones(1))


def to_levels(depth: Tensor) -> Tensor:
    """Return depth [m] as the disparity it stands for, in whole levels of 0 to 255."""
    return (depth / PROTOCOL.step - PROTOCOL.offset).round().clamp(0.0, 255.0)


def _read(path: Path, levels: float) -> U8:
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise ConfigError(f'validation_data: {path} is missing or no image')
    rounded = np.rint(np.asarray(stored, dtype=np.float32) * levels)
    return np.asarray(rounded.clip(0, 255), dtype=np.uint8)


def _batch(truth: U8, scale: int) -> Batch:
    height, width = (n - n % scale for n in truth.shape)
    truth = np.ascontiguousarray(truth[:height, :width])
    size = (width // scale, height // scale)
    small: U8 = np.asarray(cv2.resize(truth, size, interpolation=cv2.INTER_CUBIC))
    depth, truth_depth = _as_depth(small), _as_depth(truth)
    return Batch(depth, torch.ones_like(depth), truth_depth, torch.ones_like(truth_depth))


def _as_depth(levels: U8) -> Tensor:
    return torch.from_numpy(PROTOCOL.to_metres(levels))[None, None]
