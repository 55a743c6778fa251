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
"""The batches that a configuration trains and validates on, as loaders."""

from __future__ import annotations

import itertools
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from lightning.pytorch import LightningDataModule
from rich.progress import track
from torch.utils.data import DataLoader

from cdst_ros.training.config import ConfigError, DataConfig, TrainConfig
from cdst_ros.training.data import (
    VALIDATION_SEED,
    WHOLE,
    Batch,
    Batches,
    Pair,
    Pairs,
    Part,
    PooledBatches,
    make_pool,
    validation_batches,
)
from cdst_ros.training.kept import KeptBatches, keep
from cdst_ros.training.sources.held_out import refuse_doubles, refuse_overlap
from cdst_ros.training.sources.opening import open_sources
from cdst_ros.training.sources.procedural import colored_batches
from cdst_ros.training.sources.stream import MixedBatches
from cdst_ros.training.validation import validation_scenes
from cdst_ros.training.waiting import TimedLoader

_VALIDATION_BATCHES = 4
#: Of sources: scenes differ more than procedural ones do among themselves.
_SOURCE_BATCHES = 32
#: Batches that every worker makes ahead.
_AHEAD = 4
#: Kept samples depend on no run's seed, and on nothing here.
_KEPT_SEED = 0
_NOT_OF_SAMPLES = ('batch_size', 'workers', 'root', 'kept')


def training_loader(config: TrainConfig, start: int, part: Part = WHOLE) -> TimedLoader:
    """
    Return the batches from step ``start`` on, for ever.

    :param part: of each batch that this process trains on
    :raises ConfigError: when a source can not be used, or processes can not share a batch
    """
    try:
        part.of(config.data.batch_size)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    data, scale = config.data, config.model.scale
    if data.kept is not None:
        return TimedLoader(_loader(_kept(config, start, part), config))
    if data.sources:
        shares = open_sources(data, scale, config.sensors, config.seed)
        return TimedLoader(_loader(MixedBatches(shares, data, config.seed, start, part), config))
    pairs = Pairs(data, scale, config.sensors, config.seed)
    if not data.pool:
        return TimedLoader(_loader(Batches(pairs, start, part), config))
    pooled = PooledBatches(_pool(pairs, config), data.batch_size, config.seed, start, part)
    return TimedLoader(DataLoader(pooled, batch_size=None))


class Loaders(LightningDataModule):
    """
    What a run trains and validates on, made where it trains: each process makes its part.

    :param start: step to begin with
    :param validation: what is validated on, by every process alike
    """

    def __init__(self, config: TrainConfig, start: int, validation: Validation) -> None:
        super().__init__()
        self._config = config
        self._start = start
        self._validation = validation

    def train_dataloader(self) -> TimedLoader:
        """Return the part of the batches that this process trains on."""
        assert self.trainer is not None
        part = Part(self.trainer.global_rank, self.trainer.world_size)
        return training_loader(self._config, self._start, part)

    def val_dataloader(self) -> list[DataLoader[Batch]]:
        """Return what is validated on."""
        return self._validation.loaders


class Validation(NamedTuple):
    """
    What is validated on.

    :param loaders: of the procedural scenes and, when there is a folder for them, the real ones
    :param folders: of each real scene, in their order
    """

    loaders: list[DataLoader[Batch]]
    folders: tuple[str, ...]


def validation(config: TrainConfig) -> Validation:
    """
    Return what a run is validated on.

    :raises ConfigError: when ``validation_data`` holds no validation scenes, or scenes of the same
        set are trained on
    """
    scale = config.model.scale
    apart = config.mismatched is not None and config.mismatched.validation
    sets = [_of_sources(config) if apart else _procedural(config)]
    scenes = []
    if config.validation_data is not None:
        color = config.guided is not None
        scenes = validation_scenes(Path(config.validation_data), scale, color=color)
        sets.append([scene.batch for scene in scenes])
    refuse_doubles(config.data.sources, {scene.folder for scene in scenes})
    loaders: list[DataLoader[Batch]] = [
        DataLoader(batches, batch_size=None)  # type: ignore[arg-type]
        for batches in sets
    ]
    return Validation(loaders, tuple(scene.folder for scene in scenes))


def _procedural(config: TrainConfig) -> list[Batch]:
    """Return the procedural validation batches; with their pictures, where those are learned."""
    data, scale, sensors = config.data, config.model.scale, config.sensors
    if config.transfer is None and config.mismatched is None and config.guided is None:
        return validation_batches(data, scale, sensors, _VALIDATION_BATCHES)
    return colored_batches(data, scale, sensors, _VALIDATION_BATCHES)


def _of_sources(config: TrainConfig) -> list[Batch]:
    """Return the validation batches of ``mismatched.validation``."""
    assert config.mismatched is not None
    sources = config.mismatched.validation
    refuse_overlap(config.data.sources, sources)
    seed = VALIDATION_SEED + config.mismatched.validation_seed
    data, kept = replace(config.data, sources=sources, kept=None, pool=0), config.data.kept
    if kept is None:
        return _first_batches(config, data, seed, _SOURCE_BATCHES)
    folder, origin = Path(f'{kept}_validation'), {'seed': seed, **_origin(config, data)}
    if not folder.exists():
        made = _first_batches(config, data, seed, _SOURCE_BATCHES)
        keep(folder, made, _SOURCE_BATCHES * data.batch_size, origin)
    return KeptBatches(folder, origin, data.batch_size, seed).in_order()


def _first_batches(config: TrainConfig, data: DataConfig, seed: int, count: int) -> list[Batch]:
    batches = MixedBatches(
        open_sources(data, config.model.scale, config.sensors, seed), data, seed
    )
    return [batches.batch(step) for step in range(count)]


def _kept(config: TrainConfig, start: int, part: Part) -> KeptBatches:
    """Return batches of kept samples; make those first when there are none."""
    data, scale = config.data, config.model.scale
    assert data.kept is not None
    folder = Path(data.kept)
    origin = _origin(config, data)
    if not folder.exists():
        fresh = replace(data, kept=None, pool=0)
        shares = open_sources(fresh, scale, config.sensors, _KEPT_SEED)
        batches = MixedBatches(shares, fresh, _KEPT_SEED)
        count = data.pool * data.tiles**2
        steps = -(-count // data.batch_size)
        made = itertools.islice(_loader(batches, config), steps)
        keep(folder, track(made, total=steps, description='Making samples'), count, origin)
    return KeptBatches(folder, origin, data.batch_size, config.seed, start, part=part)


def _origin(config: TrainConfig, data: DataConfig) -> dict[str, Any]:
    """Return what samples are made of, as JSON values."""
    return {
        'scale': config.model.scale,
        'sensors': sorted(sensor.name for sensor in config.sensors),
        **{k: v for k, v in asdict(data).items() if k not in _NOT_OF_SAMPLES},
    }


def _loader(
    batches: Batches | MixedBatches | KeptBatches, config: TrainConfig
) -> DataLoader[Batch]:
    workers = config.data.workers
    return DataLoader(
        batches,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=_AHEAD if workers else None,
        pin_memory=config.accelerator != 'cpu',
    )


def _pool(pairs: Pairs, config: TrainConfig) -> Pair:
    """Make the samples that all steps draw from, and say how far it is."""
    count, per_view = config.data.pool, config.data.tiles**2
    side, scale = config.data.crop, config.model.scale
    low = np.empty((count * per_view, side, side), np.float32)
    high = np.empty((count * per_view, side * scale, side * scale), np.float32)
    views = make_pool(pairs, count, config.data.workers)
    for number, view in enumerate(track(views, total=count, description='Making samples')):
        place = slice(number * per_view, (number + 1) * per_view)
        low[place], high[place] = view
    return Pair(low, high)
