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
"""Batches of samples of several sources, mixed by their shares."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch.utils.data import IterableDataset

from cdst_ros.training.config import DataConfig
from cdst_ros.training.data import SOURCES_STREAM, WHOLE, Batch, Part, as_batch, own_steps
from cdst_ros.training.sources.sample import Sample, Source


class Share(NamedTuple):
    """A source, and its share of the samples beside those of the others."""

    source: Source
    share: float


class MixedBatches(IterableDataset[Batch]):
    """
    The batches of steps ``start``, ``start + 1``, ... for ever.

    Groups of ``DataConfig.tiles`` squared samples come of one source each. A group depends on the
    seed and its number alone.

    :param part: of each batch that is made here
    """

    def __init__(
        self,
        sources: Sequence[Share],
        config: DataConfig,
        seed: int,
        start: int = 0,
        part: Part = WHOLE,
    ) -> None:
        super().__init__()
        self.sources = [share.source for share in sources]
        shares = np.array([share.share for share in sources], np.float64)
        self.shares = shares / shares.sum()
        self.config = config
        self.seed = seed
        self.start = start
        self.part = part

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(0)
        for step in own_steps(self.start):
            yield self.batch(step)

    def batch(self, step: int) -> Batch:
        """Return the batch of a step, or the part of it."""
        size, group = self.config.batch_size, self.config.tiles**2
        groups = -(-size // group)
        first, last = self.part.of(size)
        made = [
            self.group(step * groups + number)
            for number in range(first // group, -(-last // group))
        ]
        skipped = first // group * group
        samples = list(itertools.chain.from_iterable(made))[first - skipped : last - skipped]
        return mixed_batch(samples, color=self.config.color)

    def group(self, number: int) -> list[Sample]:
        """Return the samples of a group."""
        rng = np.random.default_rng([self.seed, SOURCES_STREAM, number])
        source = self.sources[int(rng.choice(len(self.shares), p=self.shares))]
        return source.samples(rng, self.config.tiles**2)


def mixed_batch(samples: Sequence[Sample], *, color: bool) -> Batch:
    """Return samples of one size as a batch, with what kind each is of."""
    batch = as_batch(
        np.stack([sample.low for sample in samples]),
        np.stack([sample.high for sample in samples]),
    )
    mappings = [sample.mapping for sample in samples]
    batch = batch._replace(
        disparity=torch.tensor([float(mapping is not None) for mapping in mappings]),
        step=torch.tensor([1.0 if mapping is None else mapping.step for mapping in mappings]),
        offset=torch.tensor([0.0 if mapping is None else mapping.offset for mapping in mappings]),
    )
    if not color:
        return batch
    rgb = torch.zeros(len(samples), 3, *batch.truth.shape[-2:])
    for place, sample in enumerate(samples):
        if sample.rgb is not None:
            rgb[place] = torch.from_numpy(np.ascontiguousarray(sample.rgb)).permute(2, 0, 1) / 255
    has_rgb = torch.tensor([float(sample.rgb is not None) for sample in samples])
    return batch._replace(rgb=rgb, has_rgb=has_rgb)
