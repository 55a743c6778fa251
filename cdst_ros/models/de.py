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
"""Depth from one colour image: the auxiliary task that exists only while training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from cdst_ros.models.blocks import ResidualTrunk, kaiming, zero_bias

#: The scale of the error lies between exp(-7) and exp(7) units.
LARGEST_LOG_SCALE = 7.0
#: Of an image that shows nothing, noise is not made a picture.
_LEAST_DEVIATION = 0.02


class DepthEstimate(NamedTuple):
    """
    Depth as a colour image shows it.

    ``depth`` (N, 1, H, W), in units that the caller gives a meaning; ``log_scale`` (N, 1, H, W):
    natural logarithm of the scale of its Laplace distributed error, in those units; ``blocks``:
    features of each residual block (N, width, H / stem, W / stem), rounded up.
    """

    depth: Tensor
    log_scale: Tensor
    blocks: tuple[Tensor, ...]


class DENet(ResidualTrunk):
    """
    Estimate high-resolution depth from the colour image of the same size.

    Convolution block, residual blocks, convolution block: that much says paper A
    (arXiv 2103.12955). Our choices are widths and number of blocks; residual blocks as in EDSR;
    a ``stem`` that folds pixels into channels; ``dilations``, which widen what a pixel sees at no
    cost; and an error scale beside depth, so that the network knows its uncertainty when no truth
    is there. Paper B (arXiv 2109.11573) uses one such network for two resolutions.

    :param width: channels
    :param blocks: residual blocks of two 3x3 convolutions
    :param stem: pixels across and down that become one: 2 computes a quarter
    :param dilations: of the blocks' convolutions, in turn, over and over
    :param channels: of the image: 3, or more where it is told something beside colour
    :param standardised: whether each image is brought to a mean of 0 and a deviation of 1 first:
        depth counts in units of the crop, and then so does brightness
    """

    def __init__(
        self,
        width: int = 64,
        blocks: int = 8,
        stem: int = 1,
        dilations: Sequence[int] = (1,),
        channels: int = 3,
        *,
        standardised: bool = False,
    ) -> None:
        super().__init__(channels, width, blocks, stem, dilations)
        self.standardised = standardised
        self.last = nn.Conv2d(width, width, 3, padding=1)
        self.depth = nn.Conv2d(width, stem * stem, 3, padding=1)
        self.doubt = nn.Conv2d(width, stem * stem, 3, padding=1)
        for layer in (self.first, self.last):
            kaiming(layer)
        for layer in (self.depth, self.doubt):
            nn.init.normal_(layer.weight, std=1e-3)
            zero_bias(layer)

    def forward(self, rgb: Tensor) -> DepthEstimate:
        """
        Estimate a batch of any size.

        :param rgb: (N, channels, H, W), 0 to 1
        """
        height, width = rgb.shape[2:]
        image = _standardised(rgb) if self.standardised else rgb - 0.5
        blocks = self.run_blocks(image, mode='replicate')
        last = functional.relu(self.last(blocks[-1]))
        doubt = torch.tanh(self.doubt(last) / LARGEST_LOG_SCALE) * LARGEST_LOG_SCALE
        return DepthEstimate(
            self._unfold(self.depth(last), height, width),
            self._unfold(doubt, height, width),
            blocks,
        )

    def _unfold(self, image: Tensor, height: int, width: int) -> Tensor:
        return functional.pixel_shuffle(image, self.stem)[..., :height, :width]


def _standardised(image: Tensor) -> Tensor:
    """Return images (N, C, H, W) less their mean, in units of their deviation plus a little."""
    places = (1, 2, 3)
    centred = image - image.mean(places, keepdim=True)
    deviation = (centred**2).mean(places, keepdim=True).sqrt()
    return centred / (deviation + _LEAST_DEVIATION)
