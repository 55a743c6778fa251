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
Scenes that choices are made on, and those that show the same: never trained on.

They are told by the folder's name and theirs, and by what they show, whatever they are called.
"""

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
#: Their maps, and of those that show them, by what is stored (``content.py``).
_DIGESTS = frozenset(
    {
        '0227cab735aa4f6f3a48816ddf625e75403d779e5c57e07a2c2269eac42e10fe',
        '1dd146143bb82f87488b606e6a8462bbeb33084be124c2cfe0c859da461049d2',
        '5662790ed14a9c7a99ef7643ce2ffd402558c86c2a5532c4e652867ebc284c6a',
        '5ebbed6ace83359aa18e3d1ca6f8d77ef221b1c768b9dc2ad1e79fb63c45481f',
        '6ce178ff003127a9f9990e46b1b7e127934c45e0792747165bbec8c3ce264c2f',
        'ab9e22c6dd8a9510d29f1a9506639e679d86918b97f71b016c670d676bb27d62',
        'b2a48556b45f891ab31272d6309ae80e73491736f7567e55a543bfa7d3e83bc5',
        'bea56134f6aa3b14f8d9b901bf5ffab8b63fd5cf5f595c1002b0832a535dc79e',
        'cc45f5dca2512f5996d48f1323ab43464881a7bbf8209c7d6c0c3d0b7536fe65',
        'cd7cfd01bb42cf0d6a8ffdde5d792f68a00060ba9b04e054f26623cd608cb133',
        'd71f5951d03edc7f2f07878e12f717a432095833b65426e02ae273fa672b838c',
    }
)


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


def is_validated(digest: str) -> bool:
    """Return whether a map, by the digest of its content, is a validation scene or shows one."""
    return digest in _DIGESTS


def held_out(folder: Path, *, doubles: bool = False) -> frozenset[str]:
    """
    Return the scenes of a folder, told by its name, that are not trained on.

    A link is told by its own name as well as by that of the folder it leads to.

    :param doubles: whether to train on scenes that another folder has as well
    """
    names = {folder.name.lower(), folder.resolve().name.lower()}
    tables = (VALIDATION_SCENES, _SHOWN, {} if doubles else _DOUBLES)
    return frozenset(scene for table in tables for n in names for scene in table.get(n, ()))
