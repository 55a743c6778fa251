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
"""What low-resolution depth can not tell."""

import pytest
import torch

from cdst_ros.training.transfer.hidden import enlarge, hidden, reduce

WHOLE = torch.ones(1, 1, 16, 16)


def test_planes_hide_nothing_inside():
    plane = torch.linspace(1, 2, 16).expand(1, 1, 16, 16)
    assert hidden(plane, WHOLE, 4)[..., 4:-4].abs().max() < 1e-6


def test_what_sums_to_nothing_in_every_block_is_hidden():
    stripes = torch.tensor([1.0, -1.0]).repeat(8).expand(1, 1, 16, 16)
    assert torch.equal(hidden(stripes, WHOLE, 4), stripes)


def test_by_hand_at_scale_two():
    row = torch.tensor([0.0, 0, 0, 8, 8, 8]).expand(1, 1, 6, 6)
    # blocks 0, 4, 8; enlarged 0 1 3 5 7 8
    wanted = [0, -1, -3, 3, 1, 0]
    assert hidden(row, torch.ones(1, 1, 6, 6), 2)[0, 0, 2].tolist() == pytest.approx(wanted)


def test_low_frequencies_of_the_measured_depth_cancel():
    generator = torch.Generator().manual_seed(0)
    sr, de, low = (torch.rand(1, 1, 16, 16, generator=generator) for _ in range(3))
    primed = [depth - (depth - hidden(depth, WHOLE, 4)) + low for depth in (sr, de)]
    assert torch.allclose(primed[0] - primed[1], hidden(sr - de, WHOLE, 4), atol=1e-5)


def test_what_is_unknown_has_no_part_in_it():
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 1, 16, 16, generator=generator)
    mask = (torch.rand(1, 1, 16, 16, generator=generator) > 0.3).float()
    mask[..., :8, :8] = 0
    other = torch.where(mask > 0.5, image, torch.full_like(image, float('nan')))
    found = hidden(image, mask, 4)
    assert torch.equal(found, hidden(other, mask, 4))
    assert found[mask == 0].abs().max() == 0


def test_enlarging_ignores_holes():
    depth = torch.tensor([[2.0, 2, 2], [2, 99, 2], [2, 2, 2]])[None, None]
    valid = (depth < 50).float()
    assert torch.equal(enlarge(depth, valid, 4), torch.full((1, 1, 12, 12), 2.0))
    assert not enlarge(depth, 0 * valid, 4).any()


def test_a_reduction_is_the_mean_of_what_is_known():
    image = torch.tensor([[1.0, 2, 9, 9], [3, 9, 9, 9]])[None, None]
    mask = torch.tensor([[1.0, 1, 0, 0], [1, 0, 0, 0]])[None, None]
    low, share = reduce(torch.where(mask > 0.5, image, torch.nan), mask, 2)
    assert low.tolist() == [[[[2.0, 0.0]]]]
    assert share.tolist() == [[[[0.75, 0.0]]]]
