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

from cdst_ros.models.side import SideHead


@pytest.mark.parametrize('ratio', [1, 2, 4])
def test_a_side_output_begins_as_zero_at_the_output_s_size(ratio):
    out = SideHead(5, ratio)(torch.randn(2, 5, 6, 7))
    assert torch.equal(out, torch.zeros(2, 1, 6 * ratio, 7 * ratio))


def test_each_output_pixel_has_weights_of_its_own():
    head = SideHead(1, 2)
    with torch.no_grad():
        head.depth.bias.copy_(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    out = head(torch.zeros(1, 1, 2, 2))[0, 0]
    assert out.tolist() == [[1, 2, 1, 2], [3, 4, 3, 4]] * 2


def test_it_learns_and_so_does_what_it_looks_at():
    head = SideHead(3, 2)
    features = torch.randn(1, 3, 4, 4)
    with torch.enable_grad():
        head(features).sum().backward()
        assert head.depth.weight.grad is not None
        torch.nn.init.normal_(head.depth.weight)
        features.requires_grad_()
        head(features).sum().backward()
    assert features.grad is not None
    assert features.grad.abs().sum() > 0


@pytest.mark.parametrize('sizes', [(0, 2), (4, 0)])
def test_impossible_sizes_are_refused(sizes):
    with pytest.raises(ValueError, match='at least 1'):
        SideHead(*sizes)
