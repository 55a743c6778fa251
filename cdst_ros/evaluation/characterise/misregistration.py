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
By how much colour lies beside depth, in pixels of depth.

Edges of depth should lie on edges of colour. For every shift the strength of the colour edges
found under the depth edges is summed, and where that peaks is the misregistration. Depth edges of
stereo cameras lie outside of things, on every side of them (foreground fattening), so left, right,
upper and lower edges are summed apart and the displacement outwards is a third unknown. Textures
have edges too, so peaks are believed only when they stand out and agree between parts of the
recording.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8, Bool
from cdst_ros.evaluation.characterise.figure import Figure, Section, untold
from cdst_ros.evaluation.characterise.pinhole import Pinhole
from cdst_ros.evaluation.metrics.edges import JUMP_M, JUMP_SHARE

#: Colour is looked at with so many pixels for one of depth, each way.
FINE = 2
#: Shifts that are tried each way, and displacements outwards [px of depth].
_SHIFT, _OUT = 8, 3
#: Depth edges of a part of an image that make it count.
_MIN_EDGES = 60
#: Those of a kind, in a part of an image, that are looked at.
_MOST_EDGES = 250
#: Parts that tell an interval.
_MIN_PARTS = 6
#: A peak stands out by so many deviations of the sums far from it.
_MIN_PROMINENCE = 5.0
#: The interval may be so wide each way [px].
_MAX_ERROR = 1.0
_REPLICATES = 200
#: An image is parted into so many each way.
_PARTS = 2
#: Images whose parts are kept.
_MAX_IMAGES = 30


class _Peak(NamedTuple):
    """Where the sums peak: right, down and out [px of depth], and by how many deviations."""

    right: float
    down: float
    out: float
    prominence: float


class MisregistrationMeter:
    """Gathers how colour edges lie about depth edges."""

    def __init__(self) -> None:
        self._parts: list[F64] = []
        self._edges = 0
        self._images = 0
        self._refusal = ''

    def add(self, depth: F32, color: U8, pinhole: Pinhole, color_pinhole: Pinhole) -> None:
        """
        Look at an image and its colour, taken from the same place.

        :param depth: (H, W) [m], NaN = unknown
        :param color: (h, w, 3) RGB of any size
        """
        if self._images >= _MAX_IMAGES:
            return
        self._images += 1
        gray = _on_depth_grid(color, depth.shape, pinhole, color_pinhole)
        across, down = _edge_strength(gray)
        sides = _depth_edges(depth)
        height, width = depth.shape
        for top in range(_PARTS):
            for left in range(_PARTS):
                inside = np.zeros(depth.shape, bool)
                inside[
                    top * height // _PARTS : (top + 1) * height // _PARTS,
                    left * width // _PARTS : (left + 1) * width // _PARTS,
                ] = True
                count = sum(int((side & inside).sum()) for side in sides)
                if count < _MIN_EDGES:
                    continue
                self._edges += count
                self._parts.append(_sums(sides, inside, across, down))

    def refuse(self, why: str) -> None:
        """Note why colour cannot be compared."""
        self._refusal = self._refusal or why

    def section(self) -> Section:
        """Return what is told."""
        names = (
            ('right', 'colour lies to the right of depth by', 'px'),
            ('down', 'colour lies below depth by', 'px'),
            ('out', 'depth edges lie outside of things by', 'px'),
        )
        title = 'Registration of colour'
        why = ''
        if not self._parts:
            why = self._refusal
        if not why and len(self._parts) < _MIN_PARTS:
            why = f'too few depth edges in {self._images} images with colour'
        if why:
            empty = (
                untold(name, label, why, unit, self._edges, 'edge pixels')
                for name, label, unit in names
            )
            return Section('registration', title, tuple(empty))
        stacked = np.stack(self._parts)
        peak = _peak(stacked.sum(axis=0))
        rng = np.random.default_rng(0)
        drawn = np.array([
            _peak(stacked[rng.integers(len(stacked), size=len(stacked))].sum(axis=0))[:3]
            for _ in range(_REPLICATES)
        ])  # fmt: skip
        low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
        figures, why = [], ''
        if peak.prominence < _MIN_PROMINENCE:
            why = f'no shift stands out ({peak.prominence:.1f} deviations): edges of colour and '
            why += 'depth do not go together'
        elif max(abs(peak.right), abs(peak.down)) > _SHIFT - 1:
            why = f'the best shift lies at the end of what is tried, {_SHIFT} px'
        elif max(high[:2] - low[:2]) / 2 > _MAX_ERROR:
            why = (
                f'parts of the recording disagree: {low[0]:.1f} to {high[0]:.1f} px across, '
                f'{low[1]:.1f} to {high[1]:.1f} px down'
            )
        for k, (name, label, unit) in enumerate(names):
            if why:
                figures.append(untold(name, label, why, unit, self._edges, 'edge pixels'))
            else:
                figures.append(Figure(name, label, peak[k], unit, self._edges, 'edge pixels',
                                      float(low[k]), float(high[k])))  # fmt: skip
        figures.append(
            Figure('prominence', 'the peak stands out by', peak.prominence, 'deviations',
                   len(self._parts), 'parts of images')
        )  # fmt: skip
        return Section('registration', title, tuple(figures))


def edges_over_color(depth: F32, color: U8, pinhole: Pinhole, color_pinhole: Pinhole) -> U8:
    """Return colour, grey, on the grid of depth with the depth edges in red, (h, w, 3) BGR."""
    gray = _on_depth_grid(color, depth.shape, pinhole, color_pinhole)
    out = cv2.cvtColor(np.clip(0.8 * gray + 40, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    left, right, up, down = _depth_edges(depth)
    for dv, du, edge in ((0, 1, left | right), (1, 0, up | down)):
        v, u = np.nonzero(edge)
        for step in range(FINE):
            rows = FINE * (v + dv) - dv + (step if du else 0)
            columns = FINE * (u + du) - du + (step if dv else 0)
            out[rows, columns] = (40, 40, 230)
    return np.asarray(out)


def _on_depth_grid(
    color: U8, shape: tuple[int, ...], pinhole: Pinhole, color_pinhole: Pinhole
) -> F32:
    """Return colour as grey on the grid of depth, ``FINE`` times finer, (FINE H, FINE W)."""
    height, width = FINE * shape[0], FINE * shape[1]
    gray = cv2.cvtColor(color, cv2.COLOR_RGB2GRAY).astype(np.float32)
    # where the middle of each fine pixel lies in the colour image
    right = color_pinhole.fx / pinhole.fx / FINE
    down = color_pinhole.fy / pinhole.fy / FINE
    start_u = color_pinhole.cx + ((0.5 / FINE - 0.5) - pinhole.cx) * FINE * right
    start_v = color_pinhole.cy + ((0.5 / FINE - 0.5) - pinhole.cy) * FINE * down
    blur = 0.5 * max(right, down)
    if blur > 0.6:
        gray = cv2.GaussianBlur(gray, (0, 0), blur)
    matrix = np.array([[right, 0, start_u], [0, down, start_v]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(gray, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    )


def _edge_strength(gray: F32) -> tuple[F32, F32]:
    """Return how strong colour edges are between pixels across and down, against those around."""
    found = []
    for axis in (1, 0):
        step = np.abs(np.diff(gray, axis=axis, append=np.take(gray, [-1], axis=axis)))
        around = cv2.blur(step, (31, 31))
        found.append(np.minimum(step / (around + 2.0), 4.0).astype(np.float32))
    return found[0], found[1]


def _depth_edges(depth: F32) -> tuple[Bool, Bool, Bool, Bool]:
    """
    Return the left, right, upper and lower edges of near things, (H, W) each.

    An edge lies between a pixel and the next one to the right, or below; of several steps in a
    row the greatest counts.
    """
    sides = []
    for axis in (1, 0):
        z = np.moveaxis(depth, axis, 1)
        with np.errstate(invalid='ignore'):
            step = np.nan_to_num(z[:, 1:] - z[:, :-1])
            near = np.fmin(z[:, 1:], z[:, :-1])
            jump = np.abs(step) > np.maximum(JUMP_M, JUMP_SHARE * near)
        size = np.pad(np.abs(step), ((0, 0), (1, 1)))
        jump &= (size[:, 1:-1] >= size[:, :-2]) & (size[:, 1:-1] > size[:, 2:])
        jump = np.pad(jump, ((0, 0), (0, 1)))
        step = np.pad(step, ((0, 0), (0, 1)))
        # depth falls where a thing begins
        sides += [np.moveaxis(jump & (step < 0), 1, axis), np.moveaxis(jump & (step > 0), 1, axis)]
    return sides[0], sides[1], sides[2], sides[3]


def _sums(sides: tuple[Bool, ...], inside: Bool, across: F32, down: F32) -> F64:
    """Return the colour edges under each kind of depth edge by shift, (4, shifts, shifts)."""
    reach = FINE * (_SHIFT + _OUT)
    out = np.zeros((4, 2 * reach + 1, 2 * reach + 1))
    for k, side in enumerate(sides):
        strength = across if k < 2 else down
        padded = np.pad(strength, reach)
        v, u = np.nonzero(side & inside)
        if v.size > _MOST_EDGES:
            chosen = np.linspace(0, v.size - 1, _MOST_EDGES).astype(int)
            v, u = v[chosen], u[chosen]
        for row in range(FINE):
            # between pixels u and u + 1 lie the fine pixels FINE (u + 1) - 1 and FINE (u + 1)
            if k < 2:
                fine_v, fine_u = FINE * v + row, FINE * (u + 1) - 1
            else:
                fine_v, fine_u = FINE * (v + 1) - 1, FINE * u + row
            for dv in range(2 * reach + 1):
                lines = padded[fine_v + dv]
                columns = fine_u[:, None] + np.arange(2 * reach + 1)
                out[k, dv] += np.take_along_axis(lines, columns, axis=1).sum(axis=0)
    return out


def _peak(sums: F64) -> _Peak:
    """Return where the sums (4, shifts, shifts) of all kinds of edges together are greatest."""
    reach, out = FINE * _SHIFT, FINE * _OUT
    size = 2 * reach + 1
    scores = []
    for displaced in range(-out, out + 1):
        total = np.zeros((size, size))
        # a left edge that lies outside has its colour edge on its right, and so on
        for side, (dv, du) in zip(sums, ((0, 1), (0, -1), (1, 0), (-1, 0)), strict=True):
            top, left = out + dv * displaced, out + du * displaced
            total += side[top : top + size, left : left + size]
        scores.append(total)
    stack = np.stack(scores)
    best = np.unravel_index(int(np.argmax(stack)), stack.shape)
    displaced, row, column = (int(part) for part in best)
    plane = stack[displaced]
    v, u = np.mgrid[:size, :size]
    away = np.hypot(v - row, u - column) > 3 * FINE
    typical = float(np.median(plane[away]))
    spread = 1.4826 * float(np.median(np.abs(plane[away] - typical)))
    prominence = (float(plane[row, column]) - typical) / max(spread, 1e-9)
    right = column + _vertex(plane[row], column) - reach
    down = row + _vertex(plane[:, column], row) - reach
    outward = displaced + _vertex(stack[:, row, column], displaced) - out
    return _Peak(right / FINE, down / FINE, outward / FINE, prominence)


def _vertex(values: F64, at: int) -> float:
    """Return how far beside ``at`` the parabola through three values peaks, -0.5 to 0.5."""
    if not 0 < at < values.size - 1:
        return 0.0
    before, here, after = values[at - 1 : at + 2]
    bend = before - 2 * here + after
    return 0.0 if bend >= 0 else float(np.clip((before - after) / (2 * bend), -0.5, 0.5))
