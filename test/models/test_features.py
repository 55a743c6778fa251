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

from cdst_ros.models.features import FeatureNetwork

from .networks import VARIANTS, random_frame, random_network


@pytest.fixture(params=VARIANTS)
def network(request):
    return random_network(scale=2, **VARIANTS[request.param])


def test_every_network_shows_its_features(network):
    assert isinstance(network, FeatureNetwork)
    assert network.scale == 2


def test_showing_features_changes_nothing(network):
    frame = random_frame(7, 9, share=0.8)
    out = network.features(*frame)
    for ours, theirs in zip(out[:3], network(*frame), strict=True):
        assert torch.equal(ours, theirs)


def test_blocks_have_the_sizes_that_are_announced(network):
    blocks = network.features(*random_frame(7, 9)).blocks
    assert len(blocks) > 0
    for block, width, ratio in zip(
        blocks, network.block_widths, network.block_ratios, strict=True
    ):
        assert block.shape == (1, width, 14 // ratio, 18 // ratio)


def test_whatever_teaches_a_block_teaches_all_before_it(network):
    for index in range(len(network.block_widths)):
        network.zero_grad()
        with torch.enable_grad():
            blocks = network.features(*random_frame(8, 8, share=0.9)).blocks
            blocks[index].square().sum().backward()
        assert network.differences.weight.grad is not None
        assert network.differences.weight.grad.abs().sum() > 0


def test_gradients_reach_every_weight(network):
    with torch.enable_grad():
        out = network.features(*random_frame(8, 8, share=0.9))
        (out.depth.square().mean() + out.sigma.square().mean()).backward()
    for name, weights in network.named_parameters():
        assert weights.grad is not None, name
        assert weights.grad.abs().sum() > 0, name


def test_it_trains_in_half_precision(network):
    network.to(memory_format=torch.channels_last)
    frame = random_frame(8, 8, share=0.9)
    exact = network(*frame)
    with torch.enable_grad(), torch.autocast('cpu', torch.bfloat16):
        out = network.features(*frame)
        (out.depth.square().mean() + out.sigma.square().mean()).backward()
    assert out.depth.dtype == torch.float32
    for weights in network.parameters():
        assert weights.grad is not None
        assert torch.isfinite(weights.grad).all()
    assert torch.equal(out.valid, exact[2])
