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
import itertools

import pytest
import torch
from torch.nn import functional

from cdst_ros.models.dbpn import SAMPLINGS, DownUnit, UpUnit, interpolation
from cdst_ros.models.registry import build

from .networks import random_frame

NO_NOISE = (0.0, 0.0, 0.0)


@pytest.fixture(params=SAMPLINGS)
def scale(request):
    return request.param


def test_units_enlarge_and_reduce_by_the_scale(scale):
    low, high = torch.randn(1, 3, 5, 4), torch.randn(1, 3, 5 * scale, 4 * scale)
    assert UpUnit(3, SAMPLINGS[scale])(low).shape == high.shape
    assert DownUnit(3, SAMPLINGS[scale])(high).shape == low.shape


def test_an_up_unit_adds_what_the_way_back_lost():
    torch.manual_seed(0)
    unit = UpUnit(3, SAMPLINGS[4])
    low = torch.randn(1, 3, 5, 4)
    high = unit.enlarge(low)
    wanted = high + unit.correct(unit.project(high) - low)
    assert torch.equal(unit(low), wanted)


def test_a_down_unit_adds_what_the_way_back_lost():
    torch.manual_seed(0)
    unit = DownUnit(3, SAMPLINGS[4])
    high = torch.randn(1, 3, 20, 16)
    low = unit.reduce(high)
    wanted = low + unit.correct(unit.project(low) - high)
    assert torch.equal(unit(high), wanted)


def test_samplings_are_those_published():
    assert [tuple(sampling) for sampling in SAMPLINGS.values()] == [
        (6, 2, 2),
        (8, 4, 2),
        (12, 8, 2),
        (20, 16, 2),
    ]


@pytest.mark.parametrize(('scale', 'millions'), [(4, 10.4), (8, 23.2)])
def test_at_full_size_it_has_as_many_weights_as_published(scale, millions):
    with torch.device('meta'):
        network = build('dbpn', scale, NO_NOISE)
    count = sum(weights.numel() for weights in network.parameters())
    assert count / 1e6 == pytest.approx(millions, rel=0.005)


def test_the_first_kernel_covers_every_output_pixel_once(scale):
    sampling = SAMPLINGS[scale]
    flat = functional.conv_transpose2d(
        torch.ones(1, 1, 6, 6),
        interpolation(sampling)[None, None],
        stride=sampling.stride,
        padding=sampling.padding,
    )
    inside = flat[..., scale:-scale, scale:-scale]
    assert torch.allclose(inside, torch.ones_like(inside), atol=1e-6)


@pytest.mark.parametrize('slope', [0.0, 0.05])
def test_it_begins_without_checkerboards(scale, slope):
    torch.manual_seed(0)
    network = build('dbpn', scale, NO_NOISE, width=4, features=8, blocks=2)
    rows, columns = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing='ij')
    depth = (3.0 + slope * rows + 0.5 * slope * columns)[None, None]
    border = 10 * scale
    for block in network.features(depth, torch.ones_like(depth)).blocks:
        inside = block[..., border:-border, border:-border]
        # What every s-th pixel has in common, row phase by column phase.
        phases = torch.stack(
            [
                inside[..., row::scale, column::scale].mean((2, 3))
                for row, column in itertools.product(range(scale), repeat=2)
            ]
        )
        assert inside.abs().max() > 1e-3
        assert (phases.amax(0) - phases.amin(0)).max() < 1e-3 * inside.abs().max()


@pytest.mark.parametrize('dense', [True, False])
def test_dense_blocks_see_all_blocks_before_them(dense):
    torch.manual_seed(0)
    shape = {'width': 3, 'features': 4, 'blocks': 3}
    frame = random_frame(6, 6)
    network = build('dbpn', 2, NO_NOISE, dense=dense, **shape)
    seen = []
    network.downs[1].register_forward_hook(lambda _unit, given, _out: seen.append(given[0]))
    blocks = network.features(*frame).blocks
    assert torch.equal(seen[0], torch.cat(blocks[:2] if dense else blocks[1:2], 1))


@pytest.mark.parametrize(
    ('scale', 'options', 'message'),
    [
        (3, {}, 'no scale 3; there are: 2, 4, 8, 16'),
        (4, {'blocks': 0}, 'blocks must be at least 1'),
        (4, {'width': 0}, 'at least 1'),
        (4, {'features': 0}, 'at least 1'),
        (4, {'head': 'surfaces'}, 'there are: residual, selecting'),
        (4, {'domain': 'log'}, 'depth or inverse_depth'),
    ],
)
def test_impossible_options_are_refused(scale, options, message):
    with pytest.raises(ValueError, match=message):
        build('dbpn', scale, NO_NOISE, **options)
