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
from dataclasses import dataclass

import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.evaluation.live import Sample
from cdst_ros.evaluation.metrics import DepthErrors, add_compared
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

    :param errors: of ``model`` and of each floor, over the pixels that all of them know
    :param broken: promises that the model's output broke
    :param samples: how many there were
    """

    errors: dict[str, DepthErrors]
    broken: BrokenPromises
    samples: int


def score(samples: Iterable[Sample], noise: NoiseModel, bound_sigmas: float = 1.0) -> Scores:
    """
    Score the model's output and the classical methods on the same frames and pixels.

    :param noise: the model's, for the slack of its bound
    :param bound_sigmas: that the bound was run with
    """
    scores = Scores(
        errors={name: DepthErrors() for name in ('model', *FLOORS)},
        broken=BrokenPromises(0, 0, 0),
        samples=0,
    )
    for sample in samples:
        add_compared(
            scores.errors, {'model': sample.high, **enlarge_classically(sample)}, sample.truth
        )
        slack = ROUNDING_M + bound_sigmas * noise.sigma(np.nan_to_num(sample.low))
        scores.broken = scores.broken + check_promises(sample.high, sample.low, slack)
        scores.samples += 1
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
