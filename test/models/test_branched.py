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

from cdst_ros.models.branched import BranchedConv, fuse
from cdst_ros.models.registry import build

from .networks import NOISE, random_frame


def test_its_branches_are_a_3x3_a_1x1_and_the_identity():
    torch.manual_seed(0)
    branched = BranchedConv(5)
    torch.nn.init.normal_(branched.conv.bias)
    x = torch.randn(2, 5, 7, 6)
    wanted = branched.conv(x) + branched.point(x) + branched.identity[:, None, None] * x
    assert torch.allclose(branched(x), wanted, atol=1e-5)


def test_fused_it_is_one_plain_convolution_that_does_the_same():
    torch.manual_seed(0)
    network = build('lite', 4, NOISE, width=8, depth=2, blocks=2, branched=True).eval()
    frame = random_frame(9, 11, share=0.9)
    before = network(*frame)
    fused = fuse(network)
    assert not any(isinstance(part, BranchedConv) for part in fused.modules())
    for ours, theirs in zip(fused(*frame), before, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_every_branch_learns():
    branched = BranchedConv(3)
    with torch.enable_grad():
        branched(torch.randn(1, 3, 5, 5)).square().sum().backward()
    for weights in branched.parameters():
        assert weights.grad is not None
        assert weights.grad.abs().sum() > 0
