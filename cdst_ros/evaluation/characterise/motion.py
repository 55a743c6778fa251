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
"""Whether the camera moved between two depth images, told from depth alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32, F64, Bool
from cdst_ros.evaluation.characterise.pinhole import Pinhole
from cdst_ros.evaluation.metrics.edges import near_discontinuity

#: Cells that an image is reduced to, along its shorter side.
_CELLS = 30
#: A cell counts when this share of its pixels is known in both images.
_KNOWN = 0.5
#: Cells that six numbers are fitted to, at least.
_MIN_CELLS = 40
#: Residuals beyond so many of their medians do not count: things that move by themselves.
_TUKEY = 7.0
_ROUNDS = 4


class Change(NamedTuple):
    """
    How an image differs from an earlier one, in squares of relative depth.

    :param motion: mean square of what a motion of the camera explains
    :param noise: mean square of all difference, pixel by pixel, without its outliers
    :param chance: what noise alone would make six numbers explain on average; much where
        neighbouring pixels err together, for then there are few independent errors
    """

    motion: float
    noise: float
    chance: float


class Stillness:
    """
    Compares images with a first one.

    A motion of the camera by a small translation t and rotation w changes the depth of a pixel by
    dZ - Z_u du - Z_v dv, which is linear in t and w (range flow: Spies, Jaehne and Barron, CVIU
    85(3), 2002; egomotion from it: Jaimez and Gonzalez-Jimenez, "Fast visual odometry for 3-D
    range sensors", IEEE T-RO 31(4), 2015). The six numbers are fitted to the mean change in cells
    of the image, away from contours, with Tukey's weights.
    """

    def __init__(self, first: F32, pinhole: Pinhole) -> None:
        """
        Take the image that later ones are compared with.

        :param first: (H, W) [m], NaN = unknown
        """
        self.first = first
        self._calm = np.isfinite(first) & ~near_discontinuity(first, 2)
        self._cell = max(2, min(first.shape) // _CELLS)
        self._design = self._columns(pinhole)

    def change(self, depth: F32) -> Change | None:
        """Return how an image (H, W) [m] differs; None where too little of both is known."""
        both = self._calm & np.isfinite(depth)
        relative = np.where(both, (depth - self.first) / np.where(both, self.first, 1), 0)
        share = self._means(both.astype(np.float32))
        known = share >= _KNOWN
        rows = known & np.isfinite(self._design).all(axis=-1)
        if np.count_nonzero(rows) < _MIN_CELLS:
            return None
        values = self._means(relative)[rows] / share[rows]
        explained, residual = _explained(self._design[rows], values)
        spread = np.abs(relative[both])
        # coarse steps leave most differences at 0
        limit = (8 * float(np.median(spread)) or 6 * float(np.mean(spread))) + 1e-6
        kept = spread[spread <= limit]
        noise = float(np.mean(np.square(kept)))
        errors = np.full(rows.shape, np.nan)
        errors[rows] = residual
        return Change(float(np.mean(np.square(explained))), noise, _chance(errors, noise))

    def _columns(self, pinhole: Pinhole) -> F64:
        """Return the relative change of each cell for each of the six numbers, (h, w, 6)."""
        share = self._means(self._calm.astype(np.float32))
        with np.errstate(invalid='ignore', divide='ignore'):
            mean = self._means(np.where(self._calm, self.first, 0)) / share
        z: F64 = np.where(share >= _KNOWN, mean, np.nan).astype(np.float64)
        z_u, z_v = _slope(z, 1) / self._cell, _slope(z, 0) / self._cell
        cell = self._cell
        x, y = Pinhole(
            pinhole.fx / cell, pinhole.fy / cell, (pinhole.cx - (cell - 1) / 2) / cell,
            (pinhole.cy - (cell - 1) / 2) / cell, pinhole.known,
        ).rays(z.shape)  # fmt: skip
        x, y = np.broadcast_to(x, z.shape), np.broadcast_to(y, z.shape)
        zero, one = np.zeros_like(z), np.ones_like(z)
        columns = []
        # movements of a point for translations and rotations of the camera, in its axes
        for dx, dy, dz in (
            (-one, zero, zero), (zero, -one, zero), (zero, zero, -one),
            (zero, z, -y * z), (-z, zero, x * z), (y * z, -x * z, zero),
        ):  # fmt: skip
            du = pinhole.fx * (dx - x * dz) / z
            dv = pinhole.fy * (dy - y * dz) / z
            columns.append((dz - z_u * du - z_v * dv) / z)
        return np.stack(columns, axis=-1)

    def _means(self, image: F32) -> F32:
        cell = self._cell
        rows, columns = (size // cell for size in image.shape)
        tiles = image[: rows * cell, : columns * cell].reshape(rows, cell, columns, cell)
        return np.asarray(tiles.mean(axis=(1, 3), dtype=np.float32))


def _slope(z: F64, axis: int) -> F64:
    """Return the central difference of cells; NaN beside contours and the unknown."""
    out = np.full_like(z, np.nan)
    inner = [slice(None)] * 2
    inner[axis] = slice(1, -1)
    before, after = list(inner), list(inner)
    before[axis], after[axis] = slice(None, -2), slice(2, None)
    middle = z[tuple(inner)]
    first, second = middle - z[tuple(before)], z[tuple(after)] - middle
    with np.errstate(invalid='ignore'):
        smooth = np.abs(second - first) < 0.1 * middle
    out[tuple(inner)] = np.where(smooth, (first + second) / 2, np.nan)
    return out


def _chance(errors: F64, noise: float) -> float:
    """
    Return the mean square that six numbers explain of errors of cells (h, w) by chance.

    Neighbours with correlation r leave (1 - r) / (1 + r) of independent errors, each way.
    """
    known = errors[np.isfinite(errors)]
    limit = 6 * np.median(np.abs(known)) + 1e-12
    clipped = np.clip(errors, -limit, limit)
    pairs = [clipped[:, 1:] * clipped[:, :-1], clipped[1:] * clipped[:-1]]
    variance = float(np.nanmean(np.square(clipped)))
    if variance <= 0:
        return 0.0
    thinning = 1.0
    for pair in pairs:
        r = float(np.clip(np.nanmean(pair) / variance, 0, 0.9)) if np.isfinite(pair).any() else 0.9
        thinning *= (1 - r) / (1 + r)
    return min(6 * variance / (known.size * thinning), noise)


def _explained(design: F64, values: F32) -> tuple[F64, F64]:
    """Return what the six numbers explain of values (N,), outliers weighing less, and the rest."""
    scale = np.sqrt(np.mean(np.square(design), axis=0)) + 1e-12
    design = design / scale
    # cells that the slope makes wild tell nothing
    sane: Bool = np.abs(design).max(axis=1) < 12
    # what moves by itself is gone from the start, so that it does not bend the first fit
    centre = np.median(values)
    usual = 9 * np.median(np.abs(values - centre)) + 1e-9
    weights = (sane & (np.abs(values - centre) <= usual)).astype(np.float64)
    solution = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        weighted = design * weights[:, None]
        normal = weighted.T @ design + 1e-6 * max(weights.sum(), 1) * np.eye(design.shape[1])
        solution = np.linalg.solve(normal, weighted.T @ values)
        residual = np.abs(values - design @ solution)
        limit = _TUKEY * np.median(residual[sane]) + 1e-9 if sane.any() else 1.0
        weights = sane * np.square(np.maximum(0.0, 1 - np.square(residual / limit)))
    explained = design @ solution
    return np.asarray(explained[sane]), np.where(sane, values - explained, np.nan)
