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
Samples without end: views of procedural scenes and what sensors make of them.

A sample depends on the seed and its number alone, not on the number of workers nor on where a run
was interrupted.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from cdst_ros.depth.arrays import F32, U8, AnyArray
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.synthetic import (
    KINDS,
    Sampling,
    SensorProfile,
    TrainingView,
    degrade,
    render,
    training_view,
)
from cdst_ros.synthetic.effects.noise import smooth_noise
from cdst_ros.training.config import DataConfig
from cdst_ros.training.sources.levels import LevelMapping
from cdst_ros.training.sources.turn import Turn

#: Low-resolution pixels around a view that are made and cut off, as resampling needs neighbours.
MARGIN = 2
#: Streams of random numbers that share a seed and must not overlap.
TRAINING_STREAM, VALIDATION_STREAM, ORDER_STREAM, SOURCES_STREAM = 0, 1, 3, 4
#: Seed of the validation samples of every run.
VALIDATION_SEED = 20260101

#: What a pixel of the generic sensor comes of, and how often.
_GENERIC_SAMPLINGS = {Sampling.MEAN: 0.6, Sampling.AREA: 0.25, Sampling.CUBIC: 0.15}
#: Focal lengths are those of the sensor's optics times this.
_ZOOM = (0.8, 1.25)
#: Share of the disparity that wavers, by how much at most [levels], and the smoothness of it [px].
_WAVERING, _WAVE_LEVELS, _WAVE_LENGTH = 0.6, 0.7, (0.4, 12.0)
#: Share of the disparity whose edges are ragged, by how much at most [px], and how smoothly [px].
_RAGGED, _RAG_PIXELS, _RAG_LENGTH = 0.5, 1.2, (0.7, 4.0)
#: Share of the disparity with soft edges, and sigma of the Gaussian that softens them [px].
_SOFT, _SOFTNESS = 0.3, (0.4, 1.0)
#: The kinds of view, and their shares.
_KINDS = {**{kind: 0.84 * share for kind, share in KINDS.items()}, 'foliage': 0.08, 'wires': 0.08}


class Batch(NamedTuple):
    """
    Samples; (N, 1, h, w) input and (N, 1, sh, sw) truth, float32.

    ``depth`` [m], 0 where unknown; ``valid`` 0 or 1; ``truth`` [m], 0 where unknown;
    ``truth_valid`` 0 or 1. The others are None for procedural scenes without sources.

    :param rgb: (N, 3, sh, sw), 0 to 1, of the truth's view; 0 for samples without a picture. None
        when batches carry no pictures
    :param has_rgb: (N,), 0 or 1, which samples have a picture; None with ``rgb``
    :param disparity: (N,), 0 or 1, which samples are disparity, taken for depth as
        (level + offset) * step
    :param step: (N,), metres a level; 1 for samples of depth
    :param offset: (N,) [levels]; 0 for samples of depth
    """

    depth: Tensor
    valid: Tensor
    truth: Tensor
    truth_valid: Tensor
    rgb: Tensor | None = None
    has_rgb: Tensor | None = None
    disparity: Tensor | None = None
    step: Tensor | None = None
    offset: Tensor | None = None


class Pair(NamedTuple):
    """Input (..., h, w) and truth (..., sh, sw) [m], NaN = unknown."""

    low: F32
    high: F32


class Seen(NamedTuple):
    """
    What is seen of a fresh scene, with ``MARGIN`` input pixels around the samples.

    :param low: (h, w) [m], NaN = unknown
    :param high: (sh, sw) [m], NaN = unknown
    :param rgb: (sh, sw, 3), where it was asked for
    :param mapping: of the levels, where it is disparity
    """

    low: F32
    high: F32
    rgb: U8 | None = None
    mapping: LevelMapping | None = None


class Part(NamedTuple):
    """
    The part of every batch that one of several processes makes: together they make all of it.

    :param rank: number of the process
    :param world: how many there are; the batch size is a multiple of it
    """

    rank: int = 0
    world: int = 1

    def of(self, size: int) -> tuple[int, int]:
        """
        Return the first sample of a batch of ``size``, and that behind the last.

        :raises ValueError: when the parts would not be equal
        """
        if size % self.world:
            raise ValueError(
                f'data.batch_size {size} can not be shared by {self.world} processes: make it a '
                f'multiple of {self.world}'
            )
        share = size // self.world
        return self.rank * share, (self.rank + 1) * share


WHOLE = Part()


class Pairs(Dataset[Pair]):
    """
    The samples of a seed by number: a view each, cut into ``DataConfig.tiles`` squared samples.

    :param scale: output pixels per input pixel, each way
    :param sensors: that see them, and their shares
    :param stream: of random numbers
    """

    def __init__(
        self,
        config: DataConfig,
        scale: int,
        sensors: Mapping[SensorProfile, float],
        seed: int,
        stream: int = TRAINING_STREAM,
    ) -> None:
        self.config = config
        self.scale = scale
        self.sensors = dict(sensors)
        self.key = (seed, stream)

    def __getitem__(self, number: int) -> Pair:
        """Return the samples (tiles**2, ...) of one view."""
        cv2.setNumThreads(0)
        rng = np.random.default_rng([*self.key, number])
        return cut(make_view(rng, self.config, self.scale, self.sensors), self.config, self.scale)


class Batches(IterableDataset[Batch]):
    """The batches of steps ``start``, ``start + 1``, ... for ever, each of views of its own."""

    def __init__(self, pairs: Pairs, start: int = 0, part: Part = WHOLE) -> None:
        super().__init__()
        self.pairs = pairs
        self.start = start
        self.part = part

    def __iter__(self) -> Iterator[Batch]:
        for step in own_steps(self.start):
            yield self.batch(step)

    def batch(self, step: int) -> Batch:
        """Return the batch of a step, or the part of it."""
        config = self.pairs.config
        per_view = config.tiles**2
        views = -(-config.batch_size // per_view)
        first, last = self.part.of(config.batch_size)
        wanted = range(first // per_view, -(-last // per_view))
        made = [self.pairs[step * views + k] for k in wanted]
        own = slice(first - wanted.start * per_view, last - wanted.start * per_view)
        low, high = (np.concatenate(side)[own] for side in zip(*made, strict=True))
        return as_batch(low, high)


class PooledBatches(IterableDataset[Batch]):
    """
    The batches of steps ``start``, ... of samples that are made once and kept in memory.

    A step draws its samples by the seed and its number, so every one is seen again after
    ``len(pool) / batch_size`` steps in the mean: for networks that learn faster than scenes are
    made.
    """

    def __init__(
        self, pool: Pair, batch_size: int, seed: int, start: int = 0, part: Part = WHOLE
    ) -> None:
        super().__init__()
        self.part = part
        self.pool = pool
        self.batch_size = batch_size
        self.seed = seed
        self.start = start

    def __iter__(self) -> Iterator[Batch]:
        for step in itertools.count(self.start):
            rng = np.random.default_rng([self.seed, ORDER_STREAM, step])
            drawn = rng.integers(len(self.pool.low), size=self.batch_size)
            drawn = drawn[slice(*self.part.of(self.batch_size))]
            yield as_batch(self.pool.low[drawn], self.pool.high[drawn])


def own_steps(start: int) -> Iterator[int]:
    """Yield the steps from ``start`` on that are this worker's: all, where there are none."""
    worker = get_worker_info()
    first, stride = (worker.id, worker.num_workers) if worker else (0, 1)
    yield from itertools.count(start + first, stride)


def make_pool(pairs: Pairs, count: int, workers: int) -> Iterator[Pair]:
    """Yield the samples of views 0 to ``count - 1``, made by so many processes, in their order."""
    loader: DataLoader[Pair] = DataLoader(
        _Counted(pairs, count),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=8 if workers else None,
    )
    for low, high in loader:
        yield Pair(np.asarray(low), np.asarray(high))


class _Counted(Dataset[Pair]):
    """The first samples."""

    def __init__(self, pairs: Pairs, count: int) -> None:
        self.pairs = pairs
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> Pair:
        return self.pairs[number]


def validation_batches(
    config: DataConfig, scale: int, sensors: Mapping[SensorProfile, float], count: int
) -> list[Batch]:
    """Return ``count`` batches that are the same in every run of this configuration."""
    batches = Batches(Pairs(config, scale, sensors, VALIDATION_SEED, VALIDATION_STREAM))
    return [batches.batch(step) for step in range(count)]


def make_view(
    rng: np.random.Generator,
    config: DataConfig,
    scale: int,
    sensors: Mapping[SensorProfile, float],
) -> Pair:
    """Return input and truth of ``see_view``."""
    seen = see_view(rng, config, scale, sensors)
    return Pair(seen.low, seen.high)


def see_view(
    rng: np.random.Generator,
    config: DataConfig,
    scale: int,
    sensors: Mapping[SensorProfile, float],
    *,
    color: bool = False,
) -> Seen:
    """
    Return what is seen of a fresh scene.

    It is seen by one of the sensors, or free of noise, or it is 8-bit disparity.

    :param color: whether to return its picture; depth is the same with and without
    """
    side = config.tiles * config.crop + 2 * MARGIN
    if rng.random() < config.sensor_share:
        profiles, shares = list(sensors), np.array(list(sensors.values()))
        sensor = profiles[rng.choice(len(profiles), p=shares / shares.sum())]
        return _seen_by_sensor(rng, side, config, scale, sensor, color=color)
    view = render(*_view(rng, side * scale, config), color=color)
    turn = Turn.draw(rng)
    depth, rgb = turn(view.depth), None if view.color is None else turn(view.color)
    if rng.random() < config.disparity_share and np.isfinite(depth).all():
        return _disparity(rng, depth, scale)._replace(rgb=rgb)
    return _clean(rng, depth, scale)._replace(rgb=rgb)


def cut(view: Pair, config: DataConfig, scale: int) -> Pair:
    """Return the samples (tiles**2, ...) of a view, without its margin."""
    return Pair(
        tiles(view.low, config.tiles, config.crop, MARGIN),
        tiles(view.high, config.tiles, config.crop * scale, MARGIN * scale),
    )


def tiles(image: AnyArray, count: int, side: int, margin: int) -> AnyArray:
    """Return squares (count**2, side, side, ...) of an image, without its margin."""
    inner = image[margin : margin + count * side, margin : margin + count * side]
    rows = inner.reshape(count, side, count, side, *inner.shape[2:]).swapaxes(1, 2)
    return np.ascontiguousarray(rows.reshape(count * count, side, side, *inner.shape[2:]))


def _view(
    rng: np.random.Generator, side: int, config: DataConfig, focal: float | None = None
) -> TrainingView:
    kinds = config.kinds or _KINDS
    shares = np.array(list(kinds.values()), np.float64)
    kind = str(rng.choice(list(kinds), p=shares / shares.sum()))
    return training_view(rng, side, side, kind=kind, focal=focal)


def _seen_by_sensor(
    rng: np.random.Generator,
    side: int,
    config: DataConfig,
    scale: int,
    sensor: SensorProfile,
    *,
    color: bool,
) -> Seen:
    """
    Return what the sensor measures, with holes, and the exact depth.

    What a sensor does wrong is measured in its pixels, so its focal length is the real one.
    """
    if sensor.name == 'generic':
        samplings, shares = zip(*_GENERIC_SAMPLINGS.items(), strict=True)
        sampling = samplings[rng.choice(len(samplings), p=shares)]
        sensor = replace(sensor, sampling=sampling, hole_share=rng.uniform(0.0, config.holes))
    focal = sensor.optics.focal(sensor.optics.size[0]) * np.exp(rng.uniform(*np.log(_ZOOM)))
    view = _view(rng, side * scale, config, focal * scale)
    seen = truth = render(*view, color=sensor.wants_color or color, incidence=True)
    if sensor.alignment is not GridAlignment.HALF_PIXEL:
        # Where the sensor picks pixels, they are to lie in the middle of those of the truth.
        seen = render(*_picking(view, scale), color=sensor.wants_color, incidence=True)
    low = degrade(
        seen.depth,
        scale,
        rng,
        sensor,
        incidence=seen.incidence,
        color=seen.color,
        focal=float(focal),
    )
    return Seen(low, truth.depth, truth.color if color else None)


def _picking(view: TrainingView, scale: int) -> TrainingView:
    """Return the view whose every ``scale``-th pixel lies in the middle of a block of ours."""
    fx, fy, cx, cy = view.camera.intrinsics()
    shift = GridAlignment.HALF_PIXEL.enlarge(0.0, scale)
    width, height = view.camera.width, view.camera.height
    camera = CameraModel.from_intrinsics(fx, fy, cx - shift, cy - shift, width, height)
    return view._replace(camera=camera)


def _disparity(rng: np.random.Generator, depth: F32, scale: int) -> Seen:
    """
    Return 8-bit disparity, enlarged by the Middlebury protocol, as if it were depth.

    Planes are linear in it, nearer is greater, and the truth is quantised as well.

    :param depth: known everywhere [m]
    """
    inverse = 1.0 / depth
    low, high = float(inverse.min()), float(inverse.max())
    base, span = rng.uniform(0.0, 80.0), rng.uniform(20.0, 170.0)
    share = (inverse - low) / max(high - low, 1e-6)
    exact = _as_measured(rng, (base + span * share).astype(np.float32))
    levels: U8 = np.rint(exact).clip(0, 255).astype(np.uint8)
    size = (depth.shape[1] // scale, depth.shape[0] // scale)
    small: U8 = np.asarray(cv2.resize(levels, size, interpolation=cv2.INTER_CUBIC))
    mapping = LevelMapping.draw(rng)
    return Seen(mapping.to_metres(small), mapping.to_metres(levels), mapping=mapping)


def _as_measured(rng: np.random.Generator, levels: F32) -> F32:
    """
    Return disparity as real references have it, every other time or so.

    They are measured too (by structured light in Middlebury's), and some are reduced in size:
    edges are ragged or soft, and surfaces waver by a part of a level, so the lines where rounding
    steps are ragged as well. How much is our choice, by eye from the validation scenes.
    """
    if rng.random() < _SOFT:
        levels = cv2.GaussianBlur(levels, None, rng.uniform(*_SOFTNESS))
    if rng.random() < _WAVERING:
        sigma = np.exp(rng.uniform(*np.log(_WAVE_LENGTH)))
        levels = levels + rng.uniform(0.0, _WAVE_LEVELS) * smooth_noise(rng, levels.shape, sigma)
    if rng.random() < _RAGGED:
        sigma = np.exp(rng.uniform(*np.log(_RAG_LENGTH)))
        amount = rng.uniform(0.0, _RAG_PIXELS)
        v, u = np.indices(levels.shape, dtype=np.float32)
        u = u + amount * smooth_noise(rng, levels.shape, sigma)
        v = v + amount * smooth_noise(rng, levels.shape, sigma)
        levels = cv2.remap(levels, u, v, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(levels, dtype=np.float32)


def _clean(rng: np.random.Generator, depth: F32, scale: int) -> Seen:
    """Return noise-free depth, in whole millimetres every other time."""
    sensor = SensorProfile(
        name='clean',
        sampling=Sampling.AREA if rng.random() < 0.5 else Sampling.CUBIC,
        quantisation=0.001 if rng.random() < 0.5 else 0.0,
    )
    return Seen(degrade(depth, scale, rng, sensor), depth)


def as_batch(low: F32, high: F32) -> Batch:
    """Return samples (N, h, w) and (N, sh, sw) [m], NaN = unknown, as a batch."""
    return Batch(*_tensors(low), *_tensors(high))


def _tensors(images: F32) -> tuple[Tensor, Tensor]:
    """Return depth with 0 where unknown, and the mask, each (N, 1, H, W)."""
    depth = torch.from_numpy(np.ascontiguousarray(images))[:, None]
    known = torch.isfinite(depth)
    return torch.where(known, depth, torch.zeros_like(depth)), known.to(depth.dtype)
