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
from torch.nn import functional

from cdst_ros.models.lite import LiteSR

from .networks import NOISE, VARIANTS, random_frame, random_network


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


@pytest.mark.parametrize('scale', [2, 3, 4])
@pytest.mark.parametrize('window', [3, 5])
def test_it_starts_as_half_pixel_bilinear(scale, window):
    depth, valid = random_frame(9, 12)
    depth_hr = LiteSR(scale, window=window, noise=NOISE)(depth, valid)[0]
    wanted = functional.interpolate(
        depth, scale_factor=scale, mode='bilinear', align_corners=False
    )
    assert torch.allclose(depth_hr, wanted, atol=1e-5)


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
    # 1 of the window, 1 of the context, 1 of each convolution, and the pixel itself.
    reach = 4 * (3 + 2 + 2 * variant.get('blocks', 0))
    for ours, theirs in zip(network(depth, valid), network(spoilt, valid), strict=True):
        assert torch.equal(ours[..., reach:, :], theirs[..., reach:, :])
        assert torch.equal(ours[..., :, reach:], theirs[..., :, reach:])
        if ours.unique().numel() > 2:
            assert not torch.equal(ours, theirs)


def test_half_precision_training_keeps_millimetres():
    depth, valid = random_frame(12, 12, share=0.9)
    depth = depth + 8.0
    network = LiteSR(4, noise=NOISE)
    exact = network(depth, valid)
    with torch.autocast('cpu', torch.bfloat16):
        rough = network(depth, valid)
    # bfloat16 knows 9.00 and 9.06 m.
    assert (exact[0] - rough[0]).abs().max() < 1e-3
    assert torch.equal(exact[2], rough[2])


def test_a_flat_frame_stays_flat_at_first():
    depth = torch.full((1, 1, 8, 8), 2.5)
    depth_hr, sigma_hr, valid_hr = LiteSR(4, noise=(0.0, 0.0, 0.0))(depth, torch.ones(1, 1, 8, 8))
    assert torch.equal(depth_hr, torch.full((1, 1, 32, 32), 2.5))
    assert torch.isfinite(sigma_hr).all()
    assert valid_hr.min() == 1


def test_one_valid_pixel_is_enlarged_alone():
    depth = torch.full((1, 1, 9, 9), 1e4)
    valid = torch.zeros(1, 1, 9, 9)
    depth[..., 4, 4], valid[..., 4, 4] = 1.5, 1.0
    depth_hr, _, valid_hr = LiteSR(4, noise=NOISE)(depth, valid)
    rows, columns = torch.nonzero(valid_hr[0, 0], as_tuple=True)
    assert len(rows) > 0
    assert (rows // 4 == 4).all()
    assert (columns // 4 == 4).all()
    assert torch.allclose(depth_hr[0, 0, rows, columns], torch.tensor(1.5))


def test_no_frame_at_all_is_nowhere_valid(variant):
    outputs = random_network(**variant)(torch.full((1, 1, 6, 6), 3.0), torch.zeros(1, 1, 6, 6))
    assert outputs[2].max() == 0
    assert all(torch.isfinite(output).all() for output in outputs)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'scale': 0}, 'at least 1'),
        ({'scale': 2, 'width': 0}, 'at least 1'),
        ({'scale': 2, 'depth': 0}, 'at least 1'),
        ({'scale': 2, 'head': 'none'}, 'there are: residual'),
        ({'scale': 2, 'domain': 'log'}, 'depth or inverse_depth'),
        ({'scale': 3, 'head': 'selecting'}, 'even scale'),
        ({'scale': 2, 'head': 'surfaces', 'window': 5}, 'window must be 3'),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        LiteSR(**options)


def test_a_plane_in_perspective_stays_one_in_inverse_depth():
    rows, columns = torch.meshgrid(torch.arange(12.0), torch.arange(10.0), indexing='ij')
    depth = 1.0 / (0.2 + 0.03 * rows + 0.01 * columns)[None, None]
    network = LiteSR(4, noise=(0.0, 0.0, 0.0), domain='inverse_depth')
    depth_hr = network(depth, torch.ones_like(depth))[0]
    rows, columns = (
        (grid + 0.5) / 4 - 0.5
        for grid in torch.meshgrid(torch.arange(48.0), torch.arange(40.0), indexing='ij')
    )
    wanted = 1.0 / (0.2 + 0.03 * rows + 0.01 * columns)
    inside = slice(4, -4)
    assert torch.allclose(depth_hr[0, 0, inside, inside], wanted[inside, inside], rtol=1e-5)
