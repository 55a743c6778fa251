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
"""Blocks and initial weights that several networks share."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class ResidualBlock(nn.Module):
    """
    A residual block without normalisation (Lim et al., EDSR, CVPRW 2017).

    It begins as nearly the identity, so any number of blocks trains from the start.

    :param first: convolution of as many channels out as in
    :param second: likewise
    """

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second
        for layer, gain in ((first, 1.0), (second, 0.2)):
            if isinstance(layer, nn.Conv2d):
                kaiming(layer)
            with torch.no_grad():
                for weights in layer.parameters():
                    weights.mul_(gain)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, width, h, w) of the same size."""
        inner: Tensor = self.second(functional.relu(self.first(functional.relu(x))))
        return x + inner


class ResidualTrunk(nn.Module):
    """
    A convolution and a row of residual blocks, at full resolution or folded: what networks share.

    :param channels: of the image
    :param width: channels of the features
    :param blocks: residual blocks of two 3x3 convolutions
    :param stem: pixels across and down that become one: 2 computes a quarter
    :param dilations: of the blocks' convolutions, in turn, over and over
    """

    def __init__(
        self, channels: int, width: int, blocks: int, stem: int, dilations: Sequence[int]
    ) -> None:
        super().__init__()
        if min(width, blocks, stem, *dilations) < 1 or not dilations:
            raise ValueError(
                'width, blocks, stem and every dilation must be at least 1, got '
                f'{width}, {blocks}, {stem} and {list(dilations)}'
            )
        self.stem = stem
        self.block_widths = (width,) * blocks
        self.block_ratios = (stem,) * blocks
        self.first = nn.Conv2d(channels * stem * stem, width, 3, padding=1)

        def conv(dilation: int) -> nn.Conv2d:
            return nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation)

        steps = [dilations[index % len(dilations)] for index in range(blocks)]
        self.blocks = nn.ModuleList(ResidualBlock(conv(step), conv(step)) for step in steps)

    def run_blocks(self, image: Tensor, mode: str) -> tuple[Tensor, ...]:
        """
        Return the features of each block (N, width, H / stem, W / stem), rounded up, rectified.

        :param image: (N, channels, H, W)
        :param mode: of ``functional.pad``: what is beyond the border where sides are no multiples
            of ``stem``
        """
        edges = [0, -image.shape[3] % self.stem, 0, -image.shape[2] % self.stem]
        padded = functional.pad(image, edges, mode=mode)
        x = functional.relu(self.first(functional.pixel_unshuffle(padded, self.stem)))
        features = []
        for block in self.blocks:
            x = block(x)
            features.append(functional.relu(x))
        return tuple(features)


def kaiming(layer: nn.Conv2d | nn.ConvTranspose2d, slope: float = 0.0) -> None:
    """Draw weights that keep the variance behind a ReLU of this ``slope`` below zero."""
    nn.init.kaiming_normal_(layer.weight, a=slope, nonlinearity='leaky_relu')
    zero_bias(layer)


def silence(layer: nn.Conv2d) -> None:
    """Let a layer begin as zero."""
    nn.init.zeros_(layer.weight)
    zero_bias(layer)


def zero_bias(layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
    """Let what a layer adds begin as zero."""
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
