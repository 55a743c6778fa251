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
What is left of depth when a plane is taken away from small tiles of an image.

Planes are linear in inverse depth, so that is what is fitted. A plane of three numbers takes some
of the noise with it, and the more the further neighbouring pixels err together; how much is known
exactly for the noise that sensor profiles describe (white noise smoothed by a Gaussian), and put
right.
"""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, Bool
from cdst_ros.evaluation.characterise.pinhole import Pinhole

#: Side of a tile [px]; a multiple of the reach of the noise, and small against most furniture.
TILE = 13
#: Images of fewer pixels are small.
_SMALL = 60_000
#: Share of a tile that must be known.
_KNOWN = 0.9
#: A tile holds one surface when no pixel is off its plane by more than this share of depth.
_ONE_SURFACE = 0.03
#: Noise that is smoothed by a Gaussian of so many pixels is told apart.
#: Beyond 2 a plane takes half of the noise with it, and what is left does not tell how much.
CORRELATIONS = np.concatenate([np.linspace(0, 1, 21), np.linspace(1.1, 2, 10)])
MAX_CORRELATION = 2.0


class Tiles(NamedTuple):
    """
    Tiles of one surface, N of them.

    :param rows: of their upper left pixels
    :param columns: likewise
    :param depth: of their middles [m]
    :param variance: of depth about the plane [m^2], as of independent errors
    :param products: mean product of residuals of neighbours across and down, over the variance
    :param residual: of depth [m], NaN = unknown, (N, TILE, TILE)
    :param plane: inverse depth in the middle [1/m], and its change over a tile down and across
    """

    rows: F64
    columns: F64
    depth: F64
    variance: F64
    products: F64
    residual: F64
    plane: F64

    def slant(self, pinhole: Pinhole) -> F64:
        """
        Return the angle between the ray to each tile and its normal [rad], (N,).

        1/z = a u + b v + c is the plane n P = 1 with n = (fx a, fy b, c + a cx + b cy).
        """
        value, down, across = self.plane.T
        across, down = across / TILE, down / TILE
        middle = (TILE - 1) / 2
        x = (self.columns + middle - pinhole.cx) / pinhole.fx
        y = (self.rows + middle - pinhole.cy) / pinhole.fy
        normal = np.stack([
            pinhole.fx * across, pinhole.fy * down,
            value - across * pinhole.fx * x - down * pinhole.fy * y,
        ])  # fmt: skip
        length = np.sqrt(np.square(normal).sum(axis=0) * (x * x + y * y + 1))
        # n P = 1 at the point P = (x, y, 1) / value
        return np.asarray(np.arccos(np.clip(value / np.maximum(length, 1e-12), -1, 1)))


def fit_tiles(depth: F32, avoid: Bool | None = None, *, dense: bool = False) -> Tiles:
    """
    Take the plane from each tile of an image (H, W) [m], NaN = unknown.

    Tiles that are partly unknown, hold a contour or are avoided are left out.

    :param avoid: (H, W), pixels that no tile may hold
    :param dense: whether tiles overlap by half; those of small images always do
    """
    if depth.size > _SMALL and not dense:
        return _fit_tiles(depth, avoid)
    found = []
    for top in (0, TILE // 2):
        for left in (0, TILE // 2):
            inner = np.s_[top:, left:]
            tiles = _fit_tiles(depth[inner], None if avoid is None else avoid[inner])
            found.append(tiles._replace(rows=tiles.rows + top, columns=tiles.columns + left))
    return Tiles(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _fit_tiles(depth: F32, avoid: Bool | None) -> Tiles:
    rows, columns = (size // TILE for size in depth.shape)
    used = depth[: rows * TILE, : columns * TILE]
    if avoid is not None:
        used = np.where(avoid[: rows * TILE, : columns * TILE], np.nan, used)
    z = used.reshape(rows, TILE, columns, TILE).swapaxes(1, 2).reshape(-1, TILE * TILE)
    known = np.isfinite(z)
    whole = known.mean(axis=1) >= _KNOWN if avoid is None else known.all(axis=1)
    at = np.flatnonzero(whole)
    z, known = z[at].astype(np.float64), known[at]
    with np.errstate(divide='ignore', invalid='ignore'):
        inverse = np.where(known, 1 / z, 0.0)
    design = _design()
    weighted = design[None] * known[..., None]
    normal = np.einsum('nki,kj->nij', weighted, design)
    moment = np.einsum('nki,nk->ni', weighted, inverse)
    plane = np.linalg.solve(normal, moment[..., None])[..., 0] if len(at) else moment
    fitted = plane @ design.T
    with np.errstate(divide='ignore', invalid='ignore'):
        residual = np.where(known, z - 1 / fitted, np.nan)
        off = np.nanmax(np.abs(residual) / z, axis=1) if len(at) else np.empty(0)
        typical = np.sqrt(np.nanmean(np.square(residual / z), axis=1)) if len(at) else off
    middle = 1 / plane[:, 0] if len(at) else np.empty(0)
    good = (middle > 0) & (off < np.maximum(_ONE_SURFACE, 5.5 * typical)) & (typical < 0.1)
    at, residual, middle, known = at[good], residual[good], middle[good], known[good]
    count = known.sum(axis=1)
    variance = np.nansum(np.square(residual), axis=1) / np.maximum(count - 3, 1)
    square = residual.reshape(-1, TILE, TILE)
    across = np.nanmean(square[:, :, 1:] * square[:, :, :-1], axis=(1, 2)) if len(at) else variance
    down = np.nanmean(square[:, 1:] * square[:, :-1], axis=(1, 2)) if len(at) else variance
    with np.errstate(divide='ignore', invalid='ignore'):
        products = (across + down) / 2 / variance
    return Tiles(
        (at // columns * TILE).astype(np.float64),
        (at % columns * TILE).astype(np.float64),
        middle,
        variance,
        products,
        square,
        plane[good],
    )


class Kept(NamedTuple):
    """
    What a plane leaves of smoothed noise, by the smoothing.

    :param share: of the variance, as ``Tiles.variance`` counts it; 1 for white noise
    :param product: of neighbours' residuals, over that variance
    :param freedom: independent errors of a tile
    """

    share: F64
    product: F64
    freedom: F64


@lru_cache(maxsize=1)
def kept_by_correlation() -> Kept:
    """Return what is left of noise at each of ``CORRELATIONS``, exactly."""
    design = _design()
    taken = design @ np.linalg.solve(design.T @ design, design.T)
    rest = np.eye(TILE * TILE) - taken
    shares, products, freedoms = [], [], []
    for sigma in CORRELATIONS:
        left = rest @ _covariance(float(sigma)) @ rest
        variance = np.trace(left) / (TILE * TILE - 3)
        shares.append(variance)
        place = np.arange(TILE * TILE).reshape(TILE, TILE)
        across = left[place[:, 1:], place[:, :-1]].mean()
        down = left[place[1:], place[:-1]].mean()
        products.append((across + down) / 2 / variance)
        freedoms.append(np.trace(left) ** 2 / np.sum(np.square(left)))
    return Kept(np.array(shares), np.array(products), np.array(freedoms))


def correlation_of_product(product: float) -> float:
    """Return the smoothing [px] whose noise leaves that product of neighbours' residuals."""
    table = kept_by_correlation().product
    return float(np.interp(product, table, CORRELATIONS))


def kept_share(sigma: float) -> float:
    """Return the share of the variance that a plane leaves of noise smoothed over ``sigma`` px."""
    return float(np.interp(sigma, CORRELATIONS, kept_by_correlation().share))


def quantile_share(sigma: float, level: float) -> float:
    """
    Return a quantile of tiles' variances over their mean, of noise smoothed over ``sigma`` px.

    Wilson and Hilferty's quantile of a chi-squared (PNAS 17, 1931).
    """
    freedom = float(np.interp(sigma, CORRELATIONS, kept_by_correlation().freedom))
    part = 2 / (9 * freedom)
    return float((1 - part + NormalDist().inv_cdf(level) * np.sqrt(part)) ** 3)


def neighbour_correlation(sigma: F64) -> F64:
    """Return the correlation of neighbours in noise smoothed over each ``sigma`` [px], (N,)."""
    return np.array([_line(float(one))[1] for one in np.atleast_1d(sigma)])


def correlation_of_neighbours(value: float) -> float:
    """Return the smoothing [px] that gives neighbours that correlation."""
    sigmas = np.concatenate([np.linspace(0, 1, 41), np.linspace(1.05, 12, 200)])
    return float(np.interp(value, neighbour_correlation(sigmas), sigmas))


@lru_cache(maxsize=1)
def _design() -> F64:
    """Return 1, v, u of the pixels of a tile, from its middle, (K, 3)."""
    steps = (np.arange(TILE) - (TILE - 1) / 2) / TILE
    v, u = np.meshgrid(steps, steps, indexing='ij')
    return np.stack([np.ones(TILE * TILE), v.ravel(), u.ravel()], axis=-1)


@lru_cache(maxsize=512)
def _line(sigma: float) -> tuple[float, ...]:
    """Return the correlation of noise, smoothed as ``synthetic`` does, by distance [px]."""
    length = max(TILE, 2)
    if sigma <= 0:
        return (1.0, *([0.0] * (length - 1)))
    reach = int(np.ceil(3 * sigma))
    kernel = cv2.getGaussianKernel(2 * reach + 1, sigma, cv2.CV_64F).ravel()
    full = np.correlate(kernel, kernel, mode='full')
    half = full[full.size // 2 :] / full[full.size // 2]
    return tuple(np.pad(half, (0, max(0, length - half.size)))[:length])


def _covariance(sigma: float) -> F64:
    """Return the covariance of the pixels of a tile in noise of variance 1, (K, K)."""
    line = np.array(_line(sigma))
    apart = np.abs(np.arange(TILE)[:, None] - np.arange(TILE)[None])
    one = line[apart]
    return np.kron(one, one)
