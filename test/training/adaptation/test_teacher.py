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

from cdst_ros.training.adaptation.teacher import Teacher, in_own_units
from cdst_ros.training.transfer.units import CropUnits


def picture(seed=0):
    return 0.2 + 0.5 * torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(seed))


def test_a_darker_picture_of_less_contrast_looks_the_same():
    rgb = picture()
    torch.testing.assert_close(
        in_own_units(rgb), in_own_units(0.05 + 0.9 * rgb), atol=0.03, rtol=0
    )
    units = in_own_units(rgb)
    torch.testing.assert_close(units.mean((1, 2, 3)), torch.zeros(2), atol=1e-5, rtol=0)
    assert (units.std((1, 2, 3)) > 0.8).all()


def test_what_is_not_seen_says_nothing_of_what_is():
    rgb = picture()
    rgb[..., :3] = 0.0
    units = in_own_units(rgb)
    assert not units[..., :3].any()
    torch.testing.assert_close(units[..., 3:], in_own_units(rgb[..., 3:]))
    assert torch.isfinite(in_own_units(torch.zeros(1, 3, 4, 4))).all()


def test_a_prompted_teacher_begins_at_what_it_is_shown():
    units = CropUnits(torch.full((2, 1, 1, 1), 2.0), torch.full((2, 1, 1, 1), 0.5))
    prompt = 2 + torch.rand(2, 1, 8, 8)
    found = Teacher(True, width=8, blocks=1)(picture(), units, prompt)
    torch.testing.assert_close(found.depth, prompt, atol=0.02, rtol=0)
    found = Teacher(False, width=8, blocks=1)(picture(), units, prompt)
    torch.testing.assert_close(found.depth, units.mean.expand_as(prompt), atol=0.02, rtol=0)
    assert (found.doubt > 0).all()
