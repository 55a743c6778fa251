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
The six scenes of Middlebury-6 are a test set: nothing is trained on them.

They are told by their names, by the folder's, and by what they show, whatever they are called.
"""

from __future__ import annotations

from pathlib import Path

from cdst_ros.training.config import ConfigError

FOLDER = 'middlebury6'
SCENES = ('art', 'books', 'dolls', 'laundry', 'moebius', 'reindeer')
#: Of the six maps as the table has them, 8-bit disparity (``content.py``).
_DIGESTS = frozenset(
    {
        '1a7ec3444c7fc027aae808766fe8abe3dbc1b532b9e93b2e4ac548fb8ea8fe60',
        '503d4db9b93f71b08c1d851ff0b29eb55f5eabbe88d8c2e961051a4f1ef25f9f',
        '528404bf112049cab1be6c63f4ba695aceb69bed0cc2219912e57b48e7e343a2',
        '5b8004d9b6059c48524bd79ed8cd8563bc56f74c30c7eee3cfe70a5e019c6aa6',
        '9140f6a300a7ed607aa05d3760b1609edf63751413162ec1ef52e71994de9ca1',
        'a4382d6513071d0d70ce4b1930902d035ff0cbaaba6799fedae0c116455b1e8d',
    }
)


def refuse_folder(path: Path) -> None:
    """
    Refuse a path that leads to the six.

    :raises ConfigError: when it does
    """
    if FOLDER in (part.lower() for part in path.resolve().parts):
        raise ConfigError(_message(str(path)))


def is_test_scene(name: str) -> bool:
    """Return whether a scene's name, with folders above it or not, is of one of the six."""
    return any(part.lower() in SCENES for part in Path(name).parts)


def refuse_image(file: Path, name: str, digest: str) -> None:
    """
    Refuse an image that is one of the six.

    :param name: of the scene
    :param digest: of what is stored
    :raises ConfigError: when it is
    """
    if is_test_scene(name) or digest in _DIGESTS:
        raise ConfigError(_message(str(file)))


def _message(what: str) -> str:
    return (
        f'{what} is of {FOLDER} ({", ".join(SCENES)}): these scenes are a test set and are never '
        'trained on. Take other scenes'
    )
