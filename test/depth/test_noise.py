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
"""The noise of a depth sensor."""

import numpy as np
import pytest

from cdst_ros.depth import NoiseModel


def test_sigma_is_the_quadratic_it_says_and_nan_where_depth_is() -> None:
    sigma = NoiseModel(0.001, 0.002, 0.003).sigma(np.array([[0.0, 2.0, np.nan]], np.float32))
    assert sigma.dtype == np.float32
    np.testing.assert_allclose(sigma, [[0.001, 0.017, np.nan]], rtol=1e-6)


def test_noise_scales_with_the_depth_it_belongs_to() -> None:
    depth = np.linspace(0.3, 8, 20, dtype=np.float32)
    noise = NoiseModel(0.001, 0.002, 0.003)
    np.testing.assert_allclose(
        noise.rescaled(2.5).sigma(2.5 * depth), 2.5 * noise.sigma(depth), rtol=1e-5
    )


def test_negative_terms_are_refused() -> None:
    with pytest.raises(ValueError, match='no negative terms'):
        NoiseModel(linear=-0.1)
