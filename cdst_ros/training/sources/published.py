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
"""Data sets as they are published: Middlebury stereo of any year, and NYU Depth v2."""

from __future__ import annotations

from pathlib import Path

from cdst_ros.recordings.datasets.middlebury import find_scenes
from cdst_ros.recordings.datasets.nyu import NyuDepth
from cdst_ros.training.config import ConfigError
from cdst_ros.training.sources.held_out import is_held_out
from cdst_ros.training.sources.image import SourceImage, disparity, metric
from cdst_ros.training.sources.reserved import is_test_scene
from cdst_ros.training.sources.selection import select
from cdst_ros.training.sources.settings import SourceConfig


def read_middlebury(folder: Path, settings: SourceConfig, *, color: bool) -> list[SourceImage]:
    """
    Decode the scenes of a folder, those of Middlebury-6 and of the validation left out.

    :param color: whether to read pictures
    :raises ConfigError: when nothing is left
    :raises RecordingError: when it holds no scenes, or one can not be read
    """
    scenes = [
        scene
        for scene in find_scenes(folder)
        if not is_test_scene(scene.name)
        and not is_held_out(scene.name)
        and scene.name not in settings.exclude
    ]
    if not scenes:
        raise ConfigError(
            f'{folder} holds no scene to train on: those of the test set and of the validation '
            'are left out'
        )
    images = []
    for scene in select(scenes, settings):
        levels = scene.disparity()
        rgb = scene.color() if color else None
        if rgb is not None and rgb.shape[:2] != levels.shape:
            raise ConfigError(
                f'the picture of {scene.name} is {rgb.shape[1]}x{rgb.shape[0]}, its disparity '
                f'{levels.shape[1]}x{levels.shape[0]} ({scene.disparity_file}): they belong to '
                'one view of one size'
            )
        images.append(disparity(str(scene.disparity_file), levels, rgb))
    return images


def read_nyu(path: Path, settings: SourceConfig, *, color: bool) -> list[SourceImage]:
    """
    Decode the training pairs: the first 1000, as depth super-resolution has it.

    :param color: whether to read pictures
    :raises RecordingError: when the file is missing, damaged or laid out otherwise
    """
    with NyuDepth(path) as pairs:
        left = [number for number in pairs.training if str(number) not in settings.exclude]
        return [
            metric(
                f'{pairs.path}, pair {pair.number}',
                pair.depth,
                pair.color if color else None,
                settings.reduce,
            )
            for pair in map(pairs.__getitem__, select(left, settings))
        ]
