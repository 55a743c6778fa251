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
"""Pixels mix what they see by its light."""

import numpy as np
import pytest

from cdst_ros.synthetic.effects.mixing import mix


def halves(near: float = 1.0, far: float = 2.0) -> np.ndarray:
    depth = np.full((4, 4), near, np.float32)
    depth[:, 2:] = far
    return depth


def test_light_falls_off_with_the_square_of_distance() -> None:
    # weights 1 and 1/4: flying, nearer to the foreground
    assert mix(halves(), 4)[0, 0] == pytest.approx((1 * 1 + 2 * 0.25) / 1.25)


def test_the_brighter_and_straighter_surface_counts_more() -> None:
    ones = np.ones((4, 4), np.float32)
    dark_front = np.where(halves() == 1, 0.1, 1).astype(np.float32)
    plain = mix(halves(), 4)[0, 0]
    assert mix(halves(), 4, ones, dark_front)[0, 0] > plain + 0.2
    assert mix(halves(), 4, dark_front)[0, 0] == mix(halves(), 4, None, dark_front)[0, 0]


def test_a_mixture_lies_between_its_surfaces_and_one_surface_keeps_its_depth() -> None:
    rng = np.random.default_rng(0)
    depth = rng.uniform(1, 4, (32, 32)).astype(np.float32)
    out = mix(depth, 4, rng.random((32, 32), dtype=np.float32))
    blocks = depth.reshape(8, 4, 8, 4)
    assert np.all(out >= blocks.min(axis=(1, 3)) - 1e-5)
    assert np.all(out <= blocks.max(axis=(1, 3)) + 1e-5)
    np.testing.assert_allclose(mix(np.full((8, 8), 2.5, np.float32), 4), 2.5, rtol=1e-6)


def test_half_unknown_is_unknown_and_unknown_light_counts_nothing() -> None:
    depth = halves()
    depth[:, 2:] = np.nan
    assert mix(depth, 4)[0, 0] == 1.0
    depth[0, 0] = np.nan
    assert np.isnan(mix(depth, 4)[0, 0])
    dark = np.full((4, 4), np.nan, np.float32)
    assert np.isnan(mix(halves(), 4, None, dark)[0, 0])
