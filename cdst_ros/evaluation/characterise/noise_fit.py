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
"""Fits sigma(z) to what was measured, with intervals."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F64
from cdst_ros.depth.noise import NoiseModel

#: Bands of distance: each is so much farther than the one before [m].
BAND_EDGES: F64 = np.geomspace(0.1, 20.0, 49)
BANDS = BAND_EDGES.size - 1
#: A band counts when it has so many tiles.
MIN_TILES = 6
#: Surfaces seen at no greater angle face the camera [rad].
FACING = np.deg2rad(40)
#: Bands that tell a curve.
MIN_BANDS = 3
_REPLICATES = 200
_HUBER = 2.0


class TileVariances:
    """
    Variances of tiles by band of distance, of which a quantile counts.

    Some tiles are not as flat, or not as still, as they look, so that the mean would be too large.
    Tiles are kept apart by unit: a part of the image in one span or frame. The noise of its tiles
    depends on each other, that of different units hardly does, so a bootstrap draws units.

    A pixel that measures a little beside its place measures another depth where a surface is
    slanted, so noise has an axial and a lateral part (Nguyen, Izadi and Lovell, "Modeling Kinect
    sensor noise", 3DIMPVT 2012). Only tiles that face the camera count, if they make enough bands,
    and of each band the less slanted half, so that the axial part is what is told.
    """

    def __init__(self, level: float = 0.5) -> None:
        """Take the quantile ``level``, 0 to 1, of each band."""
        self.level = level
        self._units: list[F64] = []

    def add(self, depth: F64, variance: F64, slant: F64) -> None:
        """
        Add a unit of N tiles.

        :param depth: [m]
        :param variance: [m^2]
        :param slant: angle to the normal [rad]
        """
        band = np.digitize(depth, BAND_EDGES) - 1
        inside = (band >= 0) & (band < BANDS) & np.isfinite(variance)
        if inside.any():
            self._units.append(np.stack([band, depth, variance, slant])[:, inside])

    def __len__(self) -> int:
        return len(self._units)

    def bands(self, drawn: F64 | None = None) -> Bands:
        """
        Return the bands that have enough tiles.

        :param drawn: how often each unit counts, (units,); once, if None
        """
        times = np.ones(len(self)) if drawn is None else drawn
        chosen = [
            unit for unit, count in zip(self._units, times, strict=True) for _ in range(int(count))
        ]
        if not chosen:
            return Bands(*(np.empty(0) for _ in range(3)))
        band, depth, variance, slant = np.concatenate(chosen, axis=1)
        found = []
        for number in np.unique(band):
            here = np.flatnonzero(band == number)
            if here.size < MIN_TILES:
                continue
            facing = here[slant[here] <= FACING]
            faces = facing.size >= MIN_TILES
            here = facing if faces else here
            here = here[slant[here] <= np.median(slant[here])]
            level = np.quantile(variance[here], self.level)
            found.append((depth[here].mean(), level, here.size, faces))
        if sum(band[3] for band in found) >= MIN_BANDS:
            found = [band for band in found if band[3]]
        return Bands(*(np.array([one[k] for one in found], np.float64) for k in range(3)))


class Bands(NamedTuple):
    """
    Mean variance by band of distance, B of them.

    :param depth: mean [m]
    :param variance: [m^2]
    :param tiles: in each
    """

    depth: F64
    variance: F64
    tiles: F64


class Fit(NamedTuple):
    """
    sigma(z).

    :param model: its terms
    :param depth: of the bands it was fitted to [m], (B,)
    :param sigma: measured there [m], (B,)
    :param tiles: of each band, (B,)
    :param low: ends of the 95 % interval of the model there [m], (B,)
    :param high: likewise
    :param terms: ends of the intervals of the three terms, (2, 3)
    """

    model: NoiseModel
    depth: F64
    sigma: F64
    tiles: F64
    low: F64
    high: F64
    terms: F64


#: Makes the variance of the noise [m^2] of that measured in each band.
Correction = Callable[[Bands], F64]


def fit_noise(variances: TileVariances, correct: Correction) -> Fit | None:
    """
    Return the model that the variances tell, None where fewer than ``MIN_BANDS`` bands do.

    :param correct: makes the variance of the noise of that of a band
    """
    bands = variances.bands()
    if bands.depth.size < MIN_BANDS:
        return None
    sigma = _sigma(bands, correct)
    model = fit_model(bands.depth, sigma, bands.tiles)
    rng = np.random.default_rng(0)
    curves, terms = [], []
    for _ in range(_REPLICATES):
        drawn = np.bincount(rng.integers(len(variances), size=len(variances)),
                            minlength=len(variances)).astype(np.float64)  # fmt: skip
        replicate = variances.bands(drawn)
        if replicate.depth.size < MIN_BANDS:
            continue
        one = fit_model(replicate.depth, _sigma(replicate, correct), replicate.tiles)
        curves.append(one.constant + bands.depth * (one.linear + one.quadratic * bands.depth))
        terms.append((one.constant, one.linear, one.quadratic))
    if not curves:
        return None
    low, high = np.percentile(np.stack(curves), (2.5, 97.5), axis=0)
    return Fit(
        model, bands.depth, sigma, bands.tiles, low, high,
        np.percentile(np.stack(terms), (2.5, 97.5), axis=0),
    )  # fmt: skip


def _sigma(bands: Bands, correct: Correction) -> F64:
    return np.sqrt(correct(bands))


def fit_model(depth: F64, sigma: F64, count: F64) -> NoiseModel:
    """
    Return the constant, linear and quadratic term, none negative, that fit best.

    Least squares of relative errors with Huber's weights (two bands in a hundred may be those of
    a wobbling curtain); bands weigh by the root of their count, as systematic errors do not shrink
    with it. Every set of terms is tried, and the best that is not negative taken: the exact
    solution of a non-negative problem of three unknowns.
    """
    terms = np.stack([np.ones_like(depth), depth, np.square(depth)], axis=-1)
    scale = np.maximum(sigma, 0.25 * np.median(sigma) + 1e-6)
    weight = np.sqrt(np.sqrt(count / count.max()))
    robust = np.ones_like(sigma)
    best = np.zeros(3)
    for _ in range(6):
        rows = terms / scale[:, None] * (weight * robust)[:, None]
        values = sigma / scale * weight * robust
        best = _non_negative(rows, values)
        errors = np.abs(terms @ best - sigma) / scale
        limit = _HUBER * max(1.4826 * float(np.median(errors)), 1e-4)
        robust = np.sqrt(np.minimum(1, limit / np.maximum(errors, 1e-12)))
    return NoiseModel(*(float(term) for term in best))


def _non_negative(rows: F64, values: F64) -> F64:
    """Return the non-negative solution with the least squared error, (3,)."""
    best, least = np.zeros(rows.shape[1]), float(values @ values)
    for size in range(1, rows.shape[1] + 1):
        for chosen in combinations(range(rows.shape[1]), size):
            part, *_ = np.linalg.lstsq(rows[:, chosen], values, rcond=None)
            if (part < 0).any():
                continue
            error = rows[:, chosen] @ part - values
            if error @ error < least - 1e-12:
                least = float(error @ error)
                best = np.zeros(rows.shape[1])
                best[list(chosen)] = part
    return best
