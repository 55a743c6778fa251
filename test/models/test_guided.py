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

from cdst_ros.models.guided import GuidedSR
from cdst_ros.models.registry import build

from .networks import NOISE, random_frame

LITE = {'network': 'lite', 'width': 8, 'depth': 2, 'head': 'selecting'}
#: Kinds of branches of depth alone, and of foldings, that differ in more than their size.
VARIANTS = {
    'selecting': {'alone': LITE, 'fold': 4},
    'finer than the input': {'alone': LITE, 'fold': 2, 'dilations': [1, 2]},
    'inverse depth': {'alone': {**LITE, 'domain': 'inverse_depth'}, 'fold': 4},
    'hidden layer': {'alone': {**LITE, 'hidden': 12}, 'fold': 4},
    'dbpn': {
        'alone': {'network': 'dbpn', 'width': 4, 'features': 6, 'blocks': 2, 'head': 'selecting'},
        'fold': 2,
    },
}
#: Input pixels from a pixel of colour to the last that it changes, for two blocks at most.
REACH = 1 + 2 * 2 * 2 + 1


@pytest.fixture(params=VARIANTS)
def variant(request):
    return VARIANTS[request.param]


def random_guided(scale: int = 4, noise=NOISE, **options) -> GuidedSR:
    """A small network of which every part does something, as an untrained one's do not."""
    torch.manual_seed(0)
    network = build('guided', scale, noise, **{'width': 8, **options}).eval()
    for name, weights in network.named_parameters():
        if name.endswith('weight') and not weights.any():
            torch.nn.init.normal_(weights, std=0.3)
    return network


def random_color(height: int, width: int, share: float = 1.0, seed: int = 1):
    """Return colour (1, 3, height, width) of which ``share`` is known."""
    generator = torch.Generator().manual_seed(seed)
    rgb = torch.rand(1, 3, height, width, generator=generator) + 0.01
    return rgb.clamp(max=1.0) * (torch.rand(1, 1, height, width, generator=generator) < share)


@pytest.mark.parametrize('scale', [4, 8])
@pytest.mark.parametrize('size', [(1, 1), (5, 3), (17, 24)])
def test_outputs_are_scale_times_as_large_and_finite(scale, size, variant):
    network = random_guided(scale, **variant)
    rgb = random_color(scale * size[0], scale * size[1], share=0.7)
    outputs = network(*random_frame(*size, share=0.7), rgb)
    for output in outputs:
        assert output.shape == (1, 1, scale * size[0], scale * size[1])
        assert torch.isfinite(output).all()
    assert (outputs[1] > 0).all()
    assert set(outputs[2].unique().tolist()) <= {0.0, 1.0}


def test_without_any_colour_it_is_its_branch_of_depth_alone(variant):
    depth, valid = random_frame(13, 15, share=0.8)
    network = random_guided(**variant)
    with torch.no_grad():
        network.alone.gain.fill_(0.7)
        network.gain.fill_(1.3)
    wanted = network.alone(depth, valid)
    for ours, theirs in zip(network(depth, valid, torch.zeros(1, 3, 52, 60)), wanted, strict=True):
        assert torch.equal(ours, theirs)


def test_where_colour_is_unknown_it_is_so_to_the_last_bit_beside_colour_too(variant):
    depth, valid = random_frame(13, 15, share=0.8)
    network = random_guided(**variant)
    rgb = random_color(52, 60, share=0.5)
    rgb[..., 20:41, 13:30] = 0.0
    unknown = rgb.sum(1, keepdim=True) == 0
    outputs, wanted = network(depth, valid, rgb), network.alone(depth, valid)
    for ours, theirs in zip(outputs, wanted, strict=True):
        assert torch.equal(ours[unknown], theirs[unknown])
    # And colour does something where there is some, right up to where there is none.
    beside = torch.zeros_like(unknown)
    beside[..., 19, 13:30] = True
    for ours, theirs in zip(outputs[:2], wanted[:2], strict=True):
        assert (ours != theirs)[beside & ~unknown].float().mean() > 0.9


def test_one_channel_that_is_not_0_is_colour():
    depth, valid = random_frame(6, 6)
    network = random_guided(**VARIANTS['selecting'])
    wanted = network.alone(depth, valid)[0]
    for channel in range(3):
        rgb = torch.zeros(1, 3, 24, 24)
        rgb[:, channel, 8, 9] = 1 / 255
        differs = (network(depth, valid, rgb)[0] != wanted)[0, 0].nonzero().tolist()
        assert differs == [[8, 9]]


def test_holes_are_those_of_depth_alone_whatever_colour_shows(variant):
    depth, valid = random_frame(13, 15, share=0.6)
    network = random_guided(**variant)
    wanted = network.alone(depth, valid)[2]
    for share in (0.0, 0.5, 1.0):
        assert torch.equal(network(depth, valid, random_color(52, 60, share))[2], wanted)


@pytest.mark.parametrize('factor', [0.01, 0.3, 7.0])
def test_it_is_equivariant_to_the_scale_of_depth_and_noise_together(factor, variant):
    depth, valid = (image.double() for image in random_frame(11, 14, share=0.9))
    rgb = random_color(44, 56, share=0.8).double()
    constant, linear, quadratic = NOISE
    noise = (constant * factor, linear, quadratic / factor)
    depth_a, sigma_a, valid_a = random_guided(**variant).double()(depth, valid, rgb)
    depth_b, sigma_b, valid_b = random_guided(noise=noise, **variant).double()(
        depth * factor, valid, rgb
    )
    assert torch.allclose(depth_b, factor * depth_a, rtol=1e-4, atol=0)
    assert torch.allclose(sigma_b, factor * sigma_a, rtol=1e-4, atol=0)
    assert torch.equal(valid_a, valid_b)


def test_depth_where_unknown_does_not_matter(variant):
    depth, valid = random_frame(13, 15, share=0.6)
    rgb = random_color(52, 60, share=0.8)
    network = random_guided(**variant)
    for junk in (0.0, -5.0, 1e6):
        other = torch.where(valid > 0.5, depth, torch.full_like(depth, junk))
        outputs = network(depth, valid, rgb), network(other, valid, rgb)
        for ours, theirs in zip(*outputs, strict=True):
            assert torch.equal(ours, theirs)


def test_colour_that_is_no_number_is_unknown(variant):
    depth, valid = random_frame(9, 9)
    network = random_guided(**variant)
    rgb = random_color(36, 36)
    spoilt, cleared = rgb.clone(), rgb.clone()
    spoilt[:, 1, 10:14, 10:14] = float('nan')
    cleared[..., 10:14, 10:14] = 0.0
    outputs = network(depth, valid, spoilt), network(depth, valid, cleared)
    for ours, theirs in zip(*outputs, strict=True):
        assert torch.equal(ours, theirs)


def test_neither_depth_nor_colour_changes_anything_far_away(variant):
    if variant['alone']['network'] != 'lite':
        pytest.skip('the reach is that of lite')
    depth, valid = random_frame(32, 32)
    rgb = random_color(128, 128)
    network = random_guided(**variant)
    before = network(depth, valid, rgb)
    painted = rgb.clone()
    painted[..., :4, :4] = 0.0
    first = 4 * (1 + REACH)
    for ours, theirs in zip(before[:2], network(depth, valid, painted)[:2], strict=True):
        assert torch.equal(ours[..., first:, :], theirs[..., first:, :])
        assert torch.equal(ours[..., :, first:], theirs[..., :, first:])
        assert not torch.equal(ours, theirs)
    spoilt = depth.clone()
    spoilt[..., 0, 0] = 50.0
    # What depth alone sees of depth, and behind it what colour's branch makes of that.
    first = 4 * (1 + 4 + REACH)
    for ours, theirs in zip(before[:2], network(spoilt, valid, rgb)[:2], strict=True):
        assert torch.equal(ours[..., first:, :], theirs[..., first:, :])
        assert torch.equal(ours[..., :, first:], theirs[..., :, first:])
        assert not torch.equal(ours, theirs)


def test_it_trusts_the_branch_that_is_less_in_doubt():
    depth, valid = random_frame(8, 8)
    rgb = random_color(32, 32)
    network = random_guided(**VARIANTS['selecting'])
    with torch.no_grad():
        # The doubt that colour adds, of each of the 16 output pixels of an input pixel.
        network.estimation.correction.conv.weight[5 * 16 :].zero_()
        for doubt, nearer in ((-12.0, 'estimate'), (12.0, 'alone')):
            network.estimation.correction.bias[5 * 16 : 6 * 16] = doubt
            found = network.branches(depth, valid, rgb)
            other = found.alone if nearer == 'estimate' else found.estimate
            to_it = (found.fused.depth - getattr(found, nearer).depth).abs().mean()
            to_other = (found.fused.depth - other.depth).abs().mean()
            assert to_it < 0.15 * to_other


def test_no_gradient_of_the_output_reaches_the_branch_of_depth_alone():
    depth, valid = random_frame(8, 8)
    network = random_guided(**VARIANTS['selecting'])
    with torch.enable_grad():
        found = network.branches(depth, valid, random_color(32, 32, share=0.5))
        sum(each.sum() for each in (*found.fused, *found.estimate)).backward()
        assert all(weights.grad is None for weights in network.alone.parameters())
        assert all(weights.grad is not None for weights in network.estimation.parameters())
        assert network.fusion.log_power.grad is not None


def test_half_precision_training_keeps_millimetres():
    depth, valid = random_frame(12, 12, share=0.9)
    depth = depth + 8.0
    torch.manual_seed(0)
    network = build('guided', 4, NOISE, width=8, alone=LITE).eval()
    rgb = random_color(48, 48)
    exact = network(depth, valid, rgb)
    with torch.autocast('cpu', torch.bfloat16):
        rough = network(depth, valid, rgb)
    assert (exact[0] - rough[0]).abs().max() < 1e-3
    assert torch.equal(exact[2], rough[2])


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'fold': 3}, 'multiple of fold'),
        ({'blocks': 0}, 'at least 1'),
        ({'dilations': []}, 'at least 1'),
        ({'alone': {'network': 'guided'}}, 'alone is a network of depth alone'),
        ({'alone': {'head': 'residual'}}, 'needs head: selecting, got ResidualHead'),
        ({'alone': {'colour': True}}, "'lite' does not take"),
        ({'colour': True}, "'guided' does not take"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        build('guided', 4, NOISE, **options)
