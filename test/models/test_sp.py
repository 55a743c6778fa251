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

from cdst_ros.models.de import DENet
from cdst_ros.models.sp import SPNet, UncertaintyFusion


def predict(network, uncertainty_sr, uncertainty_de, seed=0):
    generator = torch.Generator().manual_seed(seed)
    sr = torch.randn(1, 6, 4, 5, generator=generator)
    de = torch.randn(1, 3, 8, 10, generator=generator)
    full = torch.ones(1, 1, 16, 20)
    return network(sr, de, uncertainty_sr * full, uncertainty_de * full)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return SPNet(6, 4, 3, 2, width=5)


def test_everything_has_the_size_of_the_output(network):
    out = predict(network, 1.0, 1.0)
    assert out.logits.shape == out.weight.shape == (1, 1, 16, 20)
    assert out.fused.shape == (1, 5, 16, 20)


def test_equal_branches_have_half_the_weight_each():
    one = torch.rand(1, 1, 4, 4)
    assert torch.allclose(UncertaintyFusion()(one, one), torch.full_like(one, 0.5))


@pytest.mark.parametrize('log_power', [-1.0, 0.0, 2.0])
def test_a_branch_that_errs_has_no_weight_whatever_is_learned(log_power):
    fusion = UncertaintyFusion()
    torch.nn.init.constant_(fusion.log_power, log_power)
    errors = 10.0 ** torch.arange(-2, 9).float()
    weight = fusion(errors, torch.full_like(errors, 0.01))
    assert (weight.diff() <= 0).all()
    assert weight[-1] < 0.01
    assert fusion(torch.full_like(errors, 0.01), errors)[-1] > 0.99


def test_weights_do_not_depend_on_the_unit():
    fusion = UncertaintyFusion()
    sr, de = 0.1 + torch.rand(2, 1, 1, 4, 4)
    assert torch.allclose(fusion(sr, de), fusion(100 * sr, 100 * de), atol=1e-6)


@pytest.mark.parametrize('errs', ['sr', 'de'])
def test_the_features_of_a_branch_that_errs_do_not_matter(network, errs):
    doubts = (1e9, 0.01) if errs == 'sr' else (0.01, 1e9)
    before = predict(network, *doubts)
    torch.nn.init.normal_(getattr(network, f'from_{errs}').weight)
    after = predict(network, *doubts)
    assert torch.allclose(before.fused, after.fused, atol=1e-6)
    assert torch.allclose(before.logits, after.logits, atol=1e-6)
    torch.nn.init.normal_(getattr(network, f'from_{"de" if errs == "sr" else "sr"}').weight)
    assert not torch.allclose(after.fused, predict(network, *doubts).fused, atol=0.1)


def test_two_branches_that_are_certain_weigh_alike():
    nothing = torch.zeros(1, 1, 2, 2)
    assert torch.equal(UncertaintyFusion()(nothing, nothing), torch.full_like(nothing, 0.5))


def test_gradients_reach_the_networks_but_not_their_uncertainties(network):
    with torch.enable_grad():
        sr = torch.randn(1, 6, 4, 4, requires_grad=True)
        de = torch.randn(1, 3, 8, 8, requires_grad=True)
        doubts = torch.rand(2, 1, 1, 16, 16, requires_grad=True)
        network(sr, de, *doubts).logits.sum().backward()
    for name, weights in network.named_parameters():
        assert weights.grad is not None, name
        assert weights.grad.abs().sum() > 0, name
    for features in (sr, de):
        assert features.grad is not None
        assert features.grad.abs().sum() > 0
    assert doubts.grad is None


def test_it_learns_to_tell_edges():
    torch.manual_seed(0)
    network = SPNet(1, 1, 1, 1, width=8, blocks=1)
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    certain = torch.ones(4, 1, 12, 12)
    with torch.enable_grad():
        for _ in range(60):
            column = torch.arange(12)
            at = torch.randint(3, 9, (4, 1, 1, 1))
            image = (column >= at).float().expand(4, 1, 12, 12)
            label = ((column - at).abs() <= 1).float().expand(4, 1, 12, 12)
            logits = network(image, image, certain, certain).logits
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, label)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    assert ((logits > 0) == (label > 0.5)).float().mean() > 0.95


@pytest.mark.parametrize('options', [{'width': 0}, {'blocks': -1}])
def test_impossible_options_are_refused(options):
    with pytest.raises(ValueError, match='at least'):
        SPNet(6, 4, 3, 2, **options)


def test_it_trains_in_half_precision_beside_depth_estimation():
    torch.manual_seed(0)
    estimate, structure = DENet(6, 2, 2), SPNet(5, 4, 6, 2)
    doubt = torch.rand(1, 1, 16, 16)
    with torch.enable_grad(), torch.autocast('cpu', torch.bfloat16):
        out = estimate(torch.rand(1, 3, 16, 16))
        features = torch.randn(1, 5, 4, 4)
        logits = structure(features, out.blocks[-1], doubt, out.log_scale.exp()).logits
        logits.float().square().mean().backward()
    for block in estimate.blocks:
        for weights in block.parameters():
            assert torch.isfinite(weights.grad).all()
            assert weights.grad.abs().sum() > 0
