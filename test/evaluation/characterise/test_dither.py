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

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cdst_ros.evaluation.characterise.dither import (
    left_by_averaging,
    noise_before_rounding,
    rounded_variance,
)


@given(st.floats(0.05, 20.0))
def test_the_noise_before_rounding_is_found_again(sigma: float):
    variance = rounded_variance(np.array([sigma]))
    assert abs(np.sqrt(noise_before_rounding(variance))[0] - sigma) < 0.02 * sigma


@given(st.sampled_from([0.1, 0.25, 0.4, 1.0]), st.integers(0, 99))
def test_variances_are_those_of_rounded_samples(sigma: float, seed: int):
    rng = np.random.default_rng(seed)
    phase = rng.random((4000, 1))
    measured = np.rint(phase + sigma * rng.standard_normal((4000, 20)))
    expected = rounded_variance(np.array([sigma]))[0]
    assert abs(measured.var(axis=1, ddof=1).mean() - expected) < 0.06 * expected + 0.002
    left = (measured.mean(axis=1) - phase[:, 0]).var() - expected / 20
    assert abs(left - left_by_averaging(np.array([sigma]))[0]) < 0.01


def test_no_noise_stays_none():
    assert noise_before_rounding(np.zeros(1))[0] == 0
