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

import math

import pytest
import torch

from cdst_ros.training.losses import (
    edge_weight,
    laplace_likelihood,
    level_l1,
    local_unit,
    masked_mean,
    scaled_l1,
    thin_weight,
)


def image(*rows):
    return torch.tensor(rows, dtype=torch.float32)[None, None]


def test_masked_mean_ignores_what_does_not_count():
    assert masked_mean(image([1, 5, math.nan]), image([1, 1, 0])) == 3
    assert masked_mean(image([math.nan]), image([0])) == 0


def test_scaled_l1_by_hand():
    loss = scaled_l1(
        image([0.2, -0.4, 9.0]), image([0.1, 0.4, 1.0]), image([1, 3, 1]), image([1, 1, 0])
    )
    assert loss == pytest.approx((2 * 1 + 1 * 3) / 2)


def test_laplace_likelihood_by_hand():
    loss = laplace_likelihood(image([0.3]), image([0.1]), image([0.5]), image([1]))
    assert loss == pytest.approx(math.log(2 * 0.1 / 0.5) + 3.0)


def test_laplace_likelihood_is_least_where_sigma_is_the_mean_error():
    error, mask = image([0.1, -0.2, 0.6]), torch.ones(1, 1, 1, 3)
    sigma = torch.tensor(0.3, requires_grad=True)
    laplace_likelihood(error, sigma.expand(1, 1, 1, 3), mask, mask).backward()
    assert sigma.grad == pytest.approx(0, abs=1e-5)


def test_laplace_likelihood_does_not_pull_at_the_depth():
    error = image([0.1]).requires_grad_()
    sigma = image([0.3]).requires_grad_()
    laplace_likelihood(error, sigma, torch.ones_like(sigma), torch.ones_like(sigma)).backward()
    assert error.grad is None
    assert sigma.grad is not None


def test_edge_weight_marks_both_sides_of_a_step_but_no_ramp_and_no_hole():
    step = image([1, 1, 1, 2, 2, 2])
    assert edge_weight(step, torch.ones_like(step), 4.0).tolist() == [[[[1, 1, 5, 5, 1, 1]]]]
    ramp = 1 + 0.005 * image([0, 1, 2, 3])
    assert edge_weight(ramp, torch.ones_like(ramp), 4.0).max() == 1
    hole = image([1, 1, 0, 1, 1])
    assert edge_weight(hole, image([1, 1, 0, 1, 1]), 4.0).max() == 1


def test_local_unit_is_the_range_around_plus_noise():
    depth, valid = image([1, 1, 1, 3, 3, 9]), image([1, 1, 1, 1, 1, 0])
    unit = local_unit(depth, valid, torch.full_like(depth, 0.1), 2)
    assert unit.shape == (1, 1, 2, 12)
    # Five pixels wide; the last is unknown.
    wanted = [0.4, 2.4, 2.4, 2.4, 2.4, 0.4]
    assert unit[0, 0, 0, ::2].tolist() == pytest.approx(wanted)


def test_thin_weight_marks_what_stands_before_others_and_is_narrow():
    truth = torch.full((1, 1, 12, 20), 3.0)
    truth[..., 4] = 1.0  # a pole of one pixel
    truth[..., 12:] = 2.0  # a wall, wide
    truth[..., 8] = 5.0  # a slit, farther than its sides
    mask = torch.ones_like(truth)
    mask[..., 0, :] = 0
    weight = thin_weight(truth, mask, 2.0, 4)
    assert (weight[..., 1:, 4] == 2).all()
    assert weight.sum() == 2 * 11


def test_level_l1_counts_what_rounding_does_not_take_away():
    error = image([0.001, -0.004, 0.02])
    # 0.1, 0.4 and 2 levels of a centimetre, of which 0.3 cost nothing
    step = torch.tensor([0.01])
    assert level_l1(error, step, 0.3, image([1, 1, 1])).item() == pytest.approx((0.1 + 1.7) / 3)
    assert level_l1(error, step, 0.3, image([1, 1, 0])).item() == pytest.approx(0.05)
