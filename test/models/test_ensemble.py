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

from cdst_ros.models.ensemble import SelfEnsemble

from .networks import random_frame, random_network


def turned(image, quarter, mirrored):
    image = image.rot90(quarter, (2, 3))
    return image.transpose(2, 3) if mirrored else image


def back(image, quarter, mirrored):
    image = image.transpose(2, 3) if mirrored else image
    return image.rot90(-quarter, (2, 3))


@pytest.mark.parametrize('share', [1.0, 0.7])
def test_it_is_the_mean_over_the_eight_orientations(share):
    network = random_network(scale=2, network='lite', width=8, depth=1, head='selecting')
    depth, valid = random_frame(5, 7, share)
    found = SelfEnsemble(network)(depth, valid)
    orientations = [(quarter, mirrored) for quarter in range(4) for mirrored in (False, True)]
    seen = [network(turned(depth, *o), turned(valid, *o)) for o in orientations]
    alone = network(depth, valid)
    for index in range(2):
        wanted = torch.stack([back(s[index], *o) for s, o in zip(seen, orientations, strict=True)])
        assert torch.allclose(found[index], wanted.mean(0), atol=1e-5)
        assert not torch.allclose(found[index], alone[index], atol=1e-3)
    assert torch.equal(found[2], alone[2])


def test_it_turns_as_the_image_turns():
    network = SelfEnsemble(random_network(scale=2, network='lite', width=8, depth=1))
    depth, valid = random_frame(6, 4, 0.8)
    there = [image.transpose(2, 3).flip(2) for image in network(depth, valid)]
    again = network(depth.transpose(2, 3).flip(2), valid.transpose(2, 3).flip(2))
    for one, other in zip(there, again, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_colour_turns_with_depth():
    seen = []

    def network(depth, valid, rgb):
        seen.append(torch.equal(rgb[:, :1, ::2, ::2], depth))
        return depth, valid, valid

    depth, valid = random_frame(4, 3)
    rgb = depth.repeat_interleave(2, 2).repeat_interleave(2, 3).expand(-1, 3, -1, -1)
    assert torch.allclose(SelfEnsemble(network)(depth, valid, rgb)[0], depth)
    assert seen == [True] * 8
