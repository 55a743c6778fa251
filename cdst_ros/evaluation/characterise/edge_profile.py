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
Straight, slanted depth edges, and how depth goes over from one surface to the other.

The slanted-edge method of ISO 12233 (4x oversampled edge profile of an edge that is not aligned
with the pixels; P. Burns, "Slanted-edge MTF for digital camera and scanner analysis", PICS 2000),
with two planes in place of black and white: a pixel's share is 0 on the far and 1 on the near one.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, Bool

#: A window reaches so many pixels from its middle.
REACH = 8
SIDE = 2 * REACH + 1
#: The far surface is at least so much farther, as a share, and in metres.
_MIN_RATIO, _MIN_GAP = 0.12, 0.12
#: Pixels so far from the edge are on one surface [px].
_CLEAR = 3.0
#: Each plane leaves at most this share of the gap.
_FLAT = 0.06
#: Crossings that make a line, the scatter about it, and its sag [px].
_MIN_CROSSINGS = 9
_MAX_SCATTER = 1.2
_MAX_SAG = 0.5
#: Share of the pixels within 1.5 px of the edge that must be known.
_KNOWN = 0.4
#: Bins of the profile: a quarter of a pixel each, as in ISO 12233.
BIN = 0.25
PROFILE_REACH = 4.0
BINS = round(2 * PROFILE_REACH / BIN)
#: Windows of an image that are looked at.
_MAX_WINDOWS = 80


class StraightEdge(NamedTuple):
    """
    A depth edge.

    :param sums: of the shares, by distance from the edge, near side last, (BINS,)
    :param counts: pixels of each bin, (BINS,)
    :param scatter: of the crossings about the line, RMS [px]
    :param between: share of the pixels within 1.5 px of the edge that lie between the surfaces,
        off both by 5 cm, 2 % and three times what the planes leave
    :param near: depth of the near surface [m]
    :param far: depth of the far surface [m]
    """

    sums: F64
    counts: F64
    scatter: float
    between: float
    near: float
    far: float


def straight_edges(depth: F32) -> list[StraightEdge]:
    """Return the straight depth edges of an image (H, W) [m], NaN = unknown."""
    found = []
    for row, column in _candidates(depth):
        window = depth[row - REACH : row + REACH + 1, column - REACH : column + REACH + 1]
        edge = _edge_of(window.astype(np.float64))
        if edge is not None:
            found.append(edge)
    return found


def _candidates(depth: F32) -> list[tuple[int, int]]:
    """Return the middles of windows that two surfaces may share, spread over the image."""
    height, width = depth.shape
    if min(height, width) < SIDE:
        return []
    known = np.isfinite(depth)
    high = np.where(known, depth, 0).astype(np.float32)
    low = np.where(known, depth, 1e3).astype(np.float32)
    window = np.ones((SIDE, SIDE), np.uint8)
    far, near = cv2.dilate(high, window), cv2.erode(low, window)
    small = np.ones((5, 5), np.uint8)
    step = cv2.dilate(high, small) - cv2.erode(low, small)
    wide = (far > near * (1 + _MIN_RATIO)) & (far - near > _MIN_GAP) & (near < 1e3)
    # the middle of the edge is where it is steepest nearby
    steepest = (step >= cv2.dilate(step, np.ones((9, 9), np.uint8)) - 1e-6) & (step < 500)
    steepest &= step > 0.5 * (far - near)
    places = np.argwhere(wide & steepest)
    inside = (places >= REACH).all(axis=1) & (places[:, 0] < height - REACH)
    places = places[inside & (places[:, 1] < width - REACH)]
    # one of each cell, so that windows overlap little
    cells: dict[tuple[int, int], tuple[int, int]] = {}
    for row, column in places:
        cells.setdefault((row // REACH, column // REACH), (int(row), int(column)))
    chosen = list(cells.values())
    if len(chosen) > _MAX_WINDOWS:
        chosen = [chosen[k] for k in np.linspace(0, len(chosen) - 1, _MAX_WINDOWS).astype(int)]
    return chosen


def _edge_of(window: F64) -> StraightEdge | None:
    known = np.isfinite(window)
    settled = _settled(window, known) if known.mean() >= 0.6 else None
    if settled is None:
        return None
    line, near, far = settled
    distance = line.distance()
    gap = np.median(far - near)
    flat = max(
        _rms((window - near)[known & (distance > _CLEAR)]),
        _rms((window - far)[known & (distance < -_CLEAR)]),
    )
    apart = gap >= _MIN_GAP and gap >= _MIN_RATIO * np.median(near)
    close = np.abs(distance) <= 1.5
    if not apart or flat > _FLAT * gap or known[close].mean() < _KNOWN:
        return None
    used = known & (np.abs(distance) < PROFILE_REACH)
    bins = ((distance[used] + PROFILE_REACH) / BIN).astype(int)
    shares = np.clip(_share(window, near, far)[used], -0.5, 1.5)
    off = np.maximum(max(0.05, 3 * flat), 0.02 * window)
    with np.errstate(invalid='ignore'):
        between = (window > near + off) & (window < far - off) & known & close
    return StraightEdge(
        np.bincount(bins, shares, BINS)[:BINS].astype(np.float64),
        np.bincount(bins, minlength=BINS)[:BINS].astype(np.float64),
        line.scatter,
        float(between.sum() / (known & close).sum()),
        float(np.median(near)),
        float(np.median(far)),
    )


def _settled(window: F64, known: Bool) -> tuple[_Line, F64, F64] | None:
    """Return the edge's line and both surfaces' depths, fitted to what is clear of the line."""
    inverse = np.where(known, 1 / np.where(known, window, 1), np.nan)
    low, high = np.nanpercentile(inverse, (3, 97))
    is_near = known & (inverse > (low + high) / 2)
    is_far = known & ~is_near
    if min(is_near.sum(), is_far.sum()) < 0.2 * known.sum():
        return None
    cores = _away_from(is_far) & is_near, _away_from(is_near) & is_far
    line: _Line | None = None
    planes: tuple[F64, F64] | None = None
    for _ in range(3):
        planes = _planes(inverse, *cores)
        if planes is None:
            return None
        line = _line_of(_share(window, *planes), known)
        if line is None:
            return None
        distance = line.distance()
        cores = known & (distance > _CLEAR), known & (distance < -_CLEAR)
    assert line is not None
    assert planes is not None
    return line, planes[0], planes[1]


_V, _U = (step.astype(np.float64) for step in np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1])
_DESIGN: F64 = np.stack([np.ones(SIDE * SIDE), _V.ravel(), _U.ravel()], axis=-1)


def _away_from(mask: Bool) -> Bool:
    """Return the pixels with nothing of ``mask`` within 2 px."""
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8))
    return np.asarray(grown == 0)


def _planes(inverse: F64, near: Bool, far: Bool) -> tuple[F64, F64] | None:
    """Return the depth of both surfaces everywhere in the window; None if they are not told."""
    found = []
    for core in (near, far):
        at = np.flatnonzero(core)
        if at.size < 15:
            return None
        rows, values = _DESIGN[at], inverse.ravel()[at]
        normal = rows.T @ rows + np.diag([0.0, 1.0, 1.0])
        plane = np.linalg.solve(normal, rows.T @ values)
        rest = np.abs(values - rows @ plane)
        kept = rest <= 4 * np.median(rest) + 1e-6
        rows, values = rows[kept], values[kept]
        normal = rows.T @ rows + np.diag([0.0, 1.0, 1.0])
        plane = np.linalg.solve(normal, rows.T @ values)
        surface = (_DESIGN @ plane).reshape(SIDE, SIDE)
        if surface.min() <= 0:
            return None
        found.append(1 / surface)
    return found[0], found[1]


def _share(window: F64, near: F64, far: F64) -> F64:
    with np.errstate(divide='ignore', invalid='ignore'):
        return np.asarray((far - window) / (far - near))


def _rms(values: F64) -> float:
    return float(1.2533 * np.mean(np.abs(values))) if values.size else np.inf


class _Line(NamedTuple):
    """
    ``u = offset + slope v`` (or the other way round), the near side where ``sign`` is positive.

    :param scatter: RMS of the crossings [px]
    """

    offset: float
    slope: float
    sign: float
    transposed: bool
    scatter: float

    def distance(self) -> F64:
        """Return how far the pixels of a window lie from the line, near side positive [px]."""
        along, across = (_U, _V) if self.transposed else (_V, _U)
        return np.asarray(
            self.sign * (across - self.offset - self.slope * along) / np.hypot(1, self.slope)
        )


def _line_of(share: F64, known: Bool) -> _Line | None:
    """Return the line where the share crosses one half, None if it is no slanted straight one."""
    best = None
    for transposed in (False, True):
        one, mask = (share.T, known.T) if transposed else (share, known)
        line = _fitted_line(one, mask, transposed)
        if line is not None and (best is None or abs(line.slope) < abs(best.slope)):
            best = line
    return best


def _fitted_line(share: F64, known: Bool, transposed: bool) -> _Line | None:
    along, across, signs = [], [], []
    for row in range(SIDE):
        at = np.flatnonzero(known[row])
        above = share[row, at] > 0.5
        flips = np.flatnonzero(above[1:] != above[:-1])
        if flips.size != 1:
            continue
        k = int(flips[0])
        a, b = at[k], at[k + 1]
        if b - a > 4:
            continue
        first, second = share[row, a], share[row, b]
        where = a + (b - a) * np.clip((0.5 - first) / (second - first), 0, 1)
        along.append(row - REACH)
        across.append(where - REACH)
        signs.append(1.0 if second > first else -1.0)
    if len(along) < _MIN_CROSSINGS or abs(sum(signs)) < len(signs):
        return None
    v, u = np.array(along, np.float64), np.array(across)
    slope, offset = np.polyfit(v, u, 1)
    rest = np.abs(u - offset - slope * v)
    kept = rest <= max(3 * float(np.median(rest)), 0.5)
    if kept.sum() < _MIN_CROSSINGS:
        return None
    v, u = v[kept], u[kept]
    slope, offset = np.polyfit(v, u, 1)
    scatter = float(np.sqrt(np.mean(np.square(u - offset - slope * v))))
    length = v.max() - v.min()
    sag = abs(np.polyfit(v, u, 2)[0]) * (length / 2) ** 2
    slanted = abs(slope) * length >= 1.0 and abs(slope) <= 1.05
    if not slanted or scatter > _MAX_SCATTER or sag > _MAX_SAG:
        return None
    # distances are measured at right angles to the line
    return _Line(float(offset), float(slope), signs[0], transposed,
                 scatter / float(np.hypot(1, slope)))  # fmt: skip
