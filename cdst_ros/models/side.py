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
"""Side outputs: what a block of a network knows of depth already."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from cdst_ros.models.blocks import silence


class SideHead(nn.Module):
    """
    A depth map from the features of one block.

    Paper A (arXiv 2103.12955) gives every block of both networks a side output. What it looks like
    is our choice: one 3x3 convolution and a pixel shuffle, which begin as zero, so that a base
    which the caller adds is what training starts from.

    :param width_in: channels of the features
    :param ratio: output pixels per feature pixel, each way
    """

    def __init__(self, width_in: int, ratio: int) -> None:
        super().__init__()
        if min(width_in, ratio) < 1:
            raise ValueError(f'width_in and ratio must be at least 1, got {width_in} and {ratio}')
        self.ratio = ratio
        self.depth = nn.Conv2d(width_in, ratio * ratio, 3, padding=1)
        silence(self.depth)

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, 1, ratio * h, ratio * w) from (N, width_in, h, w), in the caller's units."""
        return functional.pixel_shuffle(self.depth(features), self.ratio)
