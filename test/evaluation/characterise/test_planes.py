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

from cdst_ros.evaluation.characterise.pinhole import Pinhole
from cdst_ros.evaluation.characterise.planes import (
    correlation_of_neighbours,
    correlation_of_product,
    fit_tiles,
    kept_share,
    neighbour_correlation,
    quantile_share,
)
from cdst_ros.synthetic.effects.noise import smooth_noise


def plane(size: int = 260) -> np.ndarray:
    v, u = np.mgrid[:size, :size] / size
    return 1 / (0.4 + 0.1 * u + 0.05 * v)


@pytest.mark.parametrize('smoothing', [0.0, 0.4, 0.8, 1.2])
def test_noise_that_a_plane_takes_is_put_right(smoothing: float):
    rng = np.random.default_rng(0)
    noise = 0.004 * smooth_noise(rng, (260, 260), smoothing)
    tiles = fit_tiles((plane() + noise).astype(np.float32))
    found = correlation_of_product(np.average(tiles.products, weights=tiles.variance))
    assert found == pytest.approx(smoothing, abs=0.06)
    sigma = np.sqrt(np.median(tiles.variance) / kept_share(found) / quantile_share(found, 0.5))
    assert sigma == pytest.approx(0.004, rel=0.03)


def test_a_tile_with_a_contour_or_a_hole_is_left_out():
    depth = plane(130).astype(np.float32)
    whole = len(fit_tiles(depth).depth)
    depth[:, 60:] *= 1.5
    depth[:20, :20] = np.nan
    fewer = fit_tiles(depth)
    assert len(fewer.depth) < whole
    assert np.nanmax(np.abs(fewer.residual)) < 1e-4


def test_slant_is_the_angle_to_the_normal():
    size, focal, angle = 130, 110.0, np.deg2rad(35)
    x = (np.arange(size) - (size - 1) / 2) / focal
    depth = np.broadcast_to(2 / (1 - np.tan(angle) * x), (size, size)).astype(np.float32)
    pinhole = Pinhole(focal, focal, (size - 1) / 2, (size - 1) / 2, known=True)
    tiles = fit_tiles(depth)
    columns = (tiles.columns + 6 - (size - 1) / 2) / focal
    rows = (tiles.rows + 6 - (size - 1) / 2) / focal
    ray = np.stack([columns, rows, np.ones_like(rows)])
    normal = np.array([-np.sin(angle), 0, np.cos(angle)])
    expected = np.arccos(normal @ ray / np.linalg.norm(ray, axis=0))
    np.testing.assert_allclose(tiles.slant(pinhole), expected, atol=1e-3)


def test_correlation_and_smoothing_are_inverse():
    for sigma in (0.3, 0.7, 1.5, 5.0):
        value = neighbour_correlation(np.array([sigma]))[0]
        assert correlation_of_neighbours(value) == pytest.approx(sigma, rel=0.02)
