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

from cdst_ros.training.adaptation.steps import around_edges, near_steps

SIGMA = 0.002


def found(depth, valid=None, scale=4, reach=2):
    depth = torch.as_tensor(depth, dtype=torch.float32)[None, None]
    valid = torch.ones_like(depth) if valid is None else torch.as_tensor(valid)[None, None]
    return near_steps(depth, valid, torch.full_like(depth, SIGMA), scale, reach)[0, 0]


def wall_and_box():
    depth = torch.full((8, 12), 3.0)
    depth[:, 6:] = 2.0
    return depth


@pytest.mark.parametrize('scale', [2, 4])
@pytest.mark.parametrize('reach', [1, 2, 3])
def test_pixels_within_reach_of_a_step_and_no_others(scale, reach):
    near = found(wall_and_box(), scale=scale, reach=reach)
    meets = 6 * scale
    columns = torch.arange(12 * scale)
    distance = torch.where(columns < meets, meets - columns, columns - meets + 1)
    assert torch.equal(near, (distance <= reach).float().expand_as(near))


def test_steps_down_are_found_as_those_across_are():
    across = found(wall_and_box())
    assert torch.equal(found(wall_and_box().T), across.T)


def test_flat_walls_slopes_and_noise_have_no_step():
    rows, columns = torch.meshgrid(torch.arange(10.0), torch.arange(12.0), indexing='ij')
    assert not found(torch.full((10, 12), 2.0)).any()
    steep = 1.0 / (0.5 - 0.03 * columns)  # a grazing wall: planes are linear in 1/z
    assert not found(steep).any()
    noise = torch.randn(10, 12, generator=torch.Generator().manual_seed(0))
    assert not found(0.05 + 2 * SIGMA * noise / 4).any()
    assert found(torch.where(rows < 5, steep, 0.6 * steep)).any()


def test_what_was_not_measured_makes_no_step():
    depth, valid = wall_and_box(), torch.ones(8, 12)
    depth[3, 3], valid[3, 3] = 0.0, 0.0
    depth[5, 9], valid[5, 9] = torch.nan, 0.0
    assert torch.equal(found(depth, valid), found(wall_and_box()))
    # Two pixels with nothing measured beside them may be of one steep surface.
    lonely = torch.zeros(8, 12)
    lonely[:, 5:7] = 1.0
    assert not found(wall_and_box(), lonely).any()


def edge_at(column):
    """Return depth (1, 1, 8, 24) of the teacher that falls by its range between two columns."""
    depth = torch.full((1, 1, 8, 24), 3.0)
    depth[..., column:] = 2.0
    return depth


def heard(depth, near, mask=None, reach=2):
    ones = torch.ones_like(depth)
    around = around_edges(depth, ones if mask is None else mask, ones, near, reach)
    return [n for n, value in enumerate(around[0, 0, 0].tolist()) if value]


def test_an_edge_is_sharp_that_takes_half_of_the_range_at_once():
    depth = edge_at(8)
    everywhere = torch.ones_like(depth)
    assert heard(depth, everywhere) == [6, 7, 8, 9]
    slow = torch.linspace(3.0, 2.0, 24).expand(1, 1, 8, 24)
    assert not heard(slow, everywhere)
    mask = torch.ones_like(depth)
    mask[..., 8:] = 0
    assert not heard(depth, everywhere, mask)


@pytest.mark.parametrize('reach', [1, 2, 3])
def test_an_edge_is_heard_as_far_from_a_step_as_reach_and_no_farther(reach):
    """Measured depth steps between output columns 11 and 12."""
    step = torch.full((1, 1, 2, 6), 3.0)
    step[..., 3:] = 2.0
    sigma = torch.full_like(step, SIGMA)
    near = near_steps(step, torch.ones_like(step), sigma, 4, reach)
    for away in range(6):
        for column in (12 - away, 12 + away):
            # The pixels on both sides of an edge lie within 1 of it.
            found = heard(edge_at(column), near, reach=reach)
            assert bool(found) is (away <= reach), (away, column)
    aligned = heard(edge_at(12), near, reach=reach)
    assert aligned == list(range(12 - reach, 12 + reach))
