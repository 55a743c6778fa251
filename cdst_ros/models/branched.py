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
"""
Convolutions that train as several branches and run as one.

A 3x3 convolution, a 1x1 one and the identity add up to one 3x3 convolution: RepVGG (Ding et al.,
CVPR 2021) without its normalisation. The kernels are added before they are applied, so training
costs one convolution as well (as in OREPA, Hu et al., CVPR 2022).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class BranchedConv(nn.Module):
    """
    A 3x3 convolution of as many channels out as in, with a 1x1 branch and the identity.

    :param width: channels
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.point = nn.Conv2d(width, width, 1, bias=False)
        self.identity = nn.Parameter(torch.ones(width))
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity='relu')
        nn.init.kaiming_normal_(self.point.weight, nonlinearity='relu')
        with torch.no_grad():
            # three branches together are to have the variance of one
            self.conv.weight.mul_(0.5)
            self.point.weight.mul_(0.5)
            self.identity.mul_(0.5)

    def kernel(self) -> Tensor:
        """Return the one kernel (width, width, 3, 3) that does what the branches do."""
        middle = self.point.weight[:, :, 0, 0] + torch.diag(self.identity)
        return self.conv.weight + functional.pad(middle[:, :, None, None], [1, 1, 1, 1])

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, width, h, w) of the same size."""
        return functional.conv2d(x, self.kernel(), self.conv.bias, padding=1)

    @torch.no_grad()
    def fused(self) -> nn.Conv2d:
        """Return the plain convolution that does the same."""
        plain = nn.Conv2d(len(self.identity), len(self.identity), 3, padding=1)
        plain.weight.copy_(self.kernel())
        assert plain.bias is not None
        assert self.conv.bias is not None
        plain.bias.copy_(self.conv.bias)
        return plain


def fuse(network: nn.Module) -> nn.Module:
    """Replace every ``BranchedConv`` of a network by the plain one, in place; return it."""
    for name, part in network.named_children():
        if isinstance(part, BranchedConv):
            setattr(network, name, part.fused())
        else:
            fuse(part)
    return network
