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
"""Smoothing blurs the known, and never the unknown into it."""

import numpy as np

from cdst_ros.synthetic.effects.smoothing import smooth

from .scenery import panel


def test_edges_become_soft() -> None:
    out = smooth(panel(), 1.0)
    assert np.all(np.diff(out[30, 15:30]) <= 1e-6)
    between = (out[30] > 1.1) & (out[30] < 2.9)
    assert 4 <= between.sum() <= 8


def test_flat_depth_stays_and_so_does_the_unknown() -> None:
    depth = np.full((20, 20), 2.0, np.float32)
    depth[5:9, 5:9] = np.nan
    out = smooth(depth, 1.5)
    np.testing.assert_array_equal(np.isnan(out), np.isnan(depth))
    np.testing.assert_allclose(out[np.isfinite(out)], 2.0, rtol=1e-6)
