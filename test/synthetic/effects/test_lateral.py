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
"""Lateral noise scatters contours and makes no depth."""

import numpy as np
import pytest

from cdst_ros.synthetic.effects.lateral import displace

from .scenery import panel, rng


def test_only_contours_change_and_no_depth_is_made() -> None:
    depth = panel()
    out = displace(depth, rng(), 0.8, 0.5)
    assert set(np.unique(out).tolist()) == {1.0, 3.0}
    assert np.all(out[25:35, 25:35] == 1.0)
    assert np.all(out[:10] == 3.0)
    assert 10 < np.count_nonzero(out != depth) < 300


@pytest.mark.parametrize('sigma', [0.8, 1.5])
def test_contours_scatter_by_sigma(sigma: float) -> None:
    depth = np.full((4000, 40), 3.0, np.float32)
    depth[:, :20] = 1.0
    out = displace(depth, rng(), sigma, 0.0)
    # a pixel d beside the contour changes sides with the chance that the noise exceeds d
    changed = np.mean(out != depth, axis=0)
    beyond = np.mean(np.abs(rng(1).standard_normal(200_000)) * sigma > 1.5) / 2
    assert changed[18] == pytest.approx(beyond, abs=0.02)
    assert changed[21] == pytest.approx(beyond, abs=0.02)


def test_smooth_displacements_bend_contours() -> None:
    out = displace(panel(), rng(), 1.5, 6.0)
    widths = np.count_nonzero(out[25:35] == 1.0, axis=1)
    assert np.abs(np.diff(widths)).max() <= 2
