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

from cdst_ros.models.de import LARGEST_LOG_SCALE, DENet

SIZES = [(16, 12), (9, 7), (1, 1)]


@pytest.mark.parametrize('stem', [1, 2, 4])
@pytest.mark.parametrize('size', SIZES)
def test_estimates_have_the_size_of_the_image(stem, size):
    network = DENet(6, 3, stem)
    out = network(torch.rand(2, 3, *size))
    assert out.depth.shape == out.log_scale.shape == (2, 1, *size)
    assert len(out.blocks) == 3
    for block, width, ratio in zip(
        out.blocks, network.block_widths, network.block_ratios, strict=True
    ):
        assert block.shape == (2, width, -(-size[0] // ratio), -(-size[1] // ratio))


@pytest.mark.parametrize('stem', [1, 2])
def test_gradients_reach_every_weight_from_the_start(stem):
    torch.manual_seed(0)
    network = DENet(6, 3, stem, dilations=(1, 2))
    with torch.enable_grad():
        out = network(torch.rand(1, 3, 12, 12))
        (out.depth.mean() + out.log_scale.mean()).backward()
    for name, weights in network.named_parameters():
        assert weights.grad is not None, name
        assert weights.grad.abs().sum() > 0, name


def test_its_scale_of_error_is_always_a_number():
    network = DENet(6, 1)
    for sign in (-1.0, 1.0):
        torch.nn.init.constant_(network.doubt.bias, sign * 1e6)
        log_scale = network(torch.rand(1, 3, 8, 8)).log_scale
        assert torch.allclose(log_scale, torch.full_like(log_scale, sign * LARGEST_LOG_SCALE))
        assert (log_scale.exp() > 0).all()
        assert torch.isfinite(log_scale.exp()).all()


@pytest.mark.parametrize(('dilations', 'reach'), [((1,), 2 + 2 * 3 + 1), ((1, 2, 4), 2 + 14 + 1)])
def test_dilations_widen_what_a_pixel_sees(dilations, reach):
    torch.manual_seed(0)
    network = DENet(6, 3, dilations=dilations)
    rgb = torch.rand(1, 3, 2 * 20 + 1, 2 * 20 + 1)
    other = rgb.clone()
    other[..., 20, 20] = 0.0
    changed = (network(rgb).depth != network(other).depth)[0, 0]
    rows, _ = torch.nonzero(changed, as_tuple=True)
    assert int((rows - 20).abs().max()) == reach


def test_standardised_images_look_alike_in_any_light():
    torch.manual_seed(0)
    network = DENet(6, 2, standardised=True)
    rgb = torch.rand(2, 3, 16, 16)
    seen, darker = network(rgb).depth, network(0.5 + 0.6 * rgb).depth
    spread = seen.std()
    assert (seen - darker).abs().max() < 0.3 * spread
    plain = DENet(6, 2)
    plain.load_state_dict(network.state_dict())
    assert (plain(rgb).depth - plain(0.5 + 0.6 * rgb).depth).abs().max() > 0.3 * spread
    nothing = network(torch.full((1, 3, 16, 16), 0.4)).depth
    assert torch.isfinite(nothing).all()


def test_it_learns_where_an_edge_of_colour_is_one_of_depth():
    torch.manual_seed(0)
    network = DENet(8, 2, 2)
    optimiser = torch.optim.Adam(network.parameters(), 5e-3)
    with torch.enable_grad():
        for _ in range(150):
            mask = (torch.rand(4, 1, 4, 4) < 0.5).float().repeat_interleave(4, 2)
            mask = mask.repeat_interleave(4, 3)
            error = network(mask.expand(-1, 3, -1, -1)).depth - (1.0 + mask)
            optimiser.zero_grad()
            error.abs().mean().backward()
            optimiser.step()
    assert error.abs().mean() < 0.15


@pytest.mark.parametrize(
    'options', [{'width': 0}, {'blocks': 0}, {'stem': 0}, {'dilations': ()}, {'dilations': (0,)}]
)
def test_impossible_options_are_refused(options):
    with pytest.raises(ValueError, match='at least 1'):
        DENet(**options)
