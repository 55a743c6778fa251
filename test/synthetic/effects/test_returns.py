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
"""Dark and shiny surfaces are told by colour."""

import numpy as np
import pytest

from cdst_ros.synthetic.effects.returns import Returns, luminance, too_dark, too_shiny


def test_luminance_is_linear() -> None:
    color = np.array([[[0, 0, 0], [255, 255, 255], [128, 128, 128], [0, 255, 0]]], np.uint8)
    expected = [[0, 1, (128 / 255) ** 2, 0.7152]]
    np.testing.assert_allclose(luminance(color), expected, atol=1e-6)


def test_dark_is_dim_or_slanted() -> None:
    light = np.array([[0.02, 0.1, 0.1, np.nan]], np.float32)
    cosine = np.array([[1.0, 1.0, 0.2, 1.0]], np.float32)
    assert too_dark(light, cosine, 0.05).tolist() == [[True, False, True, False]]
    assert too_dark(light, None, 0.05).tolist() == [[True, False, False, False]]


def test_shiny_is_bright_and_straight_on() -> None:
    light = np.array([[0.95, 0.95, 0.5]], np.float32)
    cosine = np.array([[0.99, 0.5, 0.99]], np.float32)
    assert too_shiny(light, cosine, 0.9).tolist() == [[True, False, False]]
    assert too_shiny(light, None, 0.9).tolist() == [[True, True, False]]


def test_chances_are_shares() -> None:
    with pytest.raises(ValueError, match='shares'):
        Returns(dark_dropout=1.2)
