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
"""Foreground fattening: what a matching window makes of a contour."""

from __future__ import annotations

import math

import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.synthetic.effects.edges import SURFACE_GAP, steps
from cdst_ros.synthetic.effects.noise import smooth_noise

#: Sigma of the Gaussian along which the reach of ragged contours varies [LR px]; our choice.
_RAGGED_OVER = 1.5


def fatten(depth: F32, reach: F32) -> F32:
    """
    Return depth whose foreground covers the background beside its contours.

    A window that lies over a contour matches at the disparity of its more contrasted part, most
    often the foreground, so pixels up to half a window outside the contour get the foreground's
    disparity (Kanade and Okutomi, PAMI 16(9), 1994; Blanchet, Buades, Coll, Morel and Rouge,
    "Fattening Free Block Matching", JMIV 41, 2011). The contour is displaced, not blurred, and
    never inwards; surfaces without steps are left as they are.

    :param depth: [m], NaN = unknown and stays so, (h, w)
    :param reach: how far contours are displaced into each pixel [px], (h, w)
    """
    with np.errstate(divide='ignore'):
        inverse: F32 = np.float32(1) / depth
    rows = _fatten_rows(inverse, reach)
    both = _fatten_rows(np.ascontiguousarray(rows.T), np.ascontiguousarray(reach.T)).T
    grown = both > inverse
    return np.where(grown, 1 / np.where(grown, both, 1), depth).astype(np.float32)


def ragged_reach(
    rng: np.random.Generator, shape: tuple[int, ...], window: float, ragged: float
) -> F32:
    """
    Return how far contours reach [px], from ``(1 - ragged)`` of half a window to all of it.

    How far depends on the texture on either side, which is not modelled: it varies at random
    along the contour, by our choice.
    """
    half = (window - 1) / 2
    reach = np.full(shape, half, dtype=np.float32)
    if ragged > 0:
        share = 0.5 + 0.5 * np.tanh(0.8 * smooth_noise(rng, shape, _RAGGED_OVER))
        reach -= np.float32(ragged * half) * share
    return reach


def _fatten_rows(inverse: F32, reach: F32) -> F32:
    """Return inverse depth whose foreground reaches along the rows alone."""
    left_in_front, right_in_front = steps(inverse)
    out: F32 = inverse.copy()
    rightwards = np.zeros_like(inverse)
    rightwards[:, 1:] = np.where(left_in_front, inverse[:, :-1], 0)
    _carry(inverse, reach, rightwards, out)
    leftwards = np.zeros_like(inverse)
    leftwards[:, :-1] = np.where(right_in_front, inverse[:, 1:], 0)
    _carry(inverse[:, ::-1], reach[:, ::-1], leftwards[:, ::-1], out[:, ::-1])
    return np.asarray(out)


def _carry(inverse: F32, reach: F32, carried: F32, out: F32) -> None:
    """Carry foreground to the right as far as it reaches, or until something is in front."""
    limit = np.float32(1 + SURFACE_GAP)
    for distance in range(1, math.ceil(float(reach.max(initial=0)) + 0.5) + 1):
        with np.errstate(invalid='ignore'):
            taken = (carried > inverse * limit) & (distance - 0.5 <= reach)
        if not taken.any():
            return
        carried = np.where(taken, carried, np.float32(0))
        np.copyto(out, carried, where=carried > np.where(taken, out, np.inf))
        carried = np.pad(carried[:, :-1], ((0, 0), (1, 0)))
