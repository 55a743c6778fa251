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
import math

import numpy as np
import pytest

from cdst_ros.evaluation.metrics.coverage import (
    LEVELS,
    coverage_figures,
    coverage_sums,
    half_width,
)
from cdst_ros.evaluation.metrics.sums import add_up


def figures(output, sigma, reference):
    made = coverage_figures(add_up([coverage_sums(output, sigma, reference)]))
    return {name: float(value) for name, value in made.items()}


def test_by_hand():
    # Half widths are ln 2 = .693, ln 5 = 1.609, ln 10 = 2.303 and ln 20 = 2.996 sigma.
    reference = np.full((1, 6), 2.0, np.float32)
    output = reference + np.array([[0.05, -0.1, 0.2, -0.25, 0.4, np.nan]], np.float32)
    sigma = np.full((1, 6), 0.1, np.float32)
    made = figures(output, sigma, reference)
    assert [made[f'coverage_{p}'] for p in (50, 80, 90, 95)] == [0.2, 0.4, 0.6, 0.8]
    assert made['miscalibration'] == pytest.approx((0.3 + 0.4 + 0.3 + 0.15) / 4)


@pytest.mark.parametrize(('stated', 'sign'), [(1.0, 0), (0.5, -1), (2.0, 1)])
def test_a_true_sigma_covers_what_it_says(stated, sign):
    rng = np.random.default_rng(4)
    true = rng.uniform(0.005, 0.1, (400, 400)).astype(np.float32)
    reference = np.full_like(true, 2.0)
    output = (reference + rng.laplace(0, true)).astype(np.float32)
    made = figures(output, true * np.float32(stated), reference)
    for level in LEVELS:
        off = made[f'coverage_{round(100 * level)}'] - level
        assert off == pytest.approx(0, abs=0.005) if sign == 0 else off * sign > 0.02
    expected = [abs(1 - (1 - level) ** stated - level) for level in LEVELS]
    assert made['miscalibration'] == pytest.approx(np.mean(expected), abs=0.005)


def test_the_interval_is_that_of_a_laplace_distribution():
    assert half_width(0.5) == pytest.approx(math.log(2))
    assert half_width(0.95) == pytest.approx(2.9957, abs=1e-4)
