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
"""Hand-computed cases."""

import pytest
import torch

from cdst_ros.training.transfer.affinity import (
    affinity_loss,
    alike_in_size,
    grid_affinity,
    local_affinity,
)


def features(*rows):
    """One sample of two channels: each entry is a pair."""
    return torch.tensor([rows], dtype=torch.float32).permute(0, 3, 1, 2)


def test_the_affinity_of_known_features_in_a_grid():
    # The mean is (5, 5); what is left are (3, 0), (-3, 0), (0, 3), (0, -3).
    four = features([(8, 5), (2, 5)], [(5, 8), (5, 2)])
    wanted = [[1, -1, 0, 0], [-1, 1, 0, 0], [0, 0, 1, -1], [0, 0, -1, 1]]
    assert grid_affinity(four, 2)[0] == pytest.approx(torch.tensor(wanted), abs=2e-3)


def test_cells_of_a_grid_are_means():
    fine = torch.rand(2, 3, 8, 12)
    coarse = torch.nn.functional.avg_pool2d(fine, (4, 6))
    assert torch.allclose(grid_affinity(fine, 2), grid_affinity(coarse, 2), atol=1e-5)


def test_a_grid_is_no_finer_than_the_features():
    assert grid_affinity(torch.rand(1, 3, 4, 6), 16).shape == (1, 24, 24)


def test_what_all_positions_share_is_no_affinity():
    plain = torch.rand(2, 3, 6, 6)
    for affinity in (lambda x: grid_affinity(x, 6), lambda x: local_affinity(x, 3)):
        assert torch.allclose(affinity(plain), affinity(plain + 7.0), atol=1e-3)


def test_affinity_does_not_depend_on_the_size_of_features():
    plain = torch.rand(2, 3, 6, 6)
    assert torch.allclose(local_affinity(plain, 3), local_affinity(100 * plain, 3), atol=1e-4)


def test_local_affinity_of_an_edge_by_hand():
    # One channel, an edge between columns 2 and 3: sides are alike, across the edge they differ.
    step = torch.tensor([0.0, 0, 0, 1, 1, 1]).expand(1, 1, 6, 6).contiguous()
    right, *_, below, _ = local_affinity(step, 3)[0]
    assert right[2, 2] == pytest.approx(-1, abs=0.01)
    assert below[2, 2] == below[2, 3] == pytest.approx(1, abs=0.01)
    # away from the edge nothing varies, and nothing is alike
    assert right[2, 0] == 0


def test_local_affinity_holds_every_pair_of_neighbours_once():
    image = torch.rand(1, 2, 5, 5)
    found = local_affinity(image, 3)[0]
    assert found.shape == (4, 5, 5)
    flipped = local_affinity(image.flip(2, 3), 3)[0].flip(1, 2)
    # right of (1, 1) is left of (1, 2) seen from behind; below it is above (2, 1)
    assert found[0, 1, 1] == pytest.approx(flipped[0, 1, 2].item(), abs=1e-5)
    assert found[2, 1, 1] == pytest.approx(flipped[2, 2, 1].item(), abs=1e-5)
    # beyond the border there is nothing
    assert found[0, :, 4].abs().max() == 0


def test_flat_features_give_no_affinity_and_a_finite_gradient():
    flat = torch.ones(1, 2, 6, 6, requires_grad=True)
    total = grid_affinity(flat, 3).sum() + local_affinity(flat, 3).sum()
    total.backward()
    assert total == 0
    assert torch.isfinite(flat.grad).all()


@pytest.mark.parametrize(('teaches', 'taught'), [(1.0, 'sr'), (0.0, 'de')])
def test_the_gradient_reaches_the_taught_side_only(teaches, taught):
    sr, de = (torch.rand(2, 4, 5, 5, requires_grad=True) for _ in range(2))
    role = torch.full((2, 1, 1, 1), teaches)
    affinity_loss(local_affinity(sr, 3), local_affinity(de, 3), role, torch.ones(2)).backward()
    touched = {
        name: side.grad is not None and side.grad.abs().max() > 0
        for name, side in (('sr', sr), ('de', de))
    }
    assert touched == {'sr': taught == 'sr', 'de': taught == 'de'}


def test_each_sample_has_a_role_of_its_own():
    sr, de = torch.zeros(2, 3, 3, requires_grad=True), torch.ones(2, 3, 3, requires_grad=True)
    loss = affinity_loss(sr, de, torch.tensor([1.0, 0.0]).view(2, 1, 1, 1), torch.ones(2))
    loss.backward()
    assert loss == 1
    assert sr.grad[0].abs().min() > 0 == sr.grad[1].abs().max()
    assert de.grad[1].abs().min() > 0 == de.grad[0].abs().max()


def test_samples_that_do_not_count_weigh_nothing():
    sr, de = torch.tensor([[0.0], [0.0]]), torch.tensor([[1.0], [9.0]])
    role = torch.ones(1, 1, 1, 1)
    assert affinity_loss(sr, de, role, torch.tensor([1.0, 0.0])) == 1
    assert affinity_loss(sr, de, role, torch.zeros(2)) == 0


def test_the_finer_features_are_averaged():
    coarse, fine = torch.rand(1, 2, 3, 3), torch.rand(1, 5, 6, 6)
    one, other = alike_in_size(coarse, fine)
    assert one is coarse
    assert torch.allclose(other, torch.nn.functional.avg_pool2d(fine, 2))
