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
"""The reduction of the literature: by Pillow's and MATLAB's kernel."""

import numpy as np
import pytest

from cdst_ros.evaluation.resampling import reduce_antialiased


@pytest.mark.parametrize('factor', [2, 4, 8, 16])
def test_it_is_what_pillow_does(factor):
    image_module = pytest.importorskip('PIL.Image', reason='Pillow is no dependency')
    image = np.random.default_rng(factor).uniform(0.7, 9.0, (64, 96)).astype(np.float32)
    size = (96 // factor, 64 // factor)
    expected = np.array(image_module.fromarray(image).resize(size, image_module.BICUBIC))
    np.testing.assert_allclose(reduce_antialiased(image, factor), expected, rtol=2e-6)


def test_planes_stay_planes():
    across = np.tile(np.arange(64, dtype=np.float32), (32, 1))
    low = reduce_antialiased(across, 4)
    np.testing.assert_allclose(np.diff(low[:, 3:-3], axis=1), 4.0, rtol=1e-5)
    np.testing.assert_allclose(low[0, 5], 4 * 5 + 1.5, rtol=1e-6)


def test_odd_sizes_are_refused():
    with pytest.raises(ValueError, match='30x20 is no multiple of 4'):
        reduce_antialiased(np.ones((20, 30), np.float32), 4)
