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
Where depth is missing: by distance, by slant, by brightness, beside edges, and in patches.

A hole has no depth of its own. Pixels that are known in other frames of a still span have theirs;
else a hole is taken to lie on the nearest known surface, if that is close enough. What is farther
from anything known is counted apart: nobody can tell why it is missing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8, Bool
from cdst_ros.evaluation.characterise.figure import SHARE, Figure, Section, Table, untold
from cdst_ros.evaluation.characterise.pinhole import Pinhole
from cdst_ros.evaluation.metrics.edges import near_discontinuity

#: A hole belongs to a surface this close [px].
REACH = 4
#: Sides of the window that slants are told from [px].
_WINDOW = 7
DISTANCES: F64 = np.array([0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 7, 10, 20.0])
SLANTS: F64 = np.arange(0, 91, 5.0)
#: Linear luminance, 0 to 1.
LIGHTS: F64 = np.array([0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0])
#: Pixels that tell a share.
MIN_PIXELS = 400
#: Dropouts at chance are single; more than so many beside each other are a patch.
_PATCH = 4


class Grazing(NamedTuple):
    """
    From which slant on surfaces are lost.

    :param angle: [deg]
    :param share: of pixels that are lost beyond it
    :param pixels: beyond it
    """

    angle: float
    share: float
    pixels: int


class HoleMeter:
    """Counts holes."""

    def __init__(self) -> None:
        self._by_distance = np.zeros((DISTANCES.size - 1, 2))
        self._by_slant = np.zeros((SLANTS.size - 1, 2))
        self._by_light = np.zeros((LIGHTS.size - 1, 2))
        self._edge = np.zeros(2)
        self._plain = np.zeros(2)
        self._single = 0.0
        self._unattributed = 0.0
        self._pixels = 0.0
        self._frames = 0
        self._holes: list[float] = []
        self._left = np.zeros(2)

    def add(self, depth: F32, pinhole: Pinhole, light: F32 | None = None) -> None:
        """
        Count the holes of an image (H, W) [m], NaN = unknown.

        :param light: linear luminance of registered colour, (H, W), 0 to 1
        """
        known = np.isfinite(depth)
        self._frames += 1
        self._pixels += depth.size
        self._holes.append(1 - float(known.mean()))
        if not known.any():
            self._unattributed += depth.size
            return
        filled, far = _filled(depth, known)
        lost = ~known
        attributed = known | ~far
        self._unattributed += float(np.count_nonzero(lost & far))
        beside = near_discontinuity(filled, 0) & attributed
        _count(self._edge, beside, lost)
        slant = _slants(filled, pinhole)
        inner = attributed & ~_grown(beside, 2)
        _bin(self._by_distance, filled, DISTANCES, inner, lost)
        _bin(self._by_slant, slant, SLANTS, inner & np.isfinite(slant), lost)
        if light is not None:
            _bin(self._by_light, light, LIGHTS, inner & (np.nan_to_num(slant) < 60), lost)
        with np.errstate(invalid='ignore'):
            plain = inner & (slant < 60)
        _count(self._plain, plain, lost)
        self._single += _singles(lost & plain)
        self._count_sides(filled, lost & ~far)

    def grazing(self) -> Grazing | None:
        """Return from which slant on surfaces are lost, None if it is not told."""
        lost, count = self._by_slant.T
        plain = _share(lost[:10].sum(), count[:10].sum())
        if not math.isfinite(plain):
            return None
        for k in range(10, SLANTS.size - 1):
            # from here on, and not only here
            here = _share(lost[k], count[k], 60)
            beyond = _share(lost[k:].sum(), count[k:].sum(), 120)
            if here > 2 * plain + 0.05 and beyond > 2 * plain + 0.1:
                return Grazing(float(SLANTS[k]), beyond, int(count[k:].sum()))
        return None

    def section(self) -> Section:
        """Return all of it for people."""
        figures = (self._all(), *self._parts(), self._angle(), self._sides(), self._dark())
        tables = [
            _table('distance', 'Holes by distance', 'distance [m]', DISTANCES, self._by_distance),
            _table('slant', 'Holes by slant', 'slant [deg]', SLANTS, self._by_slant),
        ]
        if self._by_light.sum():
            tables.append(
                _table('brightness', 'Holes by brightness', 'luminance', LIGHTS, self._by_light)
            )
        note = (
            'by distance, slant and brightness: away from edges; a hole counts as being on the '
            f'surface nearest to it, within {REACH} px'
        )
        return Section('holes', 'Holes', figures, tuple(tables), (note,))

    def _all(self) -> Figure:
        label = 'pixels without depth'
        if not self._frames:
            return untold('all', label, 'no frame', SHARE, of='pixels')
        values = np.array(self._holes)
        low, high = np.percentile(values, (2.5, 97.5)) if len(values) > 4 else (None, None)
        note = 'the interval holds 95 % of the frames' if low is not None else ''
        return Figure('all', label, float(values.mean()), SHARE, int(self._pixels), 'pixels', low,
                      high, note)  # fmt: skip

    def _parts(self) -> list[Figure]:
        edge = _told('edges', 'of pixels beside depth edges', *self._edge)
        plain = _told('plain', 'of pixels on surfaces, slant below 60 deg', *self._plain)
        single = untold('single', 'of those, lost alone or nearly so', 'too few pixels')
        if self._plain[1] >= MIN_PIXELS:
            value = self._single / self._plain[1]
            single = Figure('single', 'of those, lost alone or nearly so', value, SHARE,
                            int(self._plain[1]), 'pixels')  # fmt: skip
        far = _told('unattributed', 'too far from any surface to tell why', self._unattributed,
                    self._pixels)  # fmt: skip
        return [edge, plain, single, far]

    def _angle(self) -> Figure:
        found, label = self.grazing(), 'surfaces are lost from this slant on'
        if found is None:
            count = int(self._by_slant[12:, 1].sum())
            why = 'no slant from which on more is lost'
            if count < MIN_PIXELS:
                why = 'too few slanted surfaces'
            return untold('grazing', label, why, 'deg', count, 'pixels')
        note = f'{found.share:.0%} of what is beyond'
        return Figure('grazing', label, found.angle, 'deg', found.pixels, 'pixels', note=note)

    def _sides(self) -> Figure:
        """Return how much likelier holes lie on the left of near things than on the right."""
        left, right = self._left
        label = 'holes on the left of near things, of those on either side'
        if left + right < 100:
            return untold('left', label, 'too few holes beside edges', SHARE, int(left + right),
                          'pixels')  # fmt: skip
        value = left / (left + right)
        return Figure('left', label, value, SHARE, int(left + right), 'pixels',
                      note='over 0.6 another eye is on the right, under 0.4 left')  # fmt: skip

    def _dark(self) -> Figure:
        label = 'dark surfaces are lost below a luminance of'
        lost, count = self._by_light.T
        if count.sum() < MIN_PIXELS:
            return untold('dark', label, 'no registered colour', '', int(count.sum()), 'pixels')
        bright = _share(lost[6:].sum(), count[6:].sum())
        limit = 0.0
        for k in range(6):
            here = _share(lost[k], count[k], 100)
            if math.isfinite(here) and math.isfinite(bright) and here > 2 * bright + 0.05:
                limit = float(LIGHTS[k + 1])
        if not limit:
            return untold('dark', label, 'dark surfaces are lost no more than others', '',
                          int(count[:6].sum()), 'pixels')  # fmt: skip
        dark = LIGHTS[1:] <= limit
        share = _share(lost[dark].sum(), count[dark].sum(), 100)
        return Figure('dark', label, limit, '', int(count[dark].sum()), 'pixels',
                      note=f'{share:.0%} of what is darker')  # fmt: skip

    def _count_sides(self, filled: F32, holes: Bool) -> None:
        """Count holes just left and just right of near things, on the background there."""
        nearer = filled[:, 1:] < 0.9 * filled[:, :-1]
        farther = filled[:, 1:] > filled[:, :-1] / 0.9
        for reach in range(4):
            left = holes[:, : filled.shape[1] - 1 - reach] & nearer[:, reach:]
            right = holes[:, 1 + reach :] & farther[:, : farther.shape[1] - reach]
            self._left += (np.count_nonzero(left), np.count_nonzero(right))


def luminance_of(color: U8, shape: tuple[int, ...]) -> F32:
    """Return linear luminance (H, W) of an RGB image of any size that shows the same view."""
    height, width = shape[:2]
    small = cv2.resize(color, (width, height), interpolation=cv2.INTER_AREA)
    # gamma 2, as synthetic scenes are shaded; near enough to sRGB's
    linear = np.square(small.astype(np.float32) / 255)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722], np.float32))


def _filled(depth: F32, known: Bool) -> tuple[F32, Bool]:
    """Return depth with holes as their nearest known pixel, and which are too far from any."""
    lost = (~known).astype(np.uint8)
    distance, labels = cv2.distanceTransformWithLabels(
        lost, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    source = np.zeros(int(labels.max()) + 1, np.float32)
    source[labels[known]] = depth[known]
    return np.asarray(source[labels]), np.asarray(distance > REACH)


def _slants(filled: F32, pinhole: Pinhole) -> F32:
    """Return the angle between ray and normal of each pixel [deg], NaN where it is not smooth."""
    inverse = 1 / filled.astype(np.float64)
    half = _WINDOW // 2
    steps = np.arange(-half, half + 1, dtype=np.float64)
    slope, flat = steps / np.square(steps).sum() / _WINDOW, np.ones(_WINDOW)
    across = cv2.sepFilter2D(inverse, -1, slope, flat, borderType=cv2.BORDER_REPLICATE)
    down = cv2.sepFilter2D(inverse, -1, flat, slope, borderType=cv2.BORDER_REPLICATE)
    value = cv2.blur(inverse, (_WINDOW, _WINDOW), borderType=cv2.BORDER_REPLICATE)
    x, y = pinhole.rays(filled.shape)
    nx, ny = pinhole.fx * across, pinhole.fy * down
    nz = value - nx * x - ny * y
    length = np.sqrt((nx**2 + ny**2 + nz**2) * (x**2 + y**2 + 1))
    slant = np.degrees(np.arccos(np.clip(value / np.maximum(length, 1e-12), 0, 1)))
    return np.asarray(slant, np.float32)


def _grown(mask: Bool, radius: int) -> Bool:
    size = 2 * radius + 1
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((size, size), np.uint8)) > 0)


def _count(sums: F64, where: Bool, lost: Bool) -> None:
    sums += (np.count_nonzero(where & lost), np.count_nonzero(where))


def _bin(sums: F64, values: F32, edges: F64, where: Bool, lost: Bool) -> None:
    for k, chosen in enumerate((where & lost, where)):
        sums[:, k] += np.histogram(values[chosen], edges)[0]


def _singles(lost: Bool) -> float:
    """Return how many pixels are lost alone, or few together."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(lost.astype(np.uint8), connectivity=4)
    areas = stats[1:, cv2.CC_STAT_AREA]
    return float(areas[areas <= _PATCH].sum())


def _share(lost: float, count: float, least: int = MIN_PIXELS) -> float:
    return float(lost / count) if count >= least else math.nan


def _told(name: str, label: str, lost: float, count: float) -> Figure:
    if count < MIN_PIXELS:
        return untold(name, label, 'too few pixels', SHARE, int(count), 'pixels')
    return Figure(name, label, float(lost / count), SHARE, int(count), 'pixels')


def _table(name: str, title: str, column: str, edges: F64, sums: F64) -> Table:
    rows = tuple(
        (f'{low:g} to {high:g}', _share(lost, count, 60), int(count))
        for low, high, (lost, count) in zip(edges[:-1], edges[1:], sums, strict=True)
        if count
    )
    return Table(name, title, (column, 'share lost', 'pixels'), rows)
