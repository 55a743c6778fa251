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

from cdst_ros.training.guided.config import GuidedConfig
from cdst_ros.training.guided.disturbance import disturbed, patched, shifted, tinted
from cdst_ros.training.seen import seen_in

NOTHING = {'blind': 0.0, 'patched': 0.0, 'shifted': 0.0, 'tinted': 0.0}


@pytest.fixture
def rgb():
    torch.manual_seed(0)
    return 0.1 + 0.9 * torch.rand(40, 3, 24, 32)


def test_nothing_changes_where_nothing_is_asked_for(rgb):
    assert torch.equal(disturbed(rgb, GuidedConfig(**NOTHING)), rgb)


def test_a_share_of_the_samples_has_no_colour_at_all(rgb):
    found = seen_in(disturbed(rgb, GuidedConfig(**{**NOTHING, 'blind': 0.5})))
    shares = found.mean((1, 2, 3))
    assert set(shares.tolist()) == {0.0, 1.0}
    assert 0.25 < shares.mean() < 0.75


def test_patches_are_unknown_and_the_rest_is_as_it_was(rgb):
    found = patched(rgb, torch.full((40,), 0.4))
    known = seen_in(found)
    assert 0.45 < known.mean() < 0.75
    assert torch.equal(found, rgb * known)
    assert torch.equal(patched(rgb, torch.zeros(40)), rgb)


def test_whole_pixels_move_colour_right_and_down_and_leave_a_border_unknown(rgb):
    found = shifted(rgb, torch.tensor([[2.0, 1.0]]).repeat(40, 1))
    assert torch.allclose(found[..., 2:-2, 3:-2], rgb[..., 1:-3, 1:-4], atol=1e-4)
    assert not seen_in(found)[..., 0, :].any()
    assert not seen_in(found)[..., :, :2].any()


def test_half_a_pixel_mixes_two(rgb):
    found = shifted(rgb, torch.tensor([[0.5, 0.0]]).repeat(40, 1))
    wanted = (rgb[..., 4:20, 9:29] + rgb[..., 4:20, 8:28]) / 2
    assert torch.allclose(found[..., 4:20, 9:29], wanted, atol=1e-4)


def test_what_is_moved_never_mixes_with_what_is_unknown(rgb):
    rgb[..., 10:14, 10:14] = 0.0
    found = shifted(rgb, torch.tensor([[0.5, 0.5]]).repeat(40, 1))
    assert not found[..., 10:14, 10:14].any()
    assert found[seen_in(found).expand_as(found) > 0].min() >= 0.1 - 1e-3


def test_every_sample_has_a_shift_of_its_own_and_some_have_none(rgb):
    wanted = GuidedConfig(**{**NOTHING, 'shifted': 0.5, 'shift': 2.0})
    found = disturbed(rgb, wanted)
    moved = ((found - rgb).abs() > 0.01).flatten(1).any(1)
    assert 0.2 < moved.float().mean() < 0.8


def test_colours_change_but_neither_what_is_known_nor_what_is_not(rgb):
    rgb[..., :5, :5] = 0.0
    rgb[:, 0, 8:10] = 0.0
    found = tinted(rgb, 0.3)
    assert torch.equal(seen_in(found), seen_in(rgb))
    assert found.max() <= 1
    assert (found - rgb).abs().mean() > 0.02
