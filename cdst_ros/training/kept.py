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
Samples that are made once and kept in a folder, for many runs to draw from.

Runs that are to be compared see the same samples, and none waits for them to be made.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import IterableDataset

from cdst_ros.depth.arrays import AnyArray
from cdst_ros.training.config import ConfigError
from cdst_ros.training.data import ORDER_STREAM, WHOLE, Batch, Part, as_batch, own_steps

_ORIGIN = 'made_of.json'
_ARRAYS = ('low', 'high', 'rgb', 'has_rgb', 'disparity', 'step', 'offset')


def keep(folder: Path, batches: Iterable[Batch], count: int, origin: dict[str, Any]) -> None:
    """
    Write the first ``count`` samples of batches with pictures; all of them, or none.

    :param origin: what they are made of, as JSON values
    """
    parts: dict[str, list[AnyArray]] = {name: [] for name in _ARRAYS}
    made = 0
    for batch in batches:
        for name, values in zip(_ARRAYS, _arrays(batch), strict=True):
            parts[name].append(values)
        made += len(batch.depth)
        if made >= count:
            break
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        inside = Path(scratch) / folder.name
        inside.mkdir()
        for name, arrays in parts.items():
            np.save(inside / f'{name}.npy', np.concatenate(arrays)[:count])
        (inside / _ORIGIN).write_text(json.dumps(origin, indent=1) + '\n', encoding='utf-8')
        if not folder.exists():  # another run may have been faster
            os.replace(inside, folder)


class KeptBatches(IterableDataset[Batch]):
    """
    The batches of steps ``start``, ... of kept samples; a step draws by the seed and its number.

    :param folder: written by ``keep``
    :param origin: what they have to be made of
    :param part: of each batch that is made here
    :raises ConfigError: when the folder holds none, or others
    """

    def __init__(
        self,
        folder: Path,
        origin: dict[str, Any],
        batch_size: int,
        seed: int,
        start: int = 0,
        *,
        part: Part = WHOLE,
    ) -> None:
        super().__init__()
        if not (folder / _ORIGIN).is_file():
            raise ConfigError(f'{folder} holds no samples')
        if json.loads((folder / _ORIGIN).read_text(encoding='utf-8')) != origin:
            raise ConfigError(
                f'{folder} holds samples of another configuration: remove it, or name another'
            )
        self._arrays = {name: np.load(folder / f'{name}.npy', mmap_mode='r') for name in _ARRAYS}
        self._batch_size = batch_size
        self._seed = seed
        self._start = start
        self._part = slice(*part.of(batch_size))

    def __len__(self) -> int:
        return len(self._arrays['low'])

    def __iter__(self) -> Iterator[Batch]:
        for step in own_steps(self._start):
            rng = np.random.default_rng([self._seed, ORDER_STREAM, step])
            drawn = rng.integers(len(self), size=self._batch_size)[self._part]
            yield self._batch({name: values[drawn] for name, values in self._arrays.items()})

    def in_order(self) -> list[Batch]:
        """Return all samples once, as batches in the order in which they were made."""
        starts = range(0, len(self), self._batch_size)
        return [
            self._batch({k: v[i : i + self._batch_size].copy() for k, v in self._arrays.items()})
            for i in starts
        ]

    @staticmethod
    def _batch(drawn: dict[str, AnyArray]) -> Batch:
        rgb = torch.from_numpy(drawn['rgb']).permute(0, 3, 1, 2).float() / 255
        kinds = {name: torch.from_numpy(drawn[name]) for name in _ARRAYS[3:]}
        return as_batch(drawn['low'], drawn['high'])._replace(rgb=rgb, **kinds)


def _arrays(batch: Batch) -> Iterator[AnyArray]:
    """Yield what is kept of a batch, as ``_ARRAYS`` names it; NaN = unknown."""
    assert batch.rgb is not None
    for depth, valid in ((batch.depth, batch.valid), (batch.truth, batch.truth_valid)):
        yield torch.where(valid > 0.5, depth, torch.nan)[:, 0].numpy()
    yield (batch.rgb * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
    for kind in (batch.has_rgb, batch.disparity, batch.step, batch.offset):
        assert kind is not None
        yield kind.numpy()
