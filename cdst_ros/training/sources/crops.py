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
"""Samples cut out of decoded images at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.synthetic import SensorProfile
from cdst_ros.training.config import ConfigError
from cdst_ros.training.sources.degradation import Degradation
from cdst_ros.training.sources.image import SourceImage
from cdst_ros.training.sources.levels import MOST, PROTOCOL, LevelMapping, Spans, rounded
from cdst_ros.training.sources.sample import Sample
from cdst_ros.training.sources.settings import SourceConfig
from cdst_ros.training.sources.turn import Turn

#: Input pixels around a sample that are made and cut off, as resampling needs neighbours.
_MARGIN = 2
#: A crop of which less than this share of the input is known is drawn again, so often at most.
_LEAST_KNOWN, _TRIES = 0.25, 8


class Window(NamedTuple):
    """
    A part of an image: a square of blocks, and as much of the margin as there is.

    :param top: first row, margin included
    :param left: first column
    :param bottom: row behind the last
    :param right: column behind the last
    :param above: blocks of margin above the square
    :param before: blocks of margin left of it
    """

    top: int
    left: int
    bottom: int
    right: int
    above: int
    before: int

    @classmethod
    def draw(
        cls, rng: np.random.Generator, shape: tuple[int, ...], blocks: int, block: int
    ) -> Window:
        """Return a random one of so many blocks of so many pixels, each way."""
        side = blocks * block
        spans = []
        for size in shape[:2]:
            start = int(rng.integers(size - side + 1))
            before = min(_MARGIN, start // block)
            after = min(_MARGIN, (size - start - side) // block)
            spans.append((start - before * block, start + side + after * block, before))
        (top, bottom, above), (left, right, ahead) = spans
        return cls(top, left, bottom, right, above, ahead)

    def of(self, image: F32) -> F32:
        """Return this part of an image, with its margin."""
        return np.ascontiguousarray(image[self.top : self.bottom, self.left : self.right])

    def of_picture(self, image: U8) -> U8:
        """Return this part of a picture, with its margin."""
        return np.ascontiguousarray(image[self.top : self.bottom, self.left : self.right])

    def inner(self, blocks: int, block: int) -> tuple[slice, slice]:
        """Return where the square lies in what ``of`` gave, blocks now of so many pixels."""
        top, left, side = self.above * block, self.before * block, blocks * block
        return slice(top, top + side), slice(left, left + side)


class Crops:
    """
    Samples of decoded images: any part in any of its eight orientations.

    :param images: one at least
    :param settings: of their source
    :param crop: width and height of a sample [LR px]
    :param scale: output pixels per input pixel, each way
    :param color: whether samples carry pictures
    :param sensor: that is trained for
    """

    def __init__(
        self,
        images: Sequence[SourceImage],
        settings: SourceConfig,
        crop: int,
        scale: int,
        *,
        color: bool,
        sensor: SensorProfile | None = None,
    ) -> None:
        self.images = list(images)
        self.crop = crop
        self.scale = scale
        self.color = color
        self._settings = settings
        self._degradations = [Degradation(name, sensor) for name in settings.degradation]
        shares = np.array(list(settings.degradation.values()), np.float64)
        self._shares = shares / shares.sum()
        self._spans = Spans(settings.span_least, settings.span_most)
        for image in self.images:
            self._check(image)

    def samples(self, rng: np.random.Generator, count: int) -> list[Sample]:
        """Return so many samples, which depend on ``rng`` alone."""
        return [self._sample(rng) for _ in range(count)]

    def _sample(self, rng: np.random.Generator) -> Sample:
        for _ in range(_TRIES):
            sample = self._draw(rng)
            if np.isfinite(sample.low).mean() >= _LEAST_KNOWN:
                break
        return sample

    def _draw(self, rng: np.random.Generator) -> Sample:
        image = self.images[int(rng.integers(len(self.images)))]
        degradation = self._degradations[int(rng.choice(len(self._shares), p=self._shares))]
        turn = Turn.draw(rng)
        if image.low is not None:
            return self._measured(rng, image, image.low, turn)
        block = self.scale * degradation.every
        values = turn.view(image.values)
        window = Window.draw(rng, values.shape, self.crop, block)
        rgb = None if image.rgb is None else window.of_picture(turn.view(image.rgb))
        if image.levels is None:
            mapping = None
            high = window.of(values)
            low = degradation.of_depth(rng, high, self.scale, rgb)
        else:
            mapping = self._mapping(rng)
            levels = self._rounded(rng, image, window.of(values))
            high = mapping.to_metres(levels)
            low = degradation.of_levels(rng, levels, self.scale, mapping)
        every = degradation.every
        inner = window.inner(self.crop, self.scale)
        return Sample(
            low[window.inner(self.crop, 1)],
            high[::every, ::every][inner],
            rgb[::every, ::every][inner] if rgb is not None and self.color else None,
            mapping,
        )

    def _measured(
        self, rng: np.random.Generator, image: SourceImage, measured: F32, turn: Turn
    ) -> Sample:
        """Return a part of a pair that was measured both."""
        low = turn.view(measured)
        window = Window.draw(rng, low.shape, self.crop, 1)
        rows, columns = (
            slice(start * self.scale, (start + self.crop) * self.scale)
            for start in (window.top + window.above, window.left + window.before)
        )
        rgb = None
        if image.rgb is not None and self.color:
            rgb = turn.view(image.rgb)[rows, columns]
        return Sample(
            window.of(low)[window.inner(self.crop, 1)],
            turn.view(image.values)[rows, columns],
            rgb,
        )

    def _mapping(self, rng: np.random.Generator) -> LevelMapping:
        return LevelMapping.draw(rng) if rng.random() < self._settings.remapped else PROTOCOL

    def _rounded(self, rng: np.random.Generator, image: SourceImage, levels: F32) -> F32:
        """Return levels as 8 bits hold them, scaled before, some or such as would not fit."""
        assert image.levels is not None
        drawn = rng.random() < self._settings.rescaled
        if drawn or image.levels.greatest > MOST:
            levels = self._spans.scaled(rng, levels, image.levels)
        return rounded(levels)

    def _check(self, image: SourceImage) -> None:
        """
        Refuse an image that no sample fits in.

        :raises ConfigError: when it is too small
        """
        most = 1 if image.low is not None else max(each.every for each in self._degradations)
        side = self.crop * self.scale * most
        height, width = image.values.shape
        if min(height, width) < side:
            raise ConfigError(
                f'{image.name} is {width}x{height}: too small for samples of {side}x{side} '
                f'(data.crop {self.crop} at x{self.scale}). Lower data.crop, or leave it out '
                'with exclude'
            )
