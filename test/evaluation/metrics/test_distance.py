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

from cdst_ros.evaluation.metrics.distance import EDGES_M, DistanceBands, band_figures
from cdst_ros.evaluation.metrics.sums import add_up

from .worlds import step


def test_by_hand():
    reference = np.array([[0.2, 0.5, 0.9, 2.5, 12.0, np.nan]], np.float32)
    output = np.array([[0.22, 0.5, 0.94, 2.5, 11.0, 1.0]], np.float32)
    sums = DistanceBands.of(reference).sums(output, np.isfinite(reference))
    made = band_figures(add_up([sums]))
    assert [int(band['pixels']) for band in made] == [1, 2, 0, 0, 1, 0, 0, 0, 1]
    assert float(made[0]['mae_cm']) == pytest.approx(2, rel=1e-4)
    # 0.5 m belongs to the band that begins there, beside 0.9 m: errors of 0 and 4 cm.
    assert float(made[1]['mae_cm']) == pytest.approx(2, rel=1e-4)
    assert float(made[1]['rmse_cm']) == pytest.approx(math.sqrt(8), rel=1e-4)
    assert float(made[4]['rmse_cm']) == 0
    assert float(made[8]['mae_cm']) == pytest.approx(100, rel=1e-4)
    assert math.isnan(made[2]['mae_cm'])


def test_edges_are_told_apart_band_by_band():
    reference = step(near=1.2, far=3.5, at=16)
    output = reference.copy()
    output[:, 13:16] += 0.1  # near the discontinuity, on its near side
    output[:, 0] += 0.3  # far from it
    made = band_figures(add_up([DistanceBands.of(reference).sums(output, np.isfinite(reference))]))
    near, far = made[EDGES_M.index(1.0)], made[EDGES_M.index(3.0)]
    # Four columns are within 3 px of the border, three of them 10 cm off.
    assert float(near['edge_mae_cm']) == pytest.approx(7.5, rel=1e-4)
    assert float(near['mae_cm']) == pytest.approx((3 * 10 + 30) / 16, rel=1e-4)
    assert float(far['edge_mae_cm']) == 0


def test_bands_together_are_all_pixels():
    rng = np.random.default_rng(0)
    reference = rng.uniform(0.1, 15, (40, 50)).astype(np.float32)
    output = reference + np.float32(0.05)
    common = rng.random(reference.shape) < 0.7
    made = band_figures(add_up([DistanceBands.of(reference).sums(output, common)]))
    assert sum(int(band['pixels']) for band in made) == np.count_nonzero(common)
    for band in made:
        assert float(band['mae_cm']) == pytest.approx(5, abs=1e-3)
