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

from cdst_ros.training.transfer.output_space import output_loss

UNIT = torch.full((1, 1, 1, 1), 0.5)


def image(*values):
    return torch.tensor(values, dtype=torch.float32).view(1, 1, 1, -1)


def test_the_distance_by_hand():
    loss = output_loss(
        image(0.1, 0.4, 9), image(0.3, 0.0, 9), image(0, 1, 1), UNIT, image(1, 1, 0)
    )
    assert loss == pytest.approx((0.2 + 0.4) / 2 / 0.5)


def test_the_gradient_reaches_the_taught_side_only():
    sr, de = (image(*values).requires_grad_() for values in ((0.1, 0.4), (0.3, 0.0)))
    output_loss(sr, de, image(0, 1), UNIT, image(1, 1)).backward()
    assert sr.grad.flatten().tolist() == pytest.approx([0, 1])
    assert de.grad.flatten().tolist() == pytest.approx([1, 0])


def test_without_a_teacher_the_truth_is_in_its_place():
    sr, de = (image(*values).requires_grad_() for values in ((0.1, 0.4), (0.3, -0.2)))
    loss = output_loss(sr, de, image(0, 1), UNIT, image(1, 1), teacher=False)
    assert loss.item() == pytest.approx((0.3 + 0.4) / 2 / 0.5)
    loss.backward()
    assert sr.grad.flatten().tolist() == pytest.approx([0, 1])
    assert de.grad.flatten().tolist() == pytest.approx([1, 0])


def test_by_pixel_a_nearer_teacher_gives_the_gradient_of_supervision():
    """What PAPERS.md warns of: the teacher lies on the truth's side of the student."""
    generator = torch.Generator().manual_seed(0)
    sr, de = (torch.randn(1, 1, 8, 8, generator=generator).requires_grad_() for _ in range(2))
    nearer = (de.detach().abs() < sr.detach().abs()).float()
    everywhere = torch.ones(1, 1, 8, 8)
    gradients = [
        torch.autograd.grad(output_loss(sr, de, nearer, UNIT, everywhere, teacher=which), (sr, de))
        for which in (True, False)
    ]
    for taught, supervised in zip(*gradients, strict=True):
        assert torch.equal(taught, supervised)
