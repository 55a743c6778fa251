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
"""What holds for every network."""

import pytest
import torch
from torch.nn import functional

from .networks import NOISE, VARIANTS, new_network, random_frame, random_network, reach


@pytest.fixture(params=VARIANTS)
def variant(request):
    return VARIANTS[request.param]


@pytest.mark.parametrize('scale', [2, 4, 8])
@pytest.mark.parametrize('size', [(1, 1), (1, 7), (5, 3), (17, 24)])
def test_outputs_are_scale_times_as_large_and_finite(scale, size, variant):
    network = random_network(scale, **variant)
    outputs = network(*random_frame(*size, share=0.7))
    for output in outputs:
        assert output.shape == (1, 1, scale * size[0], scale * size[1])
        assert torch.isfinite(output).all()
    assert (outputs[1] > 0).all()
    assert set(outputs[2].unique().tolist()) <= {0.0, 1.0}


@pytest.mark.parametrize('scale', [2, 4])
@pytest.mark.parametrize(
    # A selecting head leaves every sample a little weight.
    ('name', 'tolerance'),
    [('residual', 1e-5), ('dbpn', 1e-5), ('selecting', 0.01), ('dbpn, selecting', 0.01)],
)
def test_it_starts_as_half_pixel_bilinear(scale, name, tolerance):
    depth, valid = random_frame(9, 12)
    depth_hr = new_network(scale, **VARIANTS[name])(depth, valid)[0]
    wanted = functional.interpolate(
        depth, scale_factor=scale, mode='bilinear', align_corners=False
    )
    assert torch.allclose(depth_hr, wanted, atol=tolerance)


@pytest.mark.parametrize('factor', [0.01, 0.3, 7.0])
def test_it_is_equivariant_to_the_scale_of_depth_and_noise_together(factor, variant):
    depth, valid = (image.double() for image in random_frame(11, 14, share=0.9))
    constant, linear, quadratic = NOISE
    noise = (constant * factor, linear, quadratic / factor)
    rescaled = random_network(noise=noise, **variant).double()
    depth_a, sigma_a, valid_a = random_network(**variant).double()(depth, valid)
    depth_b, sigma_b, valid_b = rescaled(depth * factor, valid)
    # Only the last nanometre of a unit does not scale.
    assert torch.allclose(depth_b, factor * depth_a, rtol=1e-4, atol=0)
    assert torch.allclose(sigma_b, factor * sigma_a, rtol=1e-4, atol=0)
    assert torch.equal(valid_a, valid_b)


def test_depth_where_unknown_does_not_matter(variant):
    depth, valid = random_frame(13, 15, share=0.6)
    network = random_network(**variant)
    for junk in (0.0, -5.0, 1e6):
        other = torch.where(valid > 0.5, depth, torch.full_like(depth, junk))
        for ours, theirs in zip(network(depth, valid), network(other, valid), strict=True):
            assert torch.equal(ours, theirs)


def test_an_outlier_changes_nothing_outside_the_receptive_field(variant):
    depth, valid = random_frame(32, 32)
    network = random_network(**variant)
    spoilt = depth.clone()
    spoilt[..., 0, 0] = 50.0
    first = 4 * (1 + reach(**variant))
    for ours, theirs in zip(network(depth, valid), network(spoilt, valid), strict=True):
        assert torch.equal(ours[..., first:, :], theirs[..., first:, :])
        assert torch.equal(ours[..., :, first:], theirs[..., :, first:])
        if ours.unique().numel() > 2:
            assert not torch.equal(ours, theirs)


@pytest.mark.parametrize('name', ['residual', 'dbpn'])
def test_half_precision_training_keeps_millimetres(name):
    depth, valid = random_frame(12, 12, share=0.9)
    depth = depth + 8.0
    network = new_network(**VARIANTS[name])
    exact = network(depth, valid)
    with torch.autocast('cpu', torch.bfloat16):
        rough = network(depth, valid)
    # bfloat16 knows 9.00 and 9.06 m.
    assert (exact[0] - rough[0]).abs().max() < 1e-3
    assert torch.equal(exact[2], rough[2])


@pytest.mark.parametrize('name', ['residual', 'dbpn'])
def test_a_flat_frame_stays_flat_at_first(name):
    depth = torch.full((1, 1, 8, 8), 2.5)
    network = new_network(noise=(0.0, 0.0, 0.0), **VARIANTS[name])
    depth_hr, sigma_hr, valid_hr = network(depth, torch.ones(1, 1, 8, 8))
    assert torch.equal(depth_hr, torch.full((1, 1, 32, 32), 2.5))
    assert torch.isfinite(sigma_hr).all()
    assert valid_hr.min() == 1


@pytest.mark.parametrize('name', ['residual', 'dbpn', 'dbpn, selecting'])
def test_one_valid_pixel_is_enlarged_alone(name):
    depth = torch.full((1, 1, 9, 9), 1e4)
    valid = torch.zeros(1, 1, 9, 9)
    depth[..., 4, 4], valid[..., 4, 4] = 1.5, 1.0
    depth_hr, _, valid_hr = new_network(**VARIANTS[name])(depth, valid)
    rows, columns = torch.nonzero(valid_hr[0, 0], as_tuple=True)
    assert len(rows) > 0
    assert (rows // 4 == 4).all()
    assert (columns // 4 == 4).all()
    assert torch.allclose(depth_hr[0, 0, rows, columns], torch.tensor(1.5))


def test_no_frame_at_all_is_nowhere_valid(variant):
    outputs = random_network(**variant)(torch.full((1, 1, 6, 6), 3.0), torch.zeros(1, 1, 6, 6))
    assert outputs[2].max() == 0
    assert all(torch.isfinite(output).all() for output in outputs)


@pytest.mark.parametrize('mirror', [(2,), (3,), (2, 3)])
def test_holes_and_outliers_never_make_a_number_that_is_none(variant, mirror):
    depth, valid = random_frame(12, 12, share=0.5)
    depth[..., 3, 4] = 1e4
    depth[..., 8, 8] = 1e-3
    for output in random_network(**variant)(depth.flip(mirror), valid.flip(mirror)):
        assert torch.isfinite(output).all()
