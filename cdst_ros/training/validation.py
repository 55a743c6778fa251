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

import cv2
import numpy as np
import torch
from torch import Tensor

from cdst_ros.depth.arrays import U8
from cdst_ros.training.config import ConfigError
from cdst_ros.training.data import Batch

#: Folder -> scenes and the levels that a stored value of it is worth.
VALIDATION_SCENES: dict[str, tuple[tuple[str, ...], float]] = {
    'middlebury24': (('baby2', 'cones', 'lampshade1', 'plastic'), 1.0),
    'msgnet70': (('05', '15', '25', '35', '45', '55'), 1 / 64),
}
#: Disparity goes through a depth network as (level + offset) * step metres.
LEVEL_OFFSET, LEVEL_STEP = 64.0, 0.01


def validation_scenes(folder: Path, scale: int) -> list[Batch]:
    """
    Return the validation scenes below ``folder``, each a batch of one, disparity as depth.

    :raises ConfigError: when it holds none of the folders, or lacks a scene
    """
    batches = [
        _batch(_read(folder / name / f'{scene}_depth.png', levels), scale)
        for name, (scenes, levels) in VALIDATION_SCENES.items()
        if (folder / name).is_dir()
        for scene in scenes
    ]
    if batches:
        return batches
    raise ConfigError(
        f'validation_data: {folder} holds neither of {", ".join(VALIDATION_SCENES)}; leave it out '
        'to validate on procedural scenes alone'
    )


def to_levels(depth: Tensor) -> Tensor:
    """Return depth [m] as the disparity it stands for, in whole levels of 0 to 255."""
    return (depth / LEVEL_STEP - LEVEL_OFFSET).round().clamp(0.0, 255.0)


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
    depth = (levels.astype(np.float32) + LEVEL_OFFSET) * LEVEL_STEP
    return torch.from_numpy(depth.astype(np.float32))[None, None]
