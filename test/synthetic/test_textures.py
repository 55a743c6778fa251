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
"""Textures repeat without a seam, and fade to their mean when they are small."""

import numpy as np
import pytest

from cdst_ros.synthetic.textures import SIZE, Atlas, atlas


@pytest.fixture(scope='module')
def textures() -> Atlas:
    return atlas(0)


def look(textures: Atlas, tile: int, u: np.ndarray, footprint: float) -> np.ndarray:
    u = u.astype(np.float32)
    tiles, width = np.full(u.shape, tile), np.full(u.shape, footprint, np.float32)
    return textures.look_up(tiles, u, np.full_like(u, 0.375), width).astype(float)


def test_textures_repeat(textures: Atlas) -> None:
    u = np.linspace(0.01, 0.99, 50)
    for tile in range(textures.count):
        first, next_ = look(textures, tile, u, 1.0), look(textures, tile, u - 3, 1.0)
        assert np.abs(first - next_).max() <= 4


def test_there_is_no_seam(textures: Atlas) -> None:
    u = np.array([1 - 1e-4, 1 + 1e-4])
    for tile in range(textures.count):
        a, b = look(textures, tile, u, 1.0)
        # the interpolation has steps of 1/32 pixel
        assert np.abs(a - b).max() <= 9


def test_far_textures_are_their_mean(textures: Atlas) -> None:
    u = np.linspace(0, 1, 64, endpoint=False)
    for tile in range(textures.count):
        row, column = divmod(tile, textures.columns)
        pitch = SIZE + 2
        whole = textures.image[row * pitch + 1 :, column * pitch + 1 :][:SIZE, :SIZE]
        band = whole[SIZE // 4 : SIZE // 2].mean(axis=(0, 1))
        far = look(textures, tile, u, 1000.0)
        # the coarsest level has 4 x 4 texels; v = 0.375 is the middle of the second row
        assert np.abs(far.mean(axis=0) - band).max() < 6


def test_seeds_paint_different_textures(textures: Atlas) -> None:
    assert not np.array_equal(textures.image, atlas(1).image)
    np.testing.assert_array_equal(textures.image, atlas.__wrapped__(0).image)
