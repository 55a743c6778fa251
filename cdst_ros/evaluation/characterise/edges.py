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
"""Edge spread, and what it says of the resolution that is really there."""

from __future__ import annotations

import numpy as np

from cdst_ros.depth.arrays import F32, F64
from cdst_ros.evaluation.characterise.edge_profile import (
    BIN,
    BINS,
    PROFILE_REACH,
    StraightEdge,
    straight_edges,
)
from cdst_ros.evaluation.characterise.figure import SHARE, Figure, Section, Table, untold

#: Edges that tell a spread.
MIN_EDGES = 12
#: Rise from 10 to 90 % of a Gaussian edge, in its sigmas.
RISE_OF_SIGMA = 2.5631
#: Frequency at half contrast times rise of a Gaussian edge: sqrt(2 ln 2) / (2 pi) * 2.5631.
HALF_CONTRAST = 0.4803
#: What bins of a quarter pixel alone make of a sharp step [px].
FINEST_RISE = 0.8 * BIN
_REPLICATES = 300


class EdgeMeter:
    """Gathers straight depth edges."""

    def __init__(self) -> None:
        self._edges: list[StraightEdge] = []
        self._images = 0

    def add(self, depth: F32) -> None:
        """Look at an image (H, W) [m], NaN = unknown."""
        self._images += 1
        self._edges += straight_edges(depth)

    def __len__(self) -> int:
        return len(self._edges)

    def leave_out_beyond(self, depth: float) -> None:
        """
        Leave out edges in front of surfaces farther than ``depth`` [m], if others remain.

        At the end of a sensor's range the background is lost or replaced pixel by pixel, which
        makes edges of another kind.
        """
        kept = [edge for edge in self._edges if edge.far <= depth]
        if len(kept) >= MIN_EDGES:
            self._edges = kept

    def profile(self) -> tuple[F64, F64] | None:
        """Return distance from the edge [px] and share of the near surface, (BINS,) each."""
        if len(self._edges) < MIN_EDGES:
            return None
        return CENTRES, _profile(*self._stacked())

    def spread(self) -> Figure:
        """Return the rise from 10 to 90 % [px]."""
        name, label, count = 'spread', 'edge spread, 10 to 90 %', len(self._edges)
        if count < MIN_EDGES:
            why = (
                f'{count} straight slanted depth edges in {self._images} images, {MIN_EDGES} are '
                'needed'
            )
            return untold(name, label, why, 'px', count, 'edges')
        sums, counts = self._stacked()
        value = _rise(_profile(sums, counts))
        rng = np.random.default_rng(0)
        drawn = []
        for _ in range(_REPLICATES):
            chosen = rng.integers(count, size=count)
            drawn.append(_rise(_profile(sums[chosen], counts[chosen])))
        low, high = np.percentile(drawn, (2.5, 97.5))
        note = 'as sharp as the method can tell' if value <= 2 * FINEST_RISE else ''
        return Figure(name, label, value, 'px', count, 'edges', float(low), float(high), note)

    def scatter(self) -> Figure:
        """Return how far edges wander about a straight line [px]."""
        name, label, count = 'scatter', 'straight edges wander, RMS', len(self._edges)
        if count < MIN_EDGES:
            return untold(name, label, 'too few straight edges', 'px', count, 'edges')
        values = np.array([edge.scatter for edge in self._edges])
        return Figure(
            name, label, float(np.sqrt(np.mean(np.square(values)))), 'px', count, 'edges',
            note='whole pixels alone make 0.29 of an edge that does not mix',
        )  # fmt: skip

    def flying(self) -> Figure:
        """Return the share of pixels at edges that lie between both surfaces."""
        name, label = 'flying', 'flying pixels within 1.5 px of straight edges'
        count = len(self._edges)
        if count < MIN_EDGES:
            return untold(name, label, 'too few straight edges', SHARE, count, 'edges')
        values = np.array([edge.between for edge in self._edges])
        rng = np.random.default_rng(0)
        drawn = [values[rng.integers(count, size=count)].mean() for _ in range(_REPLICATES)]
        low, high = np.percentile(drawn, (2.5, 97.5))
        return Figure(name, label, float(values.mean()), SHARE, count, 'edges', float(low),
                      float(high), 'off both planes by 5 cm, 2 % and 3 sigma')  # fmt: skip

    def section(self) -> Section:
        """Return all of it for people."""
        tables = []
        found = self.profile()
        if found is not None:
            rows = tuple((float(d), float(s)) for d, s in zip(*found, strict=True))
            tables.append(Table('profile', 'Edge profile, 0 far to 1 near',
                                ('distance [px]', 'share'), rows))  # fmt: skip
        return Section('edges', 'Edges', (self.spread(), self.scatter(), self.flying()),
                       tuple(tables))  # fmt: skip

    def _stacked(self) -> tuple[F64, F64]:
        return (
            np.stack([edge.sums for edge in self._edges]),
            np.stack([edge.counts for edge in self._edges]),
        )


CENTRES: F64 = np.asarray((np.arange(BINS) + 0.5) * BIN - PROFILE_REACH)


def _profile(sums: F64, counts: F64) -> F64:
    """Return the mean share by distance, made to rise (pool adjacent violators), (BINS,)."""
    count = counts.sum(axis=0)
    mean = sums.sum(axis=0) / np.maximum(count, 1e-9)
    levels: list[list[float]] = []
    for value, weight in zip(mean, np.maximum(count, 1e-9), strict=True):
        levels.append([float(value), float(weight), 1])
        while len(levels) > 1 and levels[-2][0] > levels[-1][0]:
            last = levels.pop()
            before = levels[-1]
            total = before[1] + last[1]
            before[0] = (before[0] * before[1] + last[0] * last[1]) / total
            before[1], before[2] = total, before[2] + last[2]
    return np.concatenate([np.full(int(length), value) for value, _, length in levels])


def _rise(profile: F64) -> float:
    """Return the distance from 10 to 90 % of the way between both ends [px]."""
    ends = BINS // 8
    low, high = profile[:ends].mean(), profile[-ends:].mean()
    share = (profile - low) / max(high - low, 1e-9)
    return _crossing(share, 0.9) - _crossing(share, 0.1)


def _crossing(share: F64, level: float) -> float:
    """Return where a rising profile reaches a level, between the middles of bins [px]."""
    after = int(np.searchsorted(share, level))
    after = min(max(after, 1), BINS - 1)
    below, above = share[after - 1], share[after]
    part = 0.5 if above <= below else (level - below) / (above - below)
    return float(CENTRES[after - 1] + BIN * np.clip(part, 0, 1))
