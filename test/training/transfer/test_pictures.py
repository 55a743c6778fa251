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

from cdst_ros.training.transfer.pictures import joint_picture

from ..pictured import random_batch


def test_it_shows_colour_lr_both_networks_truth_and_structure_in_this_order():
    batch = random_batch(2)
    sr, de = (torch.full_like(batch.truth, value) for value in (1.25, 1.75))
    logits = torch.full_like(batch.truth, 2.0)
    picture = joint_picture(batch, sr, de, logits, rows=1)
    assert picture.shape == (3, 24, 6 * 24)
    color, low, ours, theirs, truth, structure = picture.split(24, 2)
    near, far = batch.truth[0].min().item(), batch.truth[0].max().item()

    def shade(depth):
        return (far - depth) / (far - near)

    assert torch.allclose(color, batch.rgb[0])
    assert torch.allclose(low[:, ::2, ::2], shade(batch.depth[0]).expand(3, -1, -1), atol=1e-5)
    assert ours.unique().tolist() == pytest.approx([shade(1.25)], abs=1e-5)
    assert theirs.unique().tolist() == pytest.approx([shade(1.75)], abs=1e-5)
    assert torch.allclose(truth, shade(batch.truth[0]).expand(3, -1, -1), atol=1e-5)
    assert structure.unique().tolist() == pytest.approx([torch.tensor(2.0).sigmoid().item()])
    assert joint_picture(batch, sr, de, None, rows=2).shape == (3, 2 * 24, 5 * 24)
