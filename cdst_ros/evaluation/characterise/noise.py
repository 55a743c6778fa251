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
Noise: sigma(z), what of it stays, and how far it reaches.

Where camera and scene are still, the variance of each pixel over time is that of the noise, and
what the mean image leaves of planes is the part that stays. Where nothing is still, all that can
be told is what single images leave of planes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32, F64
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.evaluation.characterise.dither import left_by_averaging, noise_before_rounding
from cdst_ros.evaluation.characterise.noise_fit import (
    Bands,
    Fit,
    TileVariances,
    fit_noise,
)
from cdst_ros.evaluation.characterise.pinhole import Pinhole
from cdst_ros.evaluation.characterise.planes import (
    MAX_CORRELATION,
    TILE,
    Tiles,
    correlation_of_neighbours,
    correlation_of_product,
    fit_tiles,
    kept_share,
    quantile_share,
)
from cdst_ros.evaluation.characterise.steps import Steps
from cdst_ros.evaluation.metrics.edges import near_discontinuity

#: Surfaces seen at a greater angle tell the noise across the ray, not that along it [rad].
MAX_SLANT = np.deg2rad(60)
#: Share of a span's frames in which a pixel must be known.
_KNOWN = 0.75
#: A pixel that varies by so many times the median variance sees something move.
_MOVING = 6.0
#: An image is parted into so many units each way, for intervals.
_UNITS = 4
#: Of single images, what is flat is the least that tiles show: this quantile of their variances.
_FLATTEST = 0.25
#: Tiles whose residuals tell how far noise reaches.
_MIN_TILES = 20


class Noise(NamedTuple):
    """
    What is known of the noise.

    :param temporal: sigma(z) over time, where something was still
    :param model: of all noise, that which stays included
    :param total: its fit
    :param persistence: share of the variance that stays
    :param correlation: smoothing of the noise [px], None if not told
    :param lag: correlation of one frame's noise with that of the next
    :param spatial: whether all this comes of single images, for nothing was still
    :param pixels: measurements of variance over time
    :param tiles: tiles that were looked at
    :param capped: whether the noise reaches farther than single images can tell
    """

    temporal: Fit | None
    model: NoiseModel | None
    total: Fit | None
    persistence: float | None
    correlation: float | None
    lag: float | None
    spatial: bool
    pixels: int
    tiles: int
    capped: bool


class NoiseMeter:
    """Gathers what spans and images tell of the noise."""

    def __init__(self) -> None:
        self._over_time = TileVariances()
        self._of_means = TileVariances()
        self._of_images = TileVariances(_FLATTEST)
        self._products = np.zeros(2)
        self._across = np.zeros(2)
        self._lags: list[tuple[float, float]] = []
        self._frames_a_span: list[int] = []
        self._pixels = 0
        self._tiles = 0
        self._mean_tiles = 0

    def add_span(self, span: F32, pinhole: Pinhole) -> None:
        """Take in still frames (T, H, W) [m], NaN = unknown."""
        frames = len(span)
        count = np.isfinite(span).sum(axis=0)
        used = count >= max(2, round(_KNOWN * frames))
        # a difference to the first known depth keeps float32 sharp
        first = _first_known(span)
        offset = span - first
        with np.errstate(invalid='ignore', divide='ignore'):
            mean = np.nansum(offset, axis=0) / count
            rest = offset - mean
            variance = np.nansum(np.square(rest), axis=0) / (count - 1)
        image = np.where(used, first + mean, np.nan).astype(np.float32)
        tiles = _facing(fit_tiles(image, near_discontinuity(image, 2), dense=True), pinhole)
        if not len(tiles.depth):
            return
        self._frames_a_span.append(frames)
        self._mean_tiles += len(tiles.depth)
        self._take_variances(tiles, variance, image, tiles.slant(pinhole))
        self._take_neighbours(tiles, rest, variance)
        self._add_by_unit(self._of_means, tiles, image.shape, tiles.slant(pinhole))

    def add_image(self, depth: F32, pinhole: Pinhole) -> None:
        """Take in an image (H, W) [m], NaN = unknown, as if nothing were still."""
        tiles = _facing(fit_tiles(depth), pinhole)
        self._tiles += len(tiles.depth)
        if not len(tiles.depth):
            return
        weight = tiles.depth**-4.0  # so that far tiles do not drown the others
        # a tile without any rest tells nothing of neighbours, and one that is not flat lies
        relative = tiles.variance / tiles.depth**3
        noisy = (relative > 0) & (relative <= np.quantile(relative, 2 * _FLATTEST))
        self._products += (
            float(np.sum((tiles.products * tiles.variance * weight)[noisy])),
            float(np.sum((tiles.variance * weight)[noisy])),
        )
        self._add_by_unit(self._of_images, tiles, depth.shape, tiles.slant(pinhole))

    @property
    def distances(self) -> F64:
        """Distances at which spans tell the noise [m], (B,)."""
        return self._over_time.bands().depth

    def noise(self, steps: Steps) -> Noise:
        """Return what is told, ``steps`` of the sensor taken into account."""
        if self._pixels:
            found = self._from_spans(steps)
            if found is not None:
                return found
        return self._from_images(steps)

    def _from_spans(self, steps: Steps) -> Noise | None:
        temporal = fit_noise(self._over_time, lambda bands: _unrounded(bands, steps))
        if temporal is None:
            return None
        correlation = self._correlation(steps, temporal)
        total, persistence = self._with_what_stays(steps, temporal, correlation)
        lag = None
        if self._lags:
            weights = np.array([w for _, w in self._lags])
            lag = float(np.average([value for value, _ in self._lags], weights=weights))
        return Noise(
            temporal, total.model if total else temporal.model, total or temporal, persistence,
            correlation, lag, False, self._pixels, self._mean_tiles, False,
        )  # fmt: skip

    def _correlation(self, steps: Steps, temporal: Fit) -> float | None:
        """Return how far noise is smoothed [px], from neighbours over time."""
        covariance, variance = self._across
        if variance <= 0 or self._mean_tiles < _MIN_TILES:
            return None
        # rounding adds to the variance of pixels, and nothing to the covariance of neighbours
        bands = self._over_time.bands()
        noise = np.average(_unrounded(bands, steps) / bands.depth**4, weights=bands.tiles)
        measured = np.average(bands.variance / bands.depth**4, weights=bands.tiles)
        share = float(np.clip(noise / measured, 0.05, 1)) if measured > 0 else 1.0
        return correlation_of_neighbours(float(np.clip(covariance / variance / share, 0, 0.999)))

    def _with_what_stays(
        self, steps: Steps, temporal: Fit, correlation: float | None
    ) -> tuple[Fit | None, float | None]:
        """Return sigma(z) of all noise, and the share of the variance that stays."""
        smoothing = 0.0 if correlation is None else correlation
        if smoothing > MAX_CORRELATION:
            return None, None
        kept = kept_share(smoothing)
        median = quantile_share(smoothing, self._of_means.level)
        frames = float(np.mean(self._frames_a_span))

        def fresh(depth: F64) -> F64:
            sigma = temporal.model.sigma(depth.astype(np.float32))
            return np.asarray(np.square(sigma, dtype=np.float64))

        def everything(bands: Bands) -> F64:
            passing = fresh(bands.depth)
            step = np.maximum(steps.at(bands.depth), 1e-9)
            left = left_by_averaging(np.sqrt(passing) / step) * np.square(step)
            stays = (bands.variance / median - left) / kept - passing / frames
            return np.asarray(np.maximum(stays, 0) + passing)

        total = fit_noise(self._of_means, everything)
        if total is None:
            return None, None
        share = 1 - fresh(total.depth) / np.maximum(np.square(total.sigma), 1e-18)
        return total, float(np.clip(np.average(share, weights=np.sqrt(total.tiles)), 0, 1))

    def _from_images(self, steps: Steps) -> Noise:
        product, variance = self._products
        correlation, capped = None, False
        if variance > 0 and self._tiles >= _MIN_TILES:
            rounding = self._rounding_share(steps)
            value = product / variance / max(1 - rounding, 0.05)
            correlation = correlation_of_product(value)
            capped = correlation >= MAX_CORRELATION
        smoothing = correlation or 0.0
        quantile = quantile_share(smoothing, self._of_images.level)

        def unrounded(bands: Bands) -> F64:
            step = steps.at(bands.depth)
            return np.asarray(
                np.maximum(bands.variance / quantile - np.square(step) / 12, 0)
                / kept_share(smoothing)
            )

        total = fit_noise(self._of_images, unrounded)
        model = None if total is None else total.model
        return Noise(
            None, model, total, None, None if capped else correlation, None, True, 0,
            self._tiles, capped,
        )  # fmt: skip

    def _rounding_share(self, steps: Steps) -> float:
        """Return the share of the tiles' variance that rounding accounts for."""
        bands = self._of_images.bands()
        if not bands.depth.size:
            return 0.0
        rounding = np.square(steps.at(bands.depth)) / 12
        share = np.minimum(rounding / np.maximum(bands.variance, 1e-18), 1)
        return float(np.average(share, weights=bands.tiles))

    def _take_variances(self, tiles: Tiles, variance: F32, image: F32, slant: F64) -> None:
        """Note the variance over time of the pixels of tiles."""
        height, width = image.shape
        step = np.arange(TILE)
        rows = tiles.rows.astype(int)[:, None, None] + step[None, :, None]
        columns = tiles.columns.astype(int)[:, None, None] + step[None, None, :]
        values = variance[rows, columns]
        median = np.median(values, axis=(1, 2), keepdims=True)
        spread = np.mean(values, axis=(1, 2), keepdims=True)
        calm = values <= _MOVING * np.maximum(median, spread / 2)
        count = calm.sum(axis=(1, 2))
        mean = np.where(calm, values, 0).sum(axis=(1, 2), dtype=np.float64) / count
        unit = _unit_of(tiles, (height, width))
        for number in np.unique(unit):
            here = unit == number
            self._over_time.add(tiles.depth[here], mean[here], slant[here])
        self._pixels += int(count.sum())

    def _take_neighbours(self, tiles: Tiles, rest: F32, variance: F32) -> None:
        """Note how the noise of neighbours, and of consecutive frames, goes together."""
        frames = len(rest)
        covariance = total = following = 0.0
        weight_of = tiles.depth**-4.0
        for row, column, weight in zip(
            tiles.rows.astype(int), tiles.columns.astype(int), weight_of, strict=True
        ):
            block = np.nan_to_num(
                rest[:, row : row + TILE, column : column + TILE].astype(np.float64)
            )
            across = np.mean(block[:, :, 1:] * block[:, :, :-1])
            down = np.mean(block[:, 1:] * block[:, :-1])
            power = np.mean(np.square(block))
            covariance += weight * (across + down) / 2
            total += weight * power
            following += weight * np.mean(block[1:] * block[:-1])
        self._across += (covariance, total)
        if total > 0:
            # the mean of a span takes 1 / T of the correlation with it
            self._lags.append((following / total + 1 / frames, float(frames)))

    def _add_by_unit(
        self, target: TileVariances, tiles: Tiles, shape: tuple[int, ...], slant: F64
    ) -> None:
        unit = _unit_of(tiles, shape)
        for number in np.unique(unit):
            here = unit == number
            target.add(tiles.depth[here], tiles.variance[here], slant[here])


def _facing(tiles: Tiles, pinhole: Pinhole) -> Tiles:
    """Return the tiles that face the camera, as far as that is known."""
    facing = tiles.slant(pinhole) <= MAX_SLANT
    return Tiles(*(part[facing] for part in tiles))


def _first_known(span: F32) -> F32:
    """Return the first known depth of each pixel, 0 where there is none, (H, W) [m]."""
    known = np.isfinite(span)
    first = np.take_along_axis(span, known.argmax(axis=0)[None], axis=0)[0]
    return np.asarray(np.where(known.any(axis=0), first, 0), np.float32)


def _unit_of(tiles: Tiles, shape: tuple[int, ...]) -> F64:
    """Return the part of the image that each tile lies in."""
    down = np.floor(tiles.rows * _UNITS / shape[0])
    return np.asarray(down * _UNITS + np.floor(tiles.columns * _UNITS / shape[1]))


def _unrounded(bands: Bands, steps: Steps) -> F64:
    """Return the variance over time without what steps add [m^2]."""
    step = np.maximum(steps.at(bands.depth), 1e-9)
    return noise_before_rounding(bands.variance / np.square(step)) * np.square(step)
