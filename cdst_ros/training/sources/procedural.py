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
"""Samples of procedural scenes, with their pictures and among those of other sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np
from rich.progress import track
from torch.utils.data import DataLoader, Dataset

from cdst_ros.synthetic import SensorProfile
from cdst_ros.training.config import DataConfig
from cdst_ros.training.data import (
    MARGIN,
    TRAINING_STREAM,
    VALIDATION_SEED,
    VALIDATION_STREAM,
    Batch,
    see_view,
    tiles,
)
from cdst_ros.training.sources.sample import Sample
from cdst_ros.training.sources.stream import mixed_batch


class Views(Dataset[list[Sample]]):
    """
    The samples of one view each, by its number.

    :param sensors: that see them, and their shares
    """

    def __init__(
        self, config: DataConfig, scale: int, sensors: Mapping[SensorProfile, float], seed: int
    ) -> None:
        self.config = config
        self.scale = scale
        self.sensors = dict(sensors)
        self.seed = seed

    def __len__(self) -> int:
        return self.config.pool

    def __getitem__(self, number: int) -> list[Sample]:
        """Return the samples of one view."""
        cv2.setNumThreads(0)
        return self.see(np.random.default_rng([self.seed, TRAINING_STREAM, number]))

    def see(self, rng: np.random.Generator) -> list[Sample]:
        """Return the samples of a fresh view."""
        config, scale = self.config, self.scale
        seen = see_view(rng, config, scale, self.sensors, color=config.color)
        count, side = config.tiles, config.crop
        low = tiles(seen.low, count, side, MARGIN)
        high = tiles(seen.high, count, side * scale, MARGIN * scale)
        if seen.rgb is None:
            pictures: Sequence[None] | np.ndarray = [None] * len(low)
        else:
            pictures = tiles(seen.rgb, count, side * scale, MARGIN * scale)
        return [
            Sample(one, truth, rgb, seen.mapping)
            for one, truth, rgb in zip(low, high, pictures, strict=True)
        ]

    def pool(self) -> list[Sample]:
        """Return the samples of ``DataConfig.pool`` views, and say how far their making is."""
        loader: DataLoader[list[Sample]] = DataLoader(
            self,
            batch_size=None,
            num_workers=self.config.workers,
            prefetch_factor=8 if self.config.workers else None,
            collate_fn=_as_they_are,
        )
        views = track(loader, total=len(self), description='Making samples')
        return [sample for view in views for sample in view]


class Procedural:
    """
    Fresh views for ever, or samples out of a pool.

    :param pool: samples to draw from; empty: every view is fresh
    """

    def __init__(self, views: Views, pool: Sequence[Sample] = ()) -> None:
        self.views = views
        self.pool = pool

    def samples(self, rng: np.random.Generator, count: int) -> list[Sample]:
        """Return so many samples: of one fresh view, or of the pool."""
        if not self.pool:
            return self.views.see(rng)[:count]
        return [self.pool[int(place)] for place in rng.integers(len(self.pool), size=count)]


def colored_batches(
    config: DataConfig, scale: int, sensors: Mapping[SensorProfile, float], count: int
) -> list[Batch]:
    """Return ``validation_batches`` with their pictures."""
    views = Views(replace(config, color=True), scale, sensors, VALIDATION_SEED)
    each = -(-config.batch_size // config.tiles**2)
    batches = []
    for first in range(0, count * each, each):
        keys = (
            [VALIDATION_SEED, VALIDATION_STREAM, number] for number in range(first, first + each)
        )
        samples = [sample for key in keys for sample in views.see(np.random.default_rng(key))]
        batches.append(mixed_batch(samples[: config.batch_size], color=True))
    return batches


def _as_they_are(samples: list[Sample]) -> list[Sample]:
    return samples
