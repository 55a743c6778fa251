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
By how much colour lies beside depth although it is registered: the misregistration that is left.

Edges of depth should lie on edges of colour. The edges of near things are taken to their places
in the colour image; for every shift the strength of the colour edges found there is summed, and
where that peaks is the misregistration. Depth edges of stereo cameras lie outside of things, on
every side of them (foreground fattening), so left, right, upper and lower edges are summed apart
and the displacement outwards is a third unknown. Textures have edges too, so peaks are believed
only when they stand out and agree between parts of the recording.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8, Bool
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.registration import check_registrable, lenses
from cdst_ros.depth.reprojection import JUMP_M, JUMP_SHARE

#: Above this misregistration colour teaches edges where none are [px of the output].
LIMIT_PX = 2.0

#: Colour is looked at with so many pixels for one of depth, each way, at least and at most.
_COARSEST, _FINEST = 2, 4
#: So many shifts of those pixels are tried each way: at x1, too, more than colour may lie beside.
_TRIED = 16
#: Displacements outwards that are tried [px of depth].
_OUT = 3
#: Holes that an edge may lie in are so wide at most [px of depth].
_GAP = 3
#: Depth edges of a part of an image that make it count.
_MIN_EDGES = 60
#: Places at those, of a kind and in a part of an image, that are looked at.
_MOST_PLACES = 1000
#: Parts that tell an interval.
_MIN_PARTS = 6
#: A peak stands out by so many deviations of the sums far from it.
_MIN_PROMINENCE = 5.0
#: The interval may be so wide each way [px].
_MAX_ERROR = 1.0
#: Sums are smoothed by this deviation before their peak is looked for [px of depth].
_BLUR = 0.3
_REPLICATES = 200
#: An image is parted into so many each way.
_PARTS = 2
#: Images whose parts are kept.
_MAX_IMAGES = 100


class MisregisteredError(ValueError):
    """Colour that does not lie on depth, or is not known to; the message says what to do."""


class Misregistration(NamedTuple):
    """
    Where colour lies, against depth.

    :param right: colour lies to the right of depth by [px], NaN where no shift was found
    :param down: colour lies below depth by [px]
    :param out: depth edges lie outside of things by [px]
    :param low: lower ends of the 95 % intervals of those three
    :param high: upper ends
    :param prominence: deviations by which the peak stands out
    :param edges: edge pixels looked at
    :param parts: parts of images looked at
    :param images: images looked at
    :param why: the reason not to believe the figures; empty where they are to be believed
    """

    right: float
    down: float
    out: float
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    prominence: float
    edges: int
    parts: int
    images: int
    why: str = ''

    @property
    def known(self) -> bool:
        """Whether the figures are to be believed."""
        return not self.why

    @property
    def size(self) -> float:
        """How far colour lies beside depth [px], NaN where that is not known."""
        return math.hypot(self.right, self.down) if self.known else math.nan


def require_registered(
    found: Misregistration, *, limit: float = LIMIT_PX, unknown: bool = False
) -> None:
    """
    Refuse colour that lies too far beside depth to teach anything.

    :param limit: [px of the output]
    :param unknown: whether colour of unknown misregistration is taken as well
    :raises MisregisteredError: when it lies farther off, or that is not known
    """
    if not found.known:
        if unknown:
            return
        raise MisregisteredError(
            f'nobody knows whether colour lies on depth ({found.why}), so nothing is learned from '
            'it: record more of a furnished scene, or train without colour'
        )
    if found.size > limit:
        raise MisregisteredError(
            f'colour lies {found.size:.1f} px of the output beside depth ({found.right:+.1f} px '
            f'to the right, {found.down:+.1f} px down, measured at {found.edges} edge pixels), '
            f'and {limit:g} px are the most that colour may teach with: look at the extrinsics '
            '(/tf_static), the intrinsics and the stamps of both cameras, or train without colour'
        )


class MisregistrationMeter:
    """
    Gathers how colour edges lie about depth edges.

    :param factor: colour is looked at with so many pixels for one of depth, each way
    :param per_px: of those in a pixel that results are told in
    :param reach: shifts that are tried each way [px of depth]
    """

    def __init__(self, factor: int, per_px: float, reach: int = 4) -> None:
        self._factor = factor
        self._per_px = per_px
        self._reach, self._out = factor * reach, factor * _OUT
        self._parts: list[F64] = []
        self._edges = 0
        self._images = 0

    @classmethod
    def of_scale(cls, scale: int) -> MisregistrationMeter:
        """Return a meter that tells pixels of an output ``scale`` times as large as depth."""
        factor = min(max(scale, _COARSEST), _FINEST)
        return cls(factor, factor / scale, _TRIED // factor)

    def add(
        self,
        color: U8,
        color_camera: CameraModel,
        depth: F32,
        camera: CameraModel,
        to_color: F64,
    ) -> None:
        """
        Look at an image and its colour; what comes after ``_MAX_IMAGES`` is left out.

        :param color: (h, w, 3) RGB of any size
        :param color_camera: that took it
        :param depth: (H, W) [m], NaN = unknown, as measured
        :param camera: of ``depth``
        :param to_color: (4, 4) rigid, takes points of the depth camera to the colour camera
        :raises RegistrationError: when a camera is uncalibrated, the transform not rigid, or a
            lens one that cannot be worked out
        """
        if self._images >= _MAX_IMAGES:
            return
        camera, color_camera = camera.reduced(), color_camera.reduced()
        check_registrable(camera, color_camera, to_color)
        own, lens = lenses(camera, color_camera, to_color)
        self._images += 1
        # Pixels of the output are as wide, by angle, as those of depth are over the factor.
        finer = tuple(
            self._factor * ours / theirs
            for ours, theirs in zip(
                camera.intrinsics()[:2], color_camera.intrinsics()[:2], strict=True
            )
        )
        across, down = _edge_strength(_resized(color, finer), 15 * self._factor)
        edges = list(zip(*depth_edges(depth), strict=True))
        for part in _parts(depth.shape):
            count = sum(int(side[part].sum()) for side, _ in edges)
            if count < _MIN_EDGES:
                continue
            sums = []
            for number, (side, near) in enumerate(edges):
                in_rows = number < 2
                pixels, z = self._places(side, near, part, in_rows)
                points = own.back_project(pixels, z) @ to_color[:3, :3].T
                inside, there = lens.project(points + to_color[:3, 3])
                places = (there[inside] + 0.5) * finer - 0.5
                sums.append(self._sums(places, across if in_rows else down, in_rows))
            self._edges += count
            self._parts.append(np.stack(sums))

    def measured(self, replicates: int = _REPLICATES) -> Misregistration:
        """
        Return what was found, in pixels of the output.

        :param replicates: that the intervals are drawn from
        """
        nothing = (math.nan,) * 3
        if len(self._parts) < _MIN_PARTS:
            why = f'too few depth edges in {self._images} images with colour'
            return Misregistration(
                *nothing, nothing, nothing, 0.0, self._edges, len(self._parts), self._images, why
            )
        stacked = np.stack(self._parts)
        peak, prominence = self._peak(stacked.sum(axis=0))
        rng = np.random.default_rng(0)
        drawn = np.array([
            self._peak(stacked[rng.integers(len(stacked), size=len(stacked))].sum(axis=0))[0]
            for _ in range(replicates)
        ])  # fmt: skip
        low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
        why, end = '', self._reach / self._per_px
        if prominence < _MIN_PROMINENCE:
            why = f'no shift stands out ({prominence:.1f} deviations): edges of colour and '
            why += 'depth do not go together'
        elif max(abs(peak[:2])) > (self._reach - self._factor) / self._per_px:
            why = f'the best shift lies at the end of what is tried, {end:g} px'
        elif max(high[:2] - low[:2]) / 2 > _MAX_ERROR:
            why = (
                f'parts of the recording disagree: {low[0]:.1f} to {high[0]:.1f} px across, '
                f'{low[1]:.1f} to {high[1]:.1f} px down'
            )
        right, below, out = (float(value) for value in peak)
        return Misregistration(
            right, below, out, tuple(low.tolist()), tuple(high.tolist()), prominence,
            self._edges, len(self._parts), self._images, why,
        )  # fmt: skip

    def _places(
        self, side: Bool, near: F32, part: tuple[slice, slice], in_rows: bool
    ) -> tuple[F64, F64]:
        """Return places on the edges of a part of an image, (N, 2) [px of depth], and depths."""
        v, u = np.nonzero(side[part])
        v, u = v + part[0].start, u + part[1].start
        most = _MOST_PLACES // self._factor
        if v.size > most:
            chosen = np.linspace(0, v.size - 1, most).astype(int)
            v, u = v[chosen], u[chosen]
        # Across the edge it is halfway to the next pixel; along it, all along the pixel.
        along = (np.arange(self._factor) + 0.5) / self._factor - 0.5
        offsets = np.stack([np.full(self._factor, 0.5), along], axis=1)
        if not in_rows:
            offsets = offsets[:, ::-1]
        pixels = np.stack([u, v], axis=1)[:, None] + offsets
        z = np.repeat(near[v, u], self._factor)
        return pixels.reshape(-1, 2), z.astype(np.float64)

    def _sums(self, places: F64, strength: F32, in_rows: bool) -> F64:
        """
        Return the colour edges under depth edges by shift, (shifts, shifts).

        :param places: (N, 2) of depth edges in the image of ``strength`` [px]
        :param strength: of steps from a pixel to the next, of a row or of a column, (H, W)
        """
        reach = self._reach + self._out
        size = 2 * reach + 1
        # The step from a pixel to the next lies half a pixel after it.
        first = np.rint(places - ((0.5, 0.0) if in_rows else (0.0, 0.5))).astype(np.int64)
        padded = np.pad(strength, reach + 1)
        u, v = first[:, 0] + 1, first[:, 1] + 1
        fits = (u >= 0) & (v >= 0) & (u <= padded.shape[1] - size) & (v <= padded.shape[0] - size)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
        out = np.zeros((size, size))
        for row, column in zip(v[fits], u[fits], strict=True):
            out += windows[row, column]
        return out

    def _peak(self, sums: F64) -> tuple[F64, float]:
        """
        Return where the sums (4, shifts, shifts) of all kinds of edges are greatest.

        :return: right, down and out [px of the output], and deviations that the peak stands out by
        """
        reach, out = self._reach, self._out
        size = 2 * reach + 1
        # Where an edge lies between two pixels of depth is not known: the sums are flat there.
        sums = np.stack([cv2.GaussianBlur(side, (0, 0), _BLUR * self._factor) for side in sums])
        stack = np.zeros((2 * out + 1, size, size))
        for displaced in range(-out, out + 1):
            # A left edge that lies outside has its colour edge on its right, and so on.
            for side, (dv, du) in zip(sums, ((0, 1), (0, -1), (1, 0), (-1, 0)), strict=True):
                top, left = out + dv * displaced, out + du * displaced
                stack[displaced + out] += side[top : top + size, left : left + size]
        best = np.unravel_index(int(np.argmax(stack)), stack.shape)
        displaced, row, column = (int(part) for part in best)
        plane = stack[displaced]
        v, u = np.mgrid[:size, :size]
        away = np.hypot(v - row, u - column) > 3 * self._factor
        typical = float(np.median(plane[away]))
        spread = 1.4826 * float(np.median(np.abs(plane[away] - typical)))
        prominence = (float(plane[row, column]) - typical) / max(spread, 1e-9)
        right = column + _vertex(plane[row], column) - reach
        down = row + _vertex(plane[:, column], row) - reach
        outward = displaced + _vertex(stack[:, row, column], displaced) - out
        return np.array([right, down, outward]) / self._per_px, prominence


def _parts(shape: tuple[int, ...]) -> Iterator[tuple[slice, slice]]:
    height, width = shape
    for top in range(_PARTS):
        for left in range(_PARTS):
            yield (
                slice(top * height // _PARTS, (top + 1) * height // _PARTS),
                slice(left * width // _PARTS, (left + 1) * width // _PARTS),
            )


def depth_edges(depth: F32) -> tuple[tuple[Bool, Bool, Bool, Bool], tuple[F32, F32, F32, F32]]:
    """
    Return the left, right, upper and lower edges of near things, and their depths, (H, W) each.

    An edge lies between a pixel and the next one to the right, or below; of several steps in a
    row the greatest counts. Sensors lose the pixels beside an edge: a hole of up to ``_GAP`` of
    them belongs to what is behind.
    """
    sides, depths = [], []
    for axis in (1, 0):
        z = _bridged(np.moveaxis(depth, axis, 1))
        with np.errstate(invalid='ignore'):
            step = np.nan_to_num(z[:, 1:] - z[:, :-1])
            near = np.fmin(z[:, 1:], z[:, :-1])
            jump = np.abs(step) > np.maximum(JUMP_M, JUMP_SHARE * near)
        size = np.pad(np.abs(step), ((0, 0), (1, 1)))
        jump &= (size[:, 1:-1] >= size[:, :-2]) & (size[:, 1:-1] > size[:, 2:])
        jump = np.pad(jump, ((0, 0), (0, 1)))
        step = np.pad(step, ((0, 0), (0, 1)))
        near = np.moveaxis(np.pad(near, ((0, 0), (0, 1))), 1, axis)
        # depth falls where a thing begins
        sides += [np.moveaxis(jump & (step < 0), 1, axis), np.moveaxis(jump & (step > 0), 1, axis)]
        depths += [near, near]
    return (sides[0], sides[1], sides[2], sides[3]), (depths[0], depths[1], depths[2], depths[3])


def _bridged(depth: F32) -> F32:
    """Return depth with short holes of a row given the farther of their two ends, (H, W)."""
    before, after = depth.copy(), depth.copy()
    for _ in range(_GAP):
        before[:, 1:] = np.where(np.isnan(before[:, 1:]), before[:, :-1], before[:, 1:])
        after[:, :-1] = np.where(np.isnan(after[:, :-1]), after[:, 1:], after[:, :-1])
    return np.asarray(np.where(np.isnan(depth), np.maximum(before, after), depth))


def _resized(color: U8, finer: tuple[float, ...]) -> F32:
    """Return colour as grey, made ``finer`` times as large across and down, (h, w)."""
    gray = cv2.cvtColor(color, cv2.COLOR_RGB2GRAY).astype(np.float32)
    height, width = gray.shape
    size = (max(round(finer[0] * width), 1), max(round(finer[1] * height), 1))
    if min(finer) < 1:
        return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_LINEAR))


def _edge_strength(gray: F32, reach: int) -> tuple[F32, F32]:
    """Return how strong colour edges are between pixels across and down, against those around."""
    found = []
    for axis in (1, 0):
        step = np.abs(np.diff(gray, axis=axis, append=np.take(gray, [-1], axis=axis)))
        around = cv2.blur(step, (reach | 1, reach | 1))
        found.append(np.minimum(step / (around + 2.0), 4.0).astype(np.float32))
    return found[0], found[1]


def _vertex(values: F64, at: int) -> float:
    """Return how far beside ``at`` the parabola through three values peaks, -0.5 to 0.5."""
    if not 0 < at < values.size - 1:
        return 0.0
    before, here, after = values[at - 1 : at + 2]
    bend = before - 2 * here + after
    return 0.0 if bend >= 0 else float(np.clip((before - after) / (2 * bend), -0.5, 0.5))
