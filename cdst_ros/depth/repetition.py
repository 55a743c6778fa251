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
Noticing depth that a driver has already enlarged by repeating samples.

"Aligned" or "registered" depth is often low-resolution depth whose samples were repeated to fill
the grid of the colour camera. Enlarging it again is wasted: the sensor's own, smaller image is the
one to take. Two signs give it away, wherever the blocks lie and whether their grid is regular (a
resize) or follows the parallax (a registration), with holes or without.

**Straight block borders.** Of the windows of 2x2 neighbouring pixels, those on a border between
blocks show two equal columns or two equal rows, and the corner of four blocks shows four different
values. A contour of a real, quantised surface also makes windows with one odd pixel or one equal
pair, and mostly runs one way within a small tile. The share of border windows among both kinds is
over 0.5 in depth resized by 1.5 or more, and was at most 0.28 in real and rendered depth of six
sources, the most in that of a Kinect with its coarse steps of disparity.

**Run lengths.** Runs of equal values along rows and along columns are as long as the block is
wide; real depth has runs of one pixel foremost.
"""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cdst_ros.depth.arrays import F32, Bool

_TILE = 16
_BAND_ROWS = 2 * _TILE + 1
_BANDS = 3
_MIN_WINDOWS = 256
_MIN_BORDER_SHARE = 0.4
_MAX_FACTOR = 8


class Blocks(NamedTuple):
    """Mean size of blocks along rows and along columns [px]; 1 by 1 is no repetition."""

    across: float
    down: float

    @property
    def factor(self) -> float:
        """By how much each way on average, whole where it is nearly so."""
        factor = (self.across * self.down) ** 0.5
        whole = float(round(factor))
        return whole if abs(factor - whole) < 0.1 else round(factor, 2)


def detect_repetition(depth: F32) -> float:
    """
    Return the factor by which depth (H, W) [m] was enlarged by repetition; 1.0 is none.

    Factors from about 1.3 to 8 are found; those that are not whole are approximate. A frame that
    tells nothing (flat, nearly empty, or tiny) has 1.0. The resolution worth having is the size of
    the image divided by the factor.
    """
    blocks = _find_blocks(depth)
    return 1.0 if blocks is None else blocks.factor


class RepetitionDetector:
    """
    Looks at the first frames of a stream and decides by majority whether they are repeated.

    Frames that tell nothing do not count, and once decided it costs nothing. Another image size
    starts it over.
    """

    def __init__(self, frames: int = 9) -> None:
        """Decide after ``frames`` frames that tell something."""
        self._frames = frames
        self._votes: list[float] = []
        self._shape: tuple[int, ...] = ()
        self.factor: float | None = None

    def update(self, depth: F32) -> float | None:
        """Look at a frame (H, W) [m]; return the factor (1.0 is none), or None while undecided."""
        if depth.shape != self._shape:
            self._votes.clear()
            self._shape = depth.shape
            self.factor = None
        if self.factor is None:
            self._vote(_find_blocks(depth))
        return self.factor

    def _vote(self, blocks: Blocks | None) -> None:
        if blocks is None:
            return
        self._votes.append(blocks.factor)
        if len(self._votes) == self._frames:
            self.factor = median(self._votes)


def _find_blocks(depth: F32) -> Blocks | None:
    """Return the block size of repeated depth, 1 by 1 for any other, None where nothing tells."""
    bands = _bands(depth)
    straight, odd = np.sum([_windows(band) for band in bands], axis=0)
    if straight + odd < _MIN_WINDOWS:
        return None
    if straight < _MIN_BORDER_SHARE * (straight + odd):
        return Blocks(1.0, 1.0)
    across = _block_length([_run_lengths(band) for band in bands])
    down = _block_length([_run_lengths(np.ascontiguousarray(band.T)) for band in bands])
    return Blocks(across, down)


def _bands(depth: F32) -> list[F32]:
    """Return a few bands of rows, spread over the image, or all of a small one."""
    height = depth.shape[0]
    if height < _BANDS * _BAND_ROWS:
        return [depth]
    tops = np.linspace(0, height - _BAND_ROWS, _BANDS + 2)[1:-1].astype(int)
    return [depth[top : top + _BAND_ROWS] for top in tops]


def _windows(depth: F32) -> tuple[int, int]:
    """
    Return how many 2x2 windows lie on straight borders, and how many on crooked ones.

    Straight ones count in pairs, one of each direction, tile by tile.
    """
    across, down = depth[:, 1:] != depth[:, :-1], depth[1:] != depth[:-1]
    top, bottom, left, right = across[:-1], across[1:], down[:, :-1], down[:, 1:]
    columns = top & bottom & ~(left | right)
    rows = left & right & ~(top | bottom)
    edges = top.view(np.uint8) + bottom + left + right
    known = ~np.isnan(depth)
    known = known[1:] & known[:-1]
    known = known[:, 1:] & known[:, :-1]
    odd = ((edges == 2) | (edges == 3)) & known & ~(columns | rows)
    straight = 2 * np.minimum(_tile_sums(columns), _tile_sums(rows)).sum()
    return int(straight), int(np.count_nonzero(odd))


def _tile_sums(mask: Bool) -> NDArray[np.int64]:
    """Return how many are set in each whole tile."""
    rows, columns = (size // _TILE for size in mask.shape)
    tiles = mask[: rows * _TILE, : columns * _TILE].reshape(rows, _TILE, columns, _TILE)
    return np.asarray(tiles.sum(axis=(1, 3)))


def _run_lengths(depth: F32) -> NDArray[np.int64]:
    """Return a histogram of the lengths of runs of equal values between other known values."""
    height, width = depth.shape
    borders = np.ones((height, width + 1), np.bool_)
    np.not_equal(depth[:, 1:], depth[:, :-1], out=borders[:, 1:-1])
    known = ~np.isnan(depth)
    edges = np.zeros_like(borders)
    edges[:, 1:-1] = borders[:, 1:-1] & known[:, 1:] & known[:, :-1]
    at = np.flatnonzero(borders)
    between_edges = edges.ravel()[at]
    lengths = np.diff(at)[between_edges[1:] & between_edges[:-1]]
    longest = _MAX_FACTOR + 2
    return np.bincount(np.minimum(lengths, longest), minlength=longest + 1)


def _block_length(histograms: list[NDArray[np.int64]]) -> float:
    """Return the block length that histograms of run lengths tell; 1 where they tell none."""
    runs = np.sum(histograms, axis=0)
    mode = int(np.argmax(runs))
    if not 1 <= mode <= _MAX_FACTOR:
        return 1.0
    # Blocks of two sizes make a factor in between; what both neighbours have is occlusion.
    excess = int(runs[mode + 1]) - int(runs[mode - 1])
    return float(mode + excess / (runs[mode] + abs(excess)))
