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
"""Procedural textures, small and tileable, in one image with all their mip levels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from cdst_ros.depth.arrays import F32, U8, AnyArray

Rng = np.random.Generator

#: Edge of a texture [px], and how many there are of every kind.
SIZE = 256
_EACH = 3
_LEVELS = 7
#: Rim around each tile that repeats it, so that interpolation sees no seam [px].
_RIM = 1
_EDGES = np.array([SIZE >> level for level in range(_LEVELS)], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Atlas:
    """
    Textures side by side, each mip level below the other.

    :param image: RGB, (H, W, 3)
    :param columns: of tiles
    :param tops: first row of each level
    :param quiet: textures, the first ones, that suit walls
    :param plain: textures that suit any surface; those behind them are pictures and text
    :param count: textures
    """

    image: U8
    columns: int
    tops: F32
    quiet: int
    plain: int
    count: int

    def look_up(self, tile: NDArray[np.int64], u: F32, v: F32, footprint: F32) -> U8:
        """
        Return the colour of texture ``tile`` at ``u``, ``v``, (N, 3).

        :param tile: number of the texture, (N,)
        :param u: place in it, 0 to 1 and again for every whole number, (N,)
        :param v: like ``u``, downwards
        :param footprint: width of a pixel [texel], (N,); larger ones see coarser levels
        """
        level = np.zeros(u.shape, dtype=np.int8)
        for k in range(1, _LEVELS):
            level += footprint > 2 ** (k - 0.5)
        edge = _EDGES[level]
        pitch = edge + 2 * _RIM
        row, column = np.divmod(np.arange(self.count, dtype=np.float32), self.columns)
        x = (u - np.floor(u)) * edge + column[tile] * pitch + np.float32(_RIM - 0.5)
        y = (v - np.floor(v)) * edge + row[tile] * pitch + self.tops[level]
        return _sample(self.image, x, y + np.float32(_RIM - 0.5))


def _sample(image: U8, x: F32, y: F32) -> U8:
    """Return the bilinear values of an image at pixels ``x``, ``y``, (N, 3)."""
    # OpenCV remaps images, and none wider than 32767 pixels: fold the row
    count, width = x.size, 1024
    rows = -(-count // width)
    maps = np.zeros((2, rows * width), dtype=np.float32)
    maps[0, :count], maps[1, :count] = x, y
    x_map, y_map = maps.reshape(2, rows, width)
    found = cv2.remap(image, x_map, y_map, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, dtype=np.uint8).reshape(-1, 3)[:count]


@lru_cache(maxsize=4)
def atlas(seed: int) -> Atlas:
    """Return the textures of a seed; some 60 ms the first time, and kept."""
    rng = np.random.default_rng(seed)
    tiles = [paint(rng) for paint in _PLAIN for _ in range(_EACH)]
    plain = len(tiles)
    tiles += [paint(rng) for paint in _PICTURES for _ in range(_EACH)]
    columns = 6
    levels, tops, top = [], [], 0
    for level in range(_LEVELS):
        edge = SIZE >> level
        small = [cv2.resize(t, (edge, edge), interpolation=cv2.INTER_AREA) for t in tiles]
        rimmed = [np.pad(t, ((_RIM, _RIM), (_RIM, _RIM), (0, 0)), mode='wrap') for t in small]
        rimmed += [np.zeros_like(rimmed[0])] * (-len(rimmed) % columns)
        rows = [np.hstack(rimmed[i : i + columns]) for i in range(0, len(rimmed), columns)]
        block = np.vstack(rows)
        width = columns * (SIZE + 2 * _RIM)
        levels.append(np.pad(block, ((0, 0), (0, width - block.shape[1]), (0, 0))))
        tops.append(top)
        top += block.shape[0]
    return Atlas(
        np.vstack(levels),
        columns,
        np.array(tops, dtype=np.float32),
        _QUIET * _EACH,
        plain,
        len(tiles),
    )


def _clouds(rng: Rng, cells: tuple[int, int]) -> F32:
    """Return tileable smooth noise of mean 0.5 with so many bumps down and across."""
    base = rng.random(cells, dtype=np.float32)
    padded = np.pad(base, 3, mode='wrap')
    scale = (SIZE / cells[0], SIZE / cells[1])
    size = (round(padded.shape[1] * scale[1]), round(padded.shape[0] * scale[0]))
    smooth = cv2.resize(padded, size, interpolation=cv2.INTER_CUBIC)
    top, left = round(3 * scale[0]), round(3 * scale[1])
    return np.asarray(smooth[top : top + SIZE, left : left + SIZE])


def _color(rng: Rng) -> F32:
    """Return a reflectance, RGB, grey more often than not."""
    grey = rng.uniform(0.3, 0.9)
    hue = rng.uniform(-1, 1, 3) * rng.uniform(0.0, 0.5) ** 2
    return np.clip(grey + hue, 0.04, 0.95).astype(np.float32)


def _mix(rng: Rng, share: AnyArray) -> U8:
    """Return two colours mixed by ``share`` (SIZE, SIZE), with a fine grain."""
    a, b = _color(rng), _color(rng)
    image = a + (b - a) * np.clip(share, 0, 1)[..., None]
    grain = rng.standard_normal((SIZE, SIZE, 1), dtype=np.float32) * rng.uniform(0.0, 0.05)
    return np.asarray(np.clip((image + grain) * 255, 0, 255), dtype=np.uint8)


def _grid() -> tuple[F32, F32]:
    y, x = np.indices((SIZE, SIZE), dtype=np.float32)
    return x, y


def plaster(rng: Rng) -> U8:
    """Return an almost plain surface."""
    noise = 0.3 * _clouds(rng, (4, 4)) + 0.4 * _clouds(rng, (32, 32))
    return _mix(rng, 0.25 * noise)


def noise(rng: Rng) -> U8:
    """Return clouds of several sizes, as of stone or cloth."""
    share = np.zeros((SIZE, SIZE), dtype=np.float32)
    for k, cells in enumerate((4, 8, 16, 32, 64), start=1):
        share += (_clouds(rng, (cells, cells)) - 0.5) / k
    return _mix(rng, share + 0.5)


def checker(rng: Rng) -> U8:
    """Return a chequered surface or tiles with joints."""
    x, y = _grid()
    n = int(rng.choice([2, 4, 8]))
    cell = SIZE / n
    if rng.random() < 0.5:
        return _mix(rng, ((x // cell + y // cell) % 2).astype(np.float32))
    joint = rng.uniform(2, 8)
    share = ((x % cell < joint) | (y % cell < joint)).astype(np.float32)
    return _mix(rng, share + 0.2 * _clouds(rng, (8, 8)))


def stripes(rng: Rng) -> U8:
    """Return hard or soft stripes, upright, level or diagonal."""
    x, y = _grid()
    a, b = ((1, 0), (0, 1), (1, 1), (1, -1))[int(rng.integers(4))]
    n = int(rng.integers(2, 16))
    phase = np.sin((a * x + b * y) * (2 * np.pi * n / SIZE))
    hard = rng.choice([1.0, 8.0])
    return _mix(rng, (0.5 + hard * phase).astype(np.float32))


def wood(rng: Rng) -> U8:
    """Return the grain of wood, in boards."""
    x, _ = _grid()
    bend = _clouds(rng, (3, 6)) * 3 + _clouds(rng, (4, 64)) * 0.4
    rings = 0.5 + 0.5 * np.sin(bend * 2 * np.pi * rng.uniform(1, 4))
    boards = int(rng.choice([1, 2, 4]))
    gap = (x % (SIZE / boards) < 2).astype(np.float32)
    return _mix(rng, (0.5 * rings + 0.15 * _clouds(rng, (8, 128)) + gap * 0.8).astype(np.float32))


def speckles(rng: Rng) -> U8:
    """Return terrazzo: dots of many colours."""
    image = _mix(rng, 0.2 * _clouds(rng, (16, 16)))
    for x, y, r in rng.integers((0, 0, 1), (SIZE, SIZE, 9), (150, 3)).tolist():
        color = tuple((_color(rng) * 255).tolist())
        for dx in (-SIZE, 0, SIZE):
            cv2.circle(image, (x + dx, y), r, color, -1, cv2.LINE_AA)
    return image


def rug(rng: Rng) -> U8:
    """Return a pattern of nested shapes, mirrored."""
    quarter = cv2.resize(
        rng.random((SIZE // 32, SIZE // 32), dtype=np.float32),
        (SIZE // 2, SIZE // 2),
        interpolation=cv2.INTER_NEAREST,
    )
    half = np.hstack([quarter, quarter[:, ::-1]])
    share = np.vstack([half, half[::-1]])
    colors = np.stack([_color(rng) for _ in range(5)])
    return np.asarray(colors[np.minimum((share * 5).astype(int), 4)] * 255, dtype=np.uint8)


def photo(rng: Rng) -> U8:
    """Return soft gradients with blurred and sharp things before them, like a photograph."""
    sky = np.stack([_clouds(rng, (2, 2)) for _ in range(3)], axis=-1)
    image = np.asarray(np.clip(sky * 255, 0, 255), dtype=np.uint8)
    for layer in range(3):
        for _ in range(int(rng.integers(3, 9))):
            corners = rng.integers(0, SIZE, 2) + rng.integers(
                -60, 60, (int(rng.integers(3, 7)), 2)
            )
            hull = cv2.convexHull(corners.astype(np.int32))
            cv2.fillConvexPoly(image, hull, tuple((_color(rng) * 255).tolist()), cv2.LINE_AA)
        if layer < 2:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), 6.0 - 2.5 * layer))
    return image


def poster(rng: Rng) -> U8:
    """Return a poster: a margin, a picture, lines of text."""
    paper, ink = _color(rng), _color(rng)
    image = np.broadcast_to(paper * 255, (SIZE, SIZE, 3)).astype(np.uint8).copy()
    m = int(rng.integers(8, 28))
    split = int(rng.integers(SIZE // 3, SIZE - 60))
    picture = photo(rng)
    image[m:split, m : SIZE - m] = picture[m:split, m : SIZE - m]
    y, color = split + 20, tuple((ink * 255).tolist())
    while y < SIZE - m:
        size = rng.uniform(0.35, 0.9)
        word = ''.join(chr(c) for c in rng.integers(65, 91, int(rng.integers(4, 20))))
        cv2.putText(image, word, (m, y), cv2.FONT_HERSHEY_SIMPLEX, size, color, 1, cv2.LINE_AA)
        y += int(12 + 26 * size)
    return np.asarray(image)


_PLAIN: tuple[Callable[[Rng], U8], ...] = (
    plaster, plaster, noise, wood, stripes, speckles, checker, wood, rug,
)  # fmt: skip
#: Of these so many, the first, are quiet enough for a wall.
_QUIET = 4
_PICTURES: tuple[Callable[[Rng], U8], ...] = (photo, poster, poster)
