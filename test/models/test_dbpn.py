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

from cdst_ros.models.dbpn import SAMPLINGS, DownUnit, UpUnit
from cdst_ros.models.registry import build

from .networks import NOISE, random_frame

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
    network = build('dbpn', scale, NO_NOISE)
    count = sum(weights.numel() for weights in network.parameters())
    assert count / 1e6 == pytest.approx(millions, rel=0.005)


def pattern(depth_hr, truth, scale):
    """Return how far errors differ between the output pixels of an input pixel [m]."""
    error = (depth_hr - truth)[0, 0, 6 * scale : -6 * scale, 6 * scale : -6 * scale]
    blocks = error.unfold(0, scale, scale).unfold(1, scale, scale)
    return float(blocks.mean((0, 1)).std())


def slanted(scale, down, across, size=20):
    """Return a plane seen at input and output size [m], with its slopes per input pixel [m]."""

    def image(grid):
        return (2.0 + down * grid[:, None] + across * grid)[None, None]

    fine = (torch.arange(size * scale) + 0.5) / scale - 0.5
    return image(torch.arange(float(size))), image(fine)


def test_planes_have_no_checkerboard_at_first(scale):
    torch.manual_seed(0)
    network = build('dbpn', scale, NOISE, width=4, features=8, blocks=2)
    for slopes in ((0.0, 0.0), (0.02, 0.03)):
        depth, truth = slanted(scale, *slopes)
        assert pattern(network(depth, torch.ones_like(depth))[0], truth, scale) < 1e-6


def test_a_checkerboard_of_random_weights_is_soon_trained_away():
    torch.manual_seed(0)
    network = build('dbpn', 8, NOISE, width=4, features=8, blocks=2)
    torch.nn.init.normal_(network.head.residual.conv.weight, std=1.0)
    optimiser = torch.optim.Adam(network.parameters(), 5e-3)
    depth, truth = slanted(8, 0.02, 0.03, size=16)
    valid = torch.ones_like(depth)
    before = pattern(network(depth, valid)[0], truth, 8)
    assert before > 1e-3
    with torch.enable_grad():
        for _ in range(25):
            seen, wanted = slanted(8, *(0.1 * torch.rand(2) - 0.05), size=8)
            optimiser.zero_grad()
            (network(seen, torch.ones_like(seen))[0] - wanted).abs().mean().backward()
            optimiser.step()
    assert pattern(network(depth, valid)[0], truth, 8) < 0.5 * before


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
