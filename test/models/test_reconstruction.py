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

from cdst_ros.models.reconstruction import ReconstructionNet


def depth_and_holes(count=2, height=11, width=14):
    generator = torch.Generator().manual_seed(0)
    depth = torch.randn(count, 1, height, width, generator=generator)
    return depth, (torch.rand(depth.shape, generator=generator) > 0.3).float()


@pytest.mark.parametrize('stem', [1, 2])
def test_shapes_of_any_size(stem):
    net = ReconstructionNet(width=6, blocks=3, stem=stem)
    depth, valid = depth_and_holes()
    out, blocks = net(depth, valid)
    assert out.shape == depth.shape
    sizes = {block.shape for block in blocks}
    assert sizes == {(2, 6, -(-11 // stem), -(-14 // stem))}
    assert len(blocks) == len(net.block_widths) == len(net.block_ratios) == 3


@pytest.mark.parametrize('nonsense', [torch.nan, torch.inf, 1e30])
def test_unknown_depth_does_not_matter(nonsense):
    net = ReconstructionNet(width=6, blocks=2, stem=2)
    torch.nn.init.normal_(net.depth.depth.weight)
    depth, valid = depth_and_holes()
    plain, blocks = net(depth, valid)
    spoilt, others = net(torch.where(valid > 0.5, depth, nonsense), valid)
    assert plain.any()
    assert torch.equal(plain, spoilt)
    assert all(torch.equal(one, two) for one, two in zip(blocks, others, strict=True))


@torch.enable_grad()
def test_it_learns_to_reconstruct():
    torch.manual_seed(0)
    net = ReconstructionNet(width=12, blocks=2)
    depth, valid = depth_and_holes(height=12, width=12)
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    errors = []
    for _ in range(60):
        loss = ((net(depth, valid)[0] - depth).abs() * valid).sum() / valid.sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        errors.append(loss.item())
    assert errors[-1] < 0.3 * errors[0]


@pytest.mark.parametrize('wrong', [{'width': 0}, {'blocks': 0}, {'stem': 0}, {'dilations': ()}])
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(ValueError, match='must be at least 1'):
        ReconstructionNet(**{'width': 4, 'blocks': 1, **wrong})
