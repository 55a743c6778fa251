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
"""Opens the sources that a configuration names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cdst_ros.synthetic import SensorProfile
from cdst_ros.training.config import ConfigError, DataConfig
from cdst_ros.training.sources.crops import Crops
from cdst_ros.training.sources.degradation import Degradation
from cdst_ros.training.sources.folder import read_folder
from cdst_ros.training.sources.haze import Hazy
from cdst_ros.training.sources.held_out import held_out
from cdst_ros.training.sources.image import SourceImage
from cdst_ros.training.sources.procedural import Procedural, Views
from cdst_ros.training.sources.published import read_middlebury, read_nyu
from cdst_ros.training.sources.recorded import read_recordings
from cdst_ros.training.sources.reserved import refuse_folder
from cdst_ros.training.sources.sample import Source
from cdst_ros.training.sources.settings import SourceConfig
from cdst_ros.training.sources.stream import Share


def open_sources(
    config: DataConfig, scale: int, sensors: Mapping[SensorProfile, float], seed: int
) -> list[Share]:
    """
    Decode what the sources hold, once.

    :param sensors: that see procedural scenes, and their shares
    :raises ConfigError: when one can not be used; tells which and why
    """
    shares = []
    for number, settings in enumerate(config.sources):
        where = f'data.sources.{number}'
        try:
            source = _open(settings, config, scale, sensors, seed)
        except (OSError, ValueError) as error:
            raise ConfigError(f'{where} ({settings.kind} {settings.path}): {error}') from error
        if settings.haze:
            source = Hazy(source, settings.haze)
        shares.append(Share(source, settings.share))
    return shares


def _open(
    settings: SourceConfig,
    config: DataConfig,
    scale: int,
    sensors: Mapping[SensorProfile, float],
    seed: int,
) -> Source:
    if settings.kind == 'procedural':
        views = Views(config, scale, sensors, seed)
        return Procedural(views, views.pool() if config.pool else ())
    path = Path(config.root) / settings.path
    refuse_folder(path)
    own = max(sensors, key=lambda sensor: sensors[sensor], default=None)
    degraders = [Degradation(name, own) for name in settings.degradation]
    color = settings.color and (config.color or any(one.wants_color for one in degraders))
    images = _images(path, settings, scale, color=color, taught=config.color)
    return Crops(images, settings, config.crop, scale, color=config.color, sensor=own)


def _images(
    path: Path, settings: SourceConfig, scale: int, *, color: bool, taught: bool
) -> list[SourceImage]:
    if settings.kind == 'middlebury':
        return read_middlebury(path, settings, color=color)
    if settings.kind == 'nyu':
        return read_nyu(path, settings, color=color)
    if settings.kind == 'recordings':
        return read_recordings(path, settings, scale, color=color, taught=taught)
    return read_folder(
        path,
        settings,
        held_out(path, doubles=settings.doubles) | set(settings.exclude),
        color=color,
    )
