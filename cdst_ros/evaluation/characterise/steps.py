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
"""The steps that depth is delivered in: even ones, or those of disparity, which grow with z^2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdst_ros.depth.arrays import F32, F64, AnyArray
from cdst_ros.evaluation.characterise.figure import Figure, Section, untold

#: Depths are counted by millimetres and, of float images, by tenths of them [m].
MILLIMETRE = 0.001
FINE = 0.0001
#: Farthest depth that is counted [m].
_FARTHEST = 20.0
#: Evidence that steps are looked for in.
_MIN_PIXELS = 20_000
#: Steps of disparity show when they are this many units of storage apart.
_VISIBLE = 2.5
#: Steps at 1 m of depth that are looked for, as 1 / step: the coarsest and the finest.
_COARSEST, _FINEST = 20.0, 6000.0
#: A comb is one when its strength is this, of at most 1, and so many times that of the others.
_MIN_STRENGTH = 0.25
_MIN_CONTRAST = 6.0
_BINS = 1 << 18
#: Strips of the image, side by side, that are counted apart.
_STRIPS = 4
#: Units are taken together by so many, for steps that are coarse.
_COARSER = (1, 2, 3, 9)


@dataclass(frozen=True)
class Steps:
    """
    The steps of a sensor.

    :param even: the same at every depth [m], 0 where none shows
    :param disparity: steps at 1 m of depth, of one over depth [1/m]: z moves by z^2 / disparity;
        0 where none shows
    """

    even: float = 0.0
    disparity: float = 0.0

    def at(self, depth: F64) -> F64:
        """Return the step at each depth [m], the coarser of both [m]."""
        steps = np.full(np.shape(depth), self.even, np.float64)
        if self.disparity > 0:
            steps = np.maximum(steps, np.square(depth) / self.disparity)
        return steps


class StepFinder:
    """Counts depths, and finds the steps between them."""

    def __init__(self) -> None:
        self._strips = np.zeros((_STRIPS, round(_FARTHEST / FINE)), np.int64)
        self._whole = 0
        self._pixels = 0
        self._float = False

    def add(self, depth: F32, encoding: str) -> None:
        """Count the depths of an image (H, W) [m], NaN = unknown."""
        for place, strip in enumerate(np.array_split(depth, _STRIPS, axis=1)):
            known = strip[np.isfinite(strip) & (strip < _FARTHEST - FINE)].astype(np.float64)
            fine = np.rint(known / FINE).astype(np.int64)
            most = self._strips.shape[1]
            self._strips[place] += np.bincount(fine, minlength=most)[:most]
            units = known / MILLIMETRE
            self._whole += int(np.count_nonzero(np.abs(units - np.rint(units)) < 2e-3))
            self._pixels += known.size
        self._float |= encoding.startswith('32FC1')

    @property
    def pixels(self) -> int:
        """How many depths were counted."""
        return self._pixels

    def range_m(self) -> tuple[float, float] | None:
        """Return the nearest and the farthest depth that one in a thousand pixels exceeds [m]."""
        if not self._pixels:
            return None
        share = np.cumsum(self._strips.sum(axis=0)) / self._pixels
        near, far = (int(np.searchsorted(share, at)) for at in (0.001, 0.999))
        return near * FINE, far * FINE

    def steps(self) -> Steps:
        """Return the steps that show."""
        unit = MILLIMETRE if self._whole > 0.99 * self._pixels else FINE
        strips = self._strips.astype(np.float64)
        if unit == MILLIMETRE:
            strips = strips[:, :: round(MILLIMETRE / FINE)]
        if self._pixels < _MIN_PIXELS:
            return Steps(unit if unit == MILLIMETRE else 0.0)
        disparity = _coarse_or_fine(strips, unit)
        if disparity:
            return Steps(unit if unit == MILLIMETRE else 0.0, disparity)
        even = _even_comb(strips.sum(axis=0), unit)
        return Steps(even or (unit if unit == MILLIMETRE else 0.0))

    def section(self) -> Section:
        """Return the steps and the range for people."""
        steps, pixels = self.steps(), self._pixels
        enough = pixels >= _MIN_PIXELS
        figures = []
        if steps.even > 0:
            note = (
                'that of the 16-bit images' if steps.even == MILLIMETRE and not self._float else ''
            )
            figures.append(Figure('even', 'even step', 1000 * steps.even, 'mm', pixels, 'pixels',
                                  note=note))  # fmt: skip
        else:
            why = 'no even step of 0.1 mm or more shows' if enough else 'too few pixels'
            figures.append(untold('even', 'even step', why, 'mm', pixels, 'pixels'))
        label = 'steps of disparity: step at 1 m'
        if steps.disparity > 0:
            figures.append(Figure('disparity', label, 1000 / steps.disparity, 'mm', pixels,
                                  'pixels', note='grows with the square of depth'))  # fmt: skip
        else:
            why = (
                'no steps that grow with the square of depth show' if enough else 'too few pixels'
            )
            figures.append(untold('disparity', label, why, 'mm', pixels, 'pixels'))
        limits = self.range_m()
        if limits is None:
            figures.append(untold('nearest', 'nearest depth', 'no known pixel', 'm'))
            figures.append(untold('farthest', 'farthest depth', 'no known pixel', 'm'))
        else:
            note = 'of what was in view; the sensor may deliver more'
            for name, label, value in (('nearest', 'nearest depth', limits[0]),
                                       ('farthest', 'farthest depth', limits[1])):  # fmt: skip
                figures.append(Figure(name, label, value, 'm', pixels, 'pixels', note=note))
        return Section('quantisation', 'Steps and range', tuple(figures))


def _contrast(counts: F64, window: int) -> F64:
    """Return how counts stand out from those around, -1 to 3, and 0 where there are few."""
    kernel = np.ones(window) / window
    around = np.convolve(counts, kernel, mode='same')
    enough = around >= 1.0
    return np.where(enough, np.clip(counts / np.where(enough, around, 1) - 1, -1, 3), 0.0)


def _coarse_or_fine(strips: F64, unit: float) -> float:
    """Return what ``_disparity_comb`` finds with the finest unit that shows anything."""
    for factor in _COARSER:
        rows = strips.shape[1] // factor
        # what is stored as k units is around k units
        shifted = np.roll(strips, factor // 2, axis=1)[:, : rows * factor]
        found = _disparity_comb(
            shifted.reshape(len(strips), rows, factor).sum(axis=2), unit * factor
        )
        if found:
            return found
    return 0.0


def _disparity_comb(strips: F64, unit: float) -> float:
    """
    Return how many steps of 1/z there are in 1/m; 0 if there are none.

    Depths of whole disparities lie on a comb in 1/z, so the spectrum of their counts over 1/z has
    a line there and at its multiples. Where steps are finer than the storage there is nothing to
    see, so each frequency is looked for beyond the depth where its steps are ``_VISIBLE`` units.
    """
    counts = strips.sum(axis=0)
    depths: F64 = np.asarray(np.arange(counts.size) * unit, np.float64)
    best = (0.0, 0.0)
    nearest = [0.4, 0.7, 1.0, 1.5, 2.2, 3.2, 4.5]
    for near in nearest:
        visible = min(_FINEST, near**2 / (_VISIBLE * unit))
        if visible <= _COARSEST:
            continue
        contrast = _contrast(counts, 25)
        contrast = np.where(depths >= near, contrast, 0.0)
        total = np.abs(contrast).sum()
        if np.count_nonzero(contrast) < 50:
            continue
        inverse = 1 / np.maximum(depths, near / 2)
        dx = 1 / near / _BINS * 1.02
        series = np.bincount((inverse / dx).astype(np.int64), contrast, _BINS)[:_BINS]
        strength = np.abs(np.fft.rfft(series)) / total
        frequency = np.fft.rfftfreq(_BINS, dx)
        inside = (frequency >= max(_COARSEST, visible / 12)) & (frequency <= visible)
        if np.count_nonzero(inside) < 20:
            continue
        found = _fundamental(frequency[inside], strength[inside])
        if found[1] > best[1] * 1.15:
            best = found
    if not best[1]:
        return 0.0
    refined = _refined(best[0], depths, counts, unit)
    whole = _is_comb(refined, depths, counts, unit, halves=True)
    return refined if whole and _everywhere(refined, depths, strips, unit) else 0.0


def _everywhere(disparity: float, depths: F64, strips: F64, unit: float) -> bool:
    """
    Return whether the comb is there in every strip of the image that tells.

    The columns of a plain wall are a comb in 1/z as well, but other walls are others.
    """
    return all(_is_comb(disparity, depths, strip, unit, halves=False) for strip in strips)


def _is_comb(disparity: float, depths: F64, counts: F64, unit: float, *, halves: bool) -> bool:
    """
    Return whether depths really are whole steps of disparity; of too few nothing is said against.

    They are ``disparity / n``, so the line has no phase.

    :param halves: whether it has to be there in the nearer and the farther half of the depths
    """
    near, far = np.sqrt(_VISIBLE * unit * disparity), np.sqrt(16 * unit * disparity)
    contrast = _contrast(counts, 49)
    used = np.flatnonzero(contrast * ((depths >= near) & (depths <= far)))
    if used.size < 50:
        return not halves
    for part in np.array_split(used, 2 if halves else 1):
        weight = contrast[part]
        line = np.exp(2j * np.pi * disparity / depths[part]) @ weight / np.abs(weight).sum()
        # A strip may fall short by the standard error that a line of so few depths has.
        slack = 0.0 if halves else np.sqrt(0.5 / part.size)
        if line.real < _MIN_STRENGTH - slack:
            return False
    return True


def _fundamental(frequency: AnyArray, strength: AnyArray) -> tuple[float, float]:
    """Return the line that stands out, the lowest of its harmonics, and its strength; or zeros."""
    at = int(np.argmax(strength))
    top = float(strength[at])
    if top < _MIN_STRENGTH or top < _MIN_CONTRAST * float(np.median(strength)):
        return 0.0, 0.0
    for parts in range(12, 1, -1):
        part = frequency[at] / parts
        if part < frequency[0]:
            continue
        near = np.abs(frequency - part) < 2 * (frequency[1] - frequency[0]) + 0.002 * part
        if near.any() and float(strength[near].max()) > 0.6 * top:
            return part, top
    return float(frequency[at]), top


def _refined(start: float, depths: F64, counts: F64, unit: float) -> float:
    """Return the frequency near ``start`` at which the comb is strongest where it shows."""
    near, far = np.sqrt(_VISIBLE * unit * start), np.sqrt(16 * unit * start)
    # the surroundings span three of the steps that are looked at
    contrast = _contrast(counts, 49)
    contrast = np.where((depths >= near) & (depths <= far), contrast, 0.0)
    used = np.flatnonzero(contrast)
    inverse, weight = 1 / depths[used], contrast[used]
    width = 0.03
    for _ in range(4):
        tried = start * np.linspace(1 - width, 1 + width, 121)
        phases = 2j * np.pi * tried[:, None] * inverse[None]
        start = float(tried[np.argmax(np.real(np.exp(phases) @ weight))])
        width /= 15
    return start


def _even_comb(counts: F64, unit: float) -> float:
    """Return the even step that stands out [m], 0 if it is the unit of storage or none."""
    contrast = _contrast(counts, 101)
    total = np.abs(contrast).sum()
    if not total or np.count_nonzero(contrast) < 50:
        return 0.0
    strength = np.abs(np.fft.rfft(contrast, _BINS)) / total
    frequency = np.fft.rfftfreq(_BINS, unit)
    inside = frequency >= 1 / (50 * unit)
    found, _ = _fundamental(frequency[inside], strength[inside])
    return 1 / found if found else 0.0
