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
"""Where samples sit among the pixels of an enlarged image."""

import cv2
import numpy as np
import pytest

from cdst_ros.depth import GridAlignment


@pytest.mark.parametrize('scale', [2, 3, 4])
def test_half_pixel_is_where_an_area_resize_puts_its_samples(scale: int) -> None:
    """Of an image of its own coordinates, every area is the coordinate of its middle."""
    high = np.tile(np.arange(12 * scale, dtype=np.float32), (scale, 1))
    low = cv2.resize(high, (12, 1), interpolation=cv2.INTER_AREA)[0]
    np.testing.assert_allclose(
        [GridAlignment.HALF_PIXEL.enlarge(x, scale) for x in range(12)], low, atol=1e-4
    )


@pytest.mark.parametrize('scale', [2, 3, 4])
def test_picked_is_where_picking_puts_its_samples(scale: int) -> None:
    picked = np.arange(12 * scale)[::scale]
    assert [GridAlignment.PICKED.enlarge(x, scale) for x in range(12)] == picked.tolist()


@pytest.mark.parametrize('alignment', GridAlignment)
@pytest.mark.parametrize('scale', [1, 2, 3, 4])
def test_sub_pixels_lie_where_enlarging_says(alignment: GridAlignment, scale: int) -> None:
    for k, offset in enumerate(alignment.sub_pixels(scale)):
        assert alignment.enlarge(7 + offset, scale) == pytest.approx(7 * scale + k)
