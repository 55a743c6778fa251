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

from cdst_ros.training.transfer.units import crop_units


def image(*rows):
    return torch.tensor(rows, dtype=torch.float32)[None, None]


def test_mean_and_spread_by_hand():
    depth, valid = image([1, 3], [99, 2]), image([1, 1], [0, 1])
    units = crop_units(depth, valid, torch.full_like(depth, 0.01))
    assert units.mean.item() == pytest.approx(2)
    assert units.spread.item() == pytest.approx((2 / 3) ** 0.5 + 0.04 + 0.002)


def test_a_flat_crop_and_one_without_depth_have_units():
    nothing = torch.zeros(2, 1, 4, 4)
    units = crop_units(nothing + 3, torch.tensor([1.0, 0.0]).view(2, 1, 1, 1) + nothing, nothing)
    assert units.mean.flatten().tolist() == [3, 0]
    assert (units.spread > 0).all()


def test_it_scales_with_depth():
    depth, valid = torch.rand(1, 1, 4, 4) + 1, torch.ones(1, 1, 4, 4)
    one, ten = crop_units(depth, valid, depth / 100), crop_units(10 * depth, valid, depth / 10)
    assert ten.spread.item() == pytest.approx(10 * one.spread.item(), rel=1e-4)
