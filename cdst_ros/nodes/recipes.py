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

"""What common cameras call their topics and how they are best set: config/cameras/*.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

_CONFIG = Path(str(files('cdst_ros') / 'config'))

#: Our topics that a recipe may connect.
TOPICS = ('depth/image_raw', 'depth/camera_info', 'rgb/image_raw', 'rgb/camera_info')


class RecipeError(ValueError):
    """A camera recipe that cannot be read; the message names the file and the fault."""


@dataclass(frozen=True)
class Driver:
    """
    How the camera's own driver is started with settings that suit super-resolution.

    :param package: ROS package of the driver
    :param launch: its launch file
    :param arguments: launch arguments by name
    """

    package: str
    launch: str
    arguments: dict[str, str] = field(default_factory=dict)

    def command(self) -> str:
        """Return the command line that starts the driver."""
        arguments = (f'{name}:={value}' for name, value in self.arguments.items())
        return ' '.join(('ros2 launch', self.package, self.launch, *arguments))


@dataclass(frozen=True)
class Recipe:
    """
    One camera.

    :param description: camera and driver, in words
    :param frame: optical frame of the depth images
    :param topics: the driver's topic for each of ours (``TOPICS``), absolute
    :param parameters: of the superres node
    :param driver: how the driver is started
    """

    description: str
    frame: str
    topics: dict[str, str]
    parameters: dict[str, Any]
    driver: Driver


def config_path(*parts: str) -> Path:
    """Return a file or folder of the configuration that ships inside the package."""
    return _CONFIG.joinpath(*parts)


def recipe_names() -> list[str]:
    """Return the cameras that have a recipe, sorted."""
    return sorted(path.stem for path in config_path('cameras').glob('*.yaml'))


def load_recipe(name: str) -> Recipe:
    """
    Return the recipe of a camera.

    :raises RecipeError: when there is none of that name, or it is incomplete
    """
    path = config_path('cameras', f'{name}.yaml')
    if not path.is_file():
        raise RecipeError(f'no recipe for camera {name!r}: there are {", ".join(recipe_names())}')
    content = yaml.safe_load(path.read_text())
    try:
        return Recipe(
            description=content['description'],
            frame=content['frame'],
            topics=_topics(content['topics']),
            parameters=content['parameters'],
            driver=_driver(content['driver']),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RecipeError(f'{path}: {error!r}') from error


def _topics(topics: dict[str, str]) -> dict[str, str]:
    unknown = set(topics) - set(TOPICS)
    if unknown:
        raise ValueError(f'unknown topics {sorted(unknown)}: use {", ".join(TOPICS)}')
    return topics


def _driver(driver: dict[str, Any]) -> Driver:
    arguments = dict(driver['arguments'])
    if 'params_file' in driver:
        arguments['params_file'] = str(config_path('drivers', driver['params_file']))
    return Driver(driver['package'], driver['launch'], arguments)
