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

from cdst_ros.models.heads import SelectingHead, SurfacesHead, nine_samples
from cdst_ros.models.local import LocalView

from .networks import NOISE, random_frame


def seen(*size, share=1.0):
    return LocalView(3, NOISE)(*random_frame(*size, share=share))


def decided(head, layer, value):
    """Return a head that gives the same for all features."""
    torch.nn.init.zeros_(getattr(head, layer).weight)
    with torch.no_grad():
        getattr(head, layer).bias.copy_(value)
    return head


def test_the_nine_samples_are_the_window_in_reading_order():
    depth = torch.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    local = LocalView(3, NOISE)(depth, torch.ones_like(depth))
    samples, there = nine_samples(local)
    away = samples[0, :, 1, 1] * local.unit[0, 0, 1, 1]
    assert away.tolist() == pytest.approx([-4, -3, -2, -1, 0, 1, 2, 3, 4], abs=1e-5)
    assert there[0, :, 1, 1].tolist() == [1] * 9


@pytest.mark.parametrize('scale', [2, 4, 8])
def test_a_selecting_head_takes_the_sample_that_it_decides_for(scale):
    local = seen(6, 7)
    head = SelectingHead(4, scale, 3)
    # all the way across and not down: the neighbour on the pixel's own side
    shares = torch.stack([torch.full((scale**2,), 60.0), torch.full((scale**2,), -60.0)])
    out = decided(head, 'shares', shares.flatten())(torch.zeros(1, 4, 6, 7), local)
    blocks = out.view(1, scale, scale, 6, 7)
    samples, _ = nine_samples(local)
    for x in range(scale):
        neighbour = samples[:, 3] if x < scale // 2 else samples[:, 5]
        assert torch.allclose(
            blocks[:, :, x], neighbour[:, None].expand(1, scale, 6, 7), atol=0.01
        )


def test_a_selecting_head_never_leaves_the_measured_samples():
    local = seen(12, 14, share=0.6)
    samples, there = nine_samples(local)
    far = torch.full_like(samples, 1e6)
    lowest = torch.where(there > 0, samples, far).min(1, keepdim=True).values
    highest = torch.where(there > 0, samples, -far).max(1, keepdim=True).values
    torch.manual_seed(0)
    head = SelectingHead(4, 4, 3)
    torch.nn.init.normal_(head.shares.weight, std=3.0)
    out = head(torch.randn(1, 4, 12, 14), local)
    measured = local.valid.expand_as(out) > 0
    assert (out >= lowest - 1e-4)[measured].all()
    assert (out <= highest + 1e-4)[measured].all()


def test_a_surfaces_head_runs_a_plane_to_the_end_of_its_pixel():
    rows, columns = torch.meshgrid(torch.arange(6.0), torch.arange(8.0), indexing='ij')
    depth = (2.0 + 0.1 * rows + 0.2 * columns)[None, None]
    local = LocalView(3, NOISE)(depth, torch.ones_like(depth))
    head = SurfacesHead(4, 4, 3)
    for layer in (head.weights, head.slopes, head.shares):
        torch.nn.init.zeros_(layer.weight)
    head.weights.bias.data.view(9, 3)[4] = 40.0
    out = head(torch.zeros(1, 4, 6, 8), local) * local.unit + local.centre
    value = torch.nn.functional.pixel_shuffle(out, 4)[0, 0]
    rows, columns = (
        (grid + 0.5) / 4 - 0.5
        for grid in torch.meshgrid(torch.arange(24.0), torch.arange(32.0), indexing='ij')
    )
    inside = (slice(4, -4), slice(4, -4))
    assert torch.allclose(value[inside], (2.0 + 0.1 * rows + 0.2 * columns)[inside], atol=1e-4)
