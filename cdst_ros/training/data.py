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
Samples without end: views of procedural scenes and what a sensor makes of them.

The batch of a step depends on the seed and the step alone, not on the number of workers nor on
where a run was interrupted.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from cdst_ros.depth.arrays import F32
from cdst_ros.synthetic import Sampling, SensorProfile, degrade, training_crop
from cdst_ros.training.config import DataConfig

#: Low-resolution pixels around a sample that are made and cut off, as resampling needs neighbours.
MARGIN = 2
#: Side of a view, in samples.
VIEW_SAMPLES = 2.2
#: Streams of random numbers that share a seed and must not overlap.
TRAINING_STREAM, VALIDATION_STREAM = 0, 1
#: Seed of the validation samples of every run.
VALIDATION_SEED = 20260101

#: What a sensor pixel of the training data comes of, and how often.
_SENSOR_SAMPLINGS = {Sampling.MEAN: 0.6, Sampling.AREA: 0.25, Sampling.CUBIC: 0.15}
#: Disparity is taken for depth as (level + offset) * step: range of offsets, range of steps [m].
_LEVEL_OFFSET = (30.0, 100.0)
_LEVEL_STEP = (0.004, 0.03)


class Batch(NamedTuple):
    """
    Samples; (N, 1, h, w) input and (N, 1, sh, sw) truth, float32.

    ``depth`` [m], 0 where unknown; ``valid`` 0 or 1; ``truth`` [m], 0 where unknown;
    ``truth_valid`` 0 or 1.
    """

    depth: Tensor
    valid: Tensor
    truth: Tensor
    truth_valid: Tensor


class ProceduralBatches(IterableDataset[Batch]):
    """
    The batches of steps ``start``, ``start + 1``, ... for ever.

    :param scale: output pixels per input pixel, each way
    :param profile: the sensor
    :param seed: of every sample
    :param start: the first step
    """

    def __init__(
        self, config: DataConfig, scale: int, profile: SensorProfile, seed: int, start: int = 0
    ) -> None:
        super().__init__()
        self.config = config
        self.scale = scale
        self.profile = profile
        self.seed = seed
        self.start = start

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(0)
        worker = get_worker_info()
        first, stride = (worker.id, worker.num_workers) if worker else (0, 1)
        for step in itertools.count(self.start + first, stride):
            rng = np.random.default_rng([self.seed, TRAINING_STREAM, step])
            yield make_batch(rng, self.config, self.scale, self.profile)


def validation_batches(
    config: DataConfig, scale: int, profile: SensorProfile, count: int
) -> list[Batch]:
    """Return ``count`` batches that are the same in every run of this configuration."""
    streams = ([VALIDATION_SEED, VALIDATION_STREAM, k] for k in range(count))
    return [
        make_batch(np.random.default_rng(stream), config, scale, profile) for stream in streams
    ]


def make_batch(
    rng: np.random.Generator, config: DataConfig, scale: int, profile: SensorProfile
) -> Batch:
    """Return one batch: ``config.views`` fresh views, each cut at several places."""
    side = int(VIEW_SAMPLES * config.crop) * scale
    pairs: list[tuple[F32, F32]] = []
    while len(pairs) < config.batch_size:
        view = training_crop(rng, side, side).depth
        wanted = min(-(-config.batch_size // config.views), config.batch_size - len(pairs))
        pairs += [make_sample(rng, view, config, scale, profile) for _ in range(wanted)]
    depth, valid = _tensors([pair[0] for pair in pairs])
    truth, truth_valid = _tensors([pair[1] for pair in pairs])
    return Batch(depth, valid, truth, truth_valid)


def make_sample(
    rng: np.random.Generator,
    view: F32,
    config: DataConfig,
    scale: int,
    profile: SensorProfile,
) -> tuple[F32, F32]:
    """
    Cut a place out of a view, turn it, and return input and truth [m], NaN unknown.

    :param view: exact depth [m]
    :return: (crop, crop) and (scale * crop, scale * crop)
    """
    side = (config.crop + 2 * MARGIN) * scale
    top, left = rng.integers(0, np.array(view.shape) - side + 1)
    place = _turned(rng, view[top : top + side, left : left + side])
    if rng.random() < config.sensor_share:
        pair = _seen_by_sensor(rng, place, config, scale, profile)
    elif rng.random() < config.disparity_share and np.isfinite(place).all():
        pair = _disparity(rng, place, scale)
    else:
        pair = _clean(rng, place, scale)
    low, high = pair
    inner, inner_hr = slice(MARGIN, -MARGIN), slice(MARGIN * scale, -MARGIN * scale)
    return low[inner, inner], high[inner_hr, inner_hr]


def _turned(rng: np.random.Generator, depth: F32) -> F32:
    """Return ``depth`` in one of its eight orientations."""
    out = np.rot90(depth, int(rng.integers(4)))
    return np.ascontiguousarray(out.T if rng.random() < 0.5 else out)


def _seen_by_sensor(
    rng: np.random.Generator, depth: F32, config: DataConfig, scale: int, profile: SensorProfile
) -> tuple[F32, F32]:
    """Return what the sensor measures, with holes, and the exact depth."""
    samplings, shares = zip(*_SENSOR_SAMPLINGS.items(), strict=True)
    sensor = replace(
        profile,
        sampling=samplings[rng.choice(len(samplings), p=shares)],
        hole_share=rng.uniform(0.0, config.holes),
    )
    return degrade(depth, scale, rng, sensor), depth


def _disparity(rng: np.random.Generator, depth: F32, scale: int) -> tuple[F32, F32]:
    """
    Return 8-bit disparity, enlarged by the Middlebury protocol, as if it were depth.

    Planes are linear in it, nearer is greater, and the truth is quantised as well.

    :param depth: known everywhere [m]
    """
    inverse = 1.0 / depth
    low, high = float(inverse.min()), float(inverse.max())
    base, span = rng.uniform(0.0, 80.0), rng.uniform(20.0, 170.0)
    share = (inverse - low) / max(high - low, 1e-6)
    levels = np.rint(base + span * share).astype(np.uint8)
    size = (depth.shape[1] // scale, depth.shape[0] // scale)
    small = cv2.resize(levels, size, interpolation=cv2.INTER_CUBIC)
    offset = rng.uniform(*_LEVEL_OFFSET)
    step = np.exp(rng.uniform(*np.log(_LEVEL_STEP)))
    return _as_depth(small, offset, step), _as_depth(levels, offset, step)


def _as_depth(levels: F32, offset: float, step: float) -> F32:
    return np.asarray((levels.astype(np.float32) + offset) * step, dtype=np.float32)


def _clean(rng: np.random.Generator, depth: F32, scale: int) -> tuple[F32, F32]:
    """Return noise-free depth, in whole millimetres every other time."""
    sensor = SensorProfile(
        name='clean',
        sampling=Sampling.AREA if rng.random() < 0.5 else Sampling.CUBIC,
        quantisation=0.001 if rng.random() < 0.5 else 0.0,
    )
    return degrade(depth, scale, rng, sensor), depth


def _tensors(images: list[F32]) -> tuple[Tensor, Tensor]:
    """Return depth with 0 where unknown, and the mask, each (N, 1, H, W)."""
    stacked = np.stack(images)[:, None]
    known = np.isfinite(stacked)
    depth = torch.from_numpy(np.where(known, stacked, np.float32(0)))
    return depth, torch.from_numpy(known.astype(np.float32))
