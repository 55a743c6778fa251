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
import torch
from torch.nn import functional

from cdst_ros.training.mismatched.enlargement import as_truth


def test_without_holes_it_is_bicubic_everywhere():
    depth = torch.rand(1, 1, 6, 5, generator=torch.Generator().manual_seed(0))
    large, known = as_truth(depth, torch.ones_like(depth), 4)
    assert torch.equal(large, functional.interpolate(depth, scale_factor=4, mode='bicubic'))
    assert known.shape == large.shape
    assert known.min() == 1


def test_no_known_pixel_was_made_of_unknown_ones():
    depth = torch.rand(1, 1, 9, 9, generator=torch.Generator().manual_seed(0))
    valid = torch.ones_like(depth)
    valid[..., 4, 4] = 0
    plain, known = as_truth(depth, valid, 4)
    for nonsense in (torch.nan, 1e30):
        other, same = as_truth(torch.where(valid > 0.5, depth, nonsense), valid, 4)
        assert torch.equal(known, same)
        assert torch.equal(plain, other)
    whole, _ = as_truth(depth, torch.ones_like(depth), 4)
    assert 0 < known.mean() < 1
    assert torch.equal(plain[known > 0.5], whole[known > 0.5])
