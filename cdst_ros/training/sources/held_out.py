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
"""Scenes that choices are made on, and those that show the same: never trained on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from cdst_ros.training.config import ConfigError
from cdst_ros.training.sources.settings import SourceConfig

#: Folder -> scenes that networks are watched and chosen on.
VALIDATION_SCENES: dict[str, tuple[str, ...]] = {
    'middlebury24': ('baby2', 'cones', 'lampshade1', 'plastic'),
    'msgnet70': ('05', '15', '25', '35', '45', '55'),
}
#: Folder -> scenes of it that show a validation scene of another folder: baby2.
_SHOWN = {'msgnet70': ('67',)}
#: Folder -> scenes that are in middlebury24 as well, or of the same data set.
_DOUBLES = {'msgnet70': tuple(str(number) for number in range(59, 71))}


def refuse_doubles(sources: Sequence[SourceConfig], validated: Collection[str]) -> None:
    """
    Refuse to train on doubles of scenes that are validated on.

    :param validated: folders of the validation scenes
    :raises ConfigError: when a source takes them
    """
    if 'middlebury24' in validated and any(source.doubles for source in sources):
        raise ConfigError(
            'doubles: true trains on scenes of the set that middlebury24 is of, which '
            'validation_data holds: leave it out, or validate on a folder with msgnet70 alone'
        )


def refuse_overlap(sources: Sequence[SourceConfig], validated: Sequence[SourceConfig]) -> None:
    """
    Refuse to train on images that are validated on.

    Sources of one folder may have different images of it, by ``first`` and ``last``. That they
    are of different scenes can not be told here.

    :raises ConfigError: when two of them may have an image in common
    """
    for one in sources:
        for other in validated:
            same = bool(one.path) and Path(one.path) == Path(other.path)
            if same and one.first < other.last and other.first < one.last:
                raise ConfigError(
                    f'{other.path} is trained and validated on: part its images by first and '
                    'last, or validate on another scene'
                )


def is_held_out(scene: str) -> bool:
    """Return whether a published scene of Middlebury, of any size, is one of the validation."""
    scenes = VALIDATION_SCENES['middlebury24']
    return any(part.lower() in scenes for part in Path(scene).parts)


def held_out(folder: Path, *, doubles: bool = False) -> frozenset[str]:
    """
    Return the scenes of a folder, told by its name, that are not trained on.

    :param doubles: whether to train on scenes that another folder has as well
    """
    name = folder.resolve().name.lower()
    other = () if doubles else _DOUBLES.get(name, ())
    return frozenset((*VALIDATION_SCENES.get(name, ()), *_SHOWN.get(name, ()), *other))
