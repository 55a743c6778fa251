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

from .networks import NOISE, random_frame


@pytest.mark.parametrize('scale', [3, 4])
@pytest.mark.parametrize('window', [3, 5])
def test_it_starts_as_half_pixel_bilinear(scale, window):
    depth, valid = random_frame(9, 12)
    depth_hr = LiteSR(scale, window=window, noise=NOISE)(depth, valid)[0]
    wanted = functional.interpolate(
        depth, scale_factor=scale, mode='bilinear', align_corners=False
    )
    assert torch.allclose(depth_hr, wanted, atol=1e-5)


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


@pytest.mark.parametrize(
    ('options', 'shown'),
    [
        ({'depth': 1}, [0]),
        ({'depth': 3}, [0, 2]),
        ({'depth': 8}, [1, 3, 5, 7]),
    ],
)
def test_every_second_convolution_of_a_row_is_a_block(options, shown):
    network = LiteSR(2, width=4, noise=NOISE, **options)
    seen = []
    for layer in network.body:
        layer.register_forward_hook(lambda _layer, _in, out: seen.append(out))
    blocks = network.features(*random_frame(6, 7)).blocks
    assert len(blocks) == len(shown) == len(network.block_widths)
    # But for the last, which the first layer's output is added to.
    for block, index in list(zip(blocks, shown, strict=True))[:-1]:
        assert torch.equal(block, torch.relu(seen[index]))


def test_checkpoints_name_its_weights_as_they_ever_did():
    network = LiteSR(2, width=4, depth=1, blocks=1, branched=True, head='selecting')
    conv = ['identity', 'conv.weight', 'conv.bias', 'point.weight']
    assert list(network.state_dict()) == [
        *('differences.weight', 'differences.bias', 'context.weight'),
        *(f'body.0.{name}' for name in conv),
        *(f'blocks.0.{part}.{name}' for part in ('first', 'second') for name in conv),
        *('spread.weight', 'spread.bias', 'head.shares.weight', 'head.shares.bias'),
    ]
