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
"""Scores the frames of a live run against the truth, beside the classical methods."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from cdst_ros.depth.arrays import F32, Bool
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.evaluation.live import Sample
from cdst_ros.evaluation.promises import BrokenPromises, check_promises
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import Settings, SuperResolution

#: The classical methods printed beside every model.
FLOORS = ('nearest', 'bilinear', 'bicubic')
#: What writing depth in whole millimetres may change [m]: half of one, and float32's last digits.
ROUNDING_M = 0.0005 + 1e-5


@dataclass
class Scores:
    """
    What the samples of a run say.

    :param rmse_cm: of ``model`` and of each floor, over the pixels that the truth and all of them
        know, pooled over the samples [cm]
    :param known_share: share of the pixels of the truth that each method knows, 0 to 1
    :param broken: promises that the model's output broke
    :param samples: how many there were
    """

    rmse_cm: dict[str, float] = field(default_factory=dict)
    known_share: dict[str, float] = field(default_factory=dict)
    broken: BrokenPromises = field(default_factory=lambda: BrokenPromises(0, 0, 0))
    samples: int = 0


def score(samples: Iterable[Sample], noise: NoiseModel, bound_sigmas: float = 1.0) -> Scores:
    """
    Score the model's output and the classical methods on the same frames and pixels.

    :param noise: the model's, for the slack of its bound
    :param bound_sigmas: that the bound was run with
    """
    squares: dict[str, float] = dict.fromkeys(('model', *FLOORS), 0.0)
    known: dict[str, int] = dict.fromkeys(squares, 0)
    scores = Scores()
    compared = wanted = 0
    for sample in samples:
        results = {'model': sample.high, **enlarge_classically(sample)}
        common = np.isfinite(sample.truth)
        wanted += int(np.count_nonzero(common))
        for name, depth in results.items():
            known[name] += int(np.count_nonzero(np.isfinite(depth) & np.isfinite(sample.truth)))
            common = common & np.isfinite(depth)
        compared += int(np.count_nonzero(common))
        for name, depth in results.items():
            squares[name] += _sum_of_squares(depth, sample.truth, common)
        slack = ROUNDING_M + bound_sigmas * noise.sigma(np.nan_to_num(sample.low))
        scores.broken = scores.broken + check_promises(sample.high, sample.low, slack)
        scores.samples += 1
    if compared:
        scores.rmse_cm = {n: 100 * float(np.sqrt(s / compared)) for n, s in squares.items()}
    if wanted:
        scores.known_share = {name: count / wanted for name, count in known.items()}
    return scores


def enlarge_classically(sample: Sample) -> dict[str, F32]:
    """Return the input enlarged to the size of the truth (H, W) [m] by each of ``FLOORS``."""
    scale = sample.truth.shape[0] // sample.low.shape[0]
    unbounded = Settings(bounded=False)
    enlarged = {}
    for name in FLOORS:
        enlarge = SuperResolution(open_engine(None, name, scale=scale), unbounded)
        enlarged[name] = enlarge(sample.low).depth.copy()
    return enlarged


def _sum_of_squares(depth: F32, truth: F32, where: Bool) -> float:
    difference = depth[where].astype(np.float64) - truth[where]
    return float(np.dot(difference, difference))
