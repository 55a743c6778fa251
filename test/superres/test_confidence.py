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
"""The probability that an enlarged depth is right."""

from __future__ import annotations

import numpy as np
import pytest

from cdst_ros.superres.confidence import confidence


def test_is_the_laplace_probability_of_a_small_error():
    rng = np.random.default_rng(0)
    for z, sigma in [(0.5, 0.01), (2.0, 0.01), (8.0, 0.2)]:
        errors = rng.laplace(0, sigma, 200_000)
        expected = np.mean(np.abs(errors) < max(0.01, 0.01 * z))
        one = np.full((1, 1), 1, np.float32)
        found = confidence(np.float32(z) * one, np.float32(sigma) * one)[0, 0]
        assert found == pytest.approx(expected, abs=0.005)


def test_unknown_depth_has_none():
    depth = np.array([[1.0, np.nan]], np.float32)
    sigma = np.array([[1e-6, np.nan]], np.float32)
    np.testing.assert_array_equal(confidence(depth, sigma), [[1, 0]])


def test_stays_between_0_and_1():
    depth = np.linspace(0.1, 50, 1000, dtype=np.float32)[None]
    for sigma in (1e-9, 1e-3, 1.0, 1e6):
        found = confidence(depth, np.full_like(depth, sigma))
        assert found.min() >= 0
        assert found.max() <= 1


@pytest.mark.parametrize('shape', [(1, 1), (4, 1), (1, 4), (2, 2)])
def test_images_that_opencv_takes_for_scalars_work(shape):
    found = confidence(np.full(shape, 2, np.float32), np.full(shape, 0.02, np.float32))

    np.testing.assert_allclose(found, np.full(shape, 1 - np.exp(-1)), rtol=1e-6)
