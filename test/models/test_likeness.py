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
import pytest
import torch

from cdst_ros.models.likeness import Likeness


def planes(likeness, scale):
    """Return what is found across and down, each (scale * h, scale * w)."""
    across, down = torch.nn.functional.pixel_shuffle(likeness, scale)[0]
    return across, down


def half_and_half(scale, column):
    """Return colour (1, 3, 3 scale, 4 scale): dark left of a column, bright from it on."""
    rgb = torch.full((1, 3, 3 * scale, 4 * scale), 0.2)
    rgb[..., column:] = 0.8
    return rgb, torch.ones(1, 1, 3 * scale, 4 * scale)


@pytest.mark.parametrize('scale', [2, 4, 8])
def test_a_pixel_of_the_neighbours_colour_belongs_to_the_neighbour(scale):
    # The edge of colour is a quarter of a block right of that between the second and the third.
    column = 2 * scale + max(scale // 4, 1)
    across, down = planes(Likeness(scale)(*half_and_half(scale, column)), scale)
    assert (across[:, 2 * scale : column] > 0.3).all()
    assert (across[:, column : 2 * scale + scale // 2] < -0.2).all()
    assert (across[:, :scale].abs() < 1e-5).all()
    assert (down.abs() < 1e-5).all()


def test_turned_by_a_right_angle_it_is_found_down():
    rgb, colored = half_and_half(4, 9)
    across, down = planes(Likeness(4)(rgb, colored), 4)
    turned = planes(Likeness(4)(rgb.mT.contiguous(), colored.mT.contiguous()), 4)
    assert torch.equal(turned[1], across.mT)
    assert torch.equal(turned[0], down.mT)


def test_it_is_the_share_that_counts_and_not_the_contrast():
    rgb, colored = half_and_half(4, 9)
    strong = Likeness(4)(rgb, colored)
    weak = Likeness(4)(0.5 + (rgb - 0.5) / 2, colored)
    assert (strong - weak).abs().max() < 0.1


def test_what_is_unknown_is_like_nothing_and_nothing_is_like_it():
    rgb, colored = half_and_half(4, 9)
    colored[..., 4, 8] = 0.0
    colored[..., :, 12:] = 0.0
    rgb = rgb * colored
    across, _ = planes(Likeness(4)(rgb, colored), 4)
    assert across[4, 8] == 0
    assert not across[:, 10:].any()
    assert across[5, 8] > 0.3
    # Nor does what is unknown count in the mean of a block.
    whole = planes(Likeness(4)(*half_and_half(4, 9)), 4)[0]
    assert torch.allclose(across[0, 4:8], whole[0, 4:8], atol=1e-6)
