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
"""The networks that exist only while training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cdst_ros.models.de import DENet
from cdst_ros.models.features import FeatureNetwork
from cdst_ros.models.side import SideHead
from cdst_ros.models.sp import SPNet
from cdst_ros.training.transfer.config import TransferConfig


class Auxiliary(nn.Module):
    """
    Depth estimation, side outputs of both networks, structure prediction.

    Only what a loss asks for is built. Where the networks have different numbers of blocks, those
    that lie equally deep are pairs.

    :param network: for super-resolution
    :param config: of the transfer
    :param seed: of the initial weights; the random numbers of others are left as they are
    """

    def __init__(self, network: FeatureNetwork, config: TransferConfig, seed: int) -> None:
        super().__init__()
        weights = config.weights
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.estimation = DENet(channels=4 if config.prompted else 3, **config.estimation)
            self.pairs = block_pairs(len(network.block_widths), len(self.estimation.block_widths))
            sr, de = zip(*self.pairs, strict=True)
            sides = weights.side > 0 or weights.output > 0
            self.sides_sr = _sides(network, sr if sides else ())
            self.sides_de = _sides(self.estimation, de if sides else ())
            self.structure = (
                SPNet(
                    network.block_widths[-1],
                    network.block_ratios[-1],
                    self.estimation.block_widths[-1],
                    self.estimation.block_ratios[-1],
                    **config.structure,
                )
                if weights.structure > 0
                else None
            )

    def side_outputs(
        self, blocks_sr: tuple[Tensor, ...], blocks_de: tuple[Tensor, ...]
    ) -> list[tuple[Tensor, Tensor]]:
        """Return the side outputs of each pair of blocks, (N, 1, H, W) in their own units."""
        if not len(self.sides_sr):
            return []
        return [
            (head_sr(blocks_sr[sr]).float(), head_de(blocks_de[de]).float())
            for (sr, de), head_sr, head_de in zip(
                self.pairs, self.sides_sr, self.sides_de, strict=True
            )
        ]


def block_pairs(count_sr: int, count_de: int) -> tuple[tuple[int, int], ...]:
    """Return the blocks of both networks that lie equally deep; the last ones are a pair."""
    count = min(count_sr, count_de)
    return tuple(
        ((k + 1) * count_sr // count - 1, (k + 1) * count_de // count - 1) for k in range(count)
    )


def _sides(network: FeatureNetwork | DENet, blocks: tuple[int, ...]) -> nn.ModuleList:
    return nn.ModuleList(
        SideHead(network.block_widths[k], network.block_ratios[k]) for k in blocks
    )
