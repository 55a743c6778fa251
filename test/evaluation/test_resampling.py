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

import cv2
import numpy as np
import pytest
from recordings.datasets.layouts import disparity

from cdst_ros.evaluation.middlebury import reduce
from cdst_ros.evaluation.resampling import reduce_antialiased, reduce_known


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


@pytest.mark.parametrize('scale', [2, 4, 8])
def test_without_holes_the_input_is_that_of_middlebury6(scale):
    image = disparity(1)
    low = reduce_known(image.astype(np.float32), scale, eight_bits=True)
    np.testing.assert_array_equal(low, reduce(image, scale))


@pytest.mark.parametrize('scale', [2, 4, 8])
def test_what_a_hole_hides_changes_nothing_and_all_else_is_kept(scale):
    rng = np.random.default_rng(scale)
    image = rng.uniform(50, 200, (64, 96)).astype(np.float32)
    image[rng.uniform(size=image.shape) < 0.01] = np.nan
    low = reduce_known(image, scale, eight_bits=False)
    size = (96 // scale, 64 // scale)
    shut = np.isnan(low)
    changed = np.zeros(shut.shape, bool)
    for hidden in (0.0, 1e4):
        filled = np.where(np.isnan(image), np.float32(hidden), image)
        other = cv2.resize(filled, size, interpolation=cv2.INTER_CUBIC)
        np.testing.assert_allclose(low[~shut], other[~shut], rtol=1e-6)
        changed |= np.abs(other - cv2.resize(np.nan_to_num(image, nan=100.0), size,
                                             interpolation=cv2.INTER_CUBIC)) > 1e-3  # fmt: skip
    np.testing.assert_array_equal(shut, changed)
    assert 0 < shut.mean() < 0.9
