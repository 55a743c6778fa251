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
"""Intervals of figures over correlated frames: a moving-block bootstrap."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np

from cdst_ros.depth.arrays import F64

REPLICATES = 1000
#: Share of the replicates within an interval.
CONFIDENCE = 0.95
_SEED = 0


def resamplings(sequences: Sequence[Hashable], replicates: int = REPLICATES) -> F64:
    """
    Return how often each frame is drawn in each replicate, (replicates, frames).

    Within a sequence, blocks of consecutive frames are drawn with replacement, so that frames keep
    their neighbours and with them their correlation (Kuensch, "The jackknife and the bootstrap for
    general stationary observations", Annals of Statistics 17, 1989). A block that reaches the end
    goes on at the start, or the first and the last frames would count less than others (Politis
    and Romano's circular blocks, 1992); blocks never reach from one sequence into another. Where
    there are several sequences, they are drawn with replacement themselves first, for one scene
    tells little of the next. The draws are the same for the same sequences, so that methods are
    compared on the same replicates.

    :param sequences: the sequence that each frame belongs to, frames in their order
    """
    rng = np.random.default_rng(_SEED)
    members = [
        np.flatnonzero([s == sequence for s in sequences]) for sequence in dict.fromkeys(sequences)
    ]
    counts = np.zeros((replicates, len(sequences)))
    for replicate in counts:
        for drawn in rng.integers(len(members), size=len(members)) if members else ():
            frames = members[drawn]
            np.add.at(replicate, frames[_blocks(rng, len(frames))], 1.0)
    return counts


def block_length(frames: int) -> int:
    """
    Return how many consecutive frames make a block: the square root of their number.

    For an autocorrelation of .66 from frame to frame, that of a real walk with 94 key frames, the
    best length is about 9 (Politis and White, Econometric Reviews 23, 2004), and the root 10.
    """
    return math.ceil(math.sqrt(frames))


def interval(replicates: F64) -> tuple[float, float]:
    """
    Return the central 95 % of replicates (N,) of a figure; NaN where one of them is undefined.

    Replicates that are NaN, of draws without anything to judge, are left out unless all are.
    """
    defined = replicates[np.isfinite(replicates)]
    if not defined.size:
        return math.nan, math.nan
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(defined, (tail, 100 - tail))
    return float(low), float(high)


def _blocks(rng: np.random.Generator, frames: int) -> list[int]:
    """Return as many places as there are frames, in random blocks."""
    length = block_length(frames)
    starts = rng.integers(frames, size=-(-frames // length))
    places = (starts[:, None] + np.arange(length)).ravel()[:frames] % frames
    drawn: list[int] = places.tolist()
    return drawn
