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
"""Depth from depth: a network whose features are those of structure, as it sees nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from cdst_ros.models.blocks import ResidualTrunk, kaiming
from cdst_ros.models.side import SideHead


class ReconstructionNet(ResidualTrunk):
    """
    Reconstruct a depth map that it is given; what is wanted are its features on the way.

    Paper B (arXiv 2109.11573) has such a network from depth to depth, and lets its features teach
    those of depth estimation. What it looks like is our choice: residual blocks as in ``DENet``,
    so that equally deep blocks of both see as much.

    :param width: channels
    :param blocks: residual blocks of two 3x3 convolutions
    :param stem: pixels across and down that become one
    :param dilations: of the blocks' convolutions, in turn, over and over
    """

    def __init__(
        self, width: int = 64, blocks: int = 8, stem: int = 1, dilations: Sequence[int] = (1,)
    ) -> None:
        super().__init__(2, width, blocks, stem, dilations)
        self.depth = SideHead(width, stem)
        kaiming(self.first)

    def forward(self, depth: Tensor, valid: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """
        Reconstruct a batch of any size.

        :param depth: (N, 1, H, W), around 0 and about 1 large; does not matter where not ``valid``
        :param valid: (N, 1, H, W), 0 or 1
        :return: depth of that size, and the features of each block (N, width, H / stem, W / stem),
            rounded up
        """
        height, width = depth.shape[2:]
        known = torch.where(valid > 0.5, depth, torch.zeros_like(depth))
        blocks = self.run_blocks(torch.cat([known, valid], 1), mode='constant')
        return self.depth(blocks[-1])[..., :height, :width], blocks
