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
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdst_ros.evaluation.metrics.sparsification import sparsification_figures, sparsification_sums
from cdst_ros.evaluation.metrics.sums import add_up

REFERENCE = np.full((1, 20), 5.0, np.float32)
ERRORS = np.arange(1, 21, dtype=np.float32)[None] / 16  # exact in float32


def ause(sigma, errors=ERRORS):
    made = add_up([sparsification_sums(REFERENCE + errors, sigma.astype(np.float32), REFERENCE)])
    return float(sparsification_figures(made)['ause'])


def test_by_hand():
    # Errors 1 to 20 (sixteenths). Of k that are left, the oracle keeps 1 to k, mean (k + 1) / 2;
    # with sigma the wrong way round 20 - k + 1 to 20 are kept, mean (41 - k) / 2.
    kept = np.arange(20, 0, -1)
    assert ause(ERRORS) == 0
    assert ause(-ERRORS + 2) == pytest.approx(np.mean((41 - kept) / 2 - (kept + 1) / 2) / 10.5)
    # A sigma that says nothing keeps the order of the pixels: here the mean of the first k.
    shuffled = np.random.default_rng(0).permutation(ERRORS[0])[None]
    means = [shuffled[0, :k].mean() - ERRORS[0, :k].mean() for k in kept]
    assert ause(np.ones((1, 20)), shuffled) == pytest.approx(np.mean(means) / ERRORS.mean())


def test_frames_are_pooled_before_they_are_divided():
    frames = [
        sparsification_sums(REFERENCE + ERRORS, ERRORS, REFERENCE),
        sparsification_sums(REFERENCE + 0 * ERRORS, ERRORS, REFERENCE),
    ]
    assert float(sparsification_figures(add_up(frames))['ause']) == 0
    frames[0] = sparsification_sums(REFERENCE + ERRORS, 2 - ERRORS, REFERENCE)
    assert float(sparsification_figures(add_up(frames))['ause']) == pytest.approx(ause(2 - ERRORS))


def test_what_is_unknown_is_left_out():
    sums = sparsification_sums(
        np.array([[1.5, np.nan, 1.5]], np.float32),
        np.array([[0.1, 0.1, np.nan]], np.float32),
        np.array([[1.0, 1.0, 1.0]], np.float32),
    )
    assert sums['kept_0'] == 1
    assert sums['kept_by_sigma_0'] == 0.5


@given(st.floats(0.01, 100), st.integers(0, 99))
def test_only_the_order_of_sigma_counts(factor, seed):
    sigma = np.random.default_rng(seed).permutation(20)[None] + 1.0
    assert ause(factor * sigma**2) == pytest.approx(ause(sigma))
    assert ause(sigma) >= 0
