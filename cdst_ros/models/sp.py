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
"""Structure prediction: where edges run, from the features of both networks."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from cdst_ros.models.blocks import ResidualBlock, kaiming, zero_bias


class Structure(NamedTuple):
    """
    Where structure is; all of the size of the output.

    ``logits`` (N, 1, H, W): of the probability that a pixel lies on an edge; ``fused``
    (N, width, H, W): the features of both branches, weighed; ``weight`` (N, 1, H, W), 0 to 1: of
    the super-resolution branch; the rest is that of the depth estimation branch.
    """

    logits: Tensor
    fused: Tensor
    weight: Tensor


class UncertaintyFusion(nn.Module):
    """
    Attention over two branches that trusts the less uncertain one.

    The branches weigh as their uncertainties to a negative power, which is learned:
    ``w_sr = u_sr^-t / (u_sr^-t + u_de^-t)``. So a branch that errs gets no weight in the limit,
    and equal ones get half each. Paper A (arXiv 2103.12955) fuses by uncertainty; this form is
    our choice.
    """

    #: Least uncertainty, in the caller's units: two that are certain weigh alike.
    FLOOR = 1e-3

    def __init__(self) -> None:
        super().__init__()
        #: Logarithm of the power: positive whatever is learned, 1 at first.
        self.log_power = nn.Parameter(torch.zeros(()))

    def forward(
        self, uncertainty_sr: Tensor, uncertainty_de: Tensor, attention: Tensor | None = None
    ) -> Tensor:
        """
        Return the weight of the super-resolution branch (N, C, H, W), 0 to 1.

        No gradient reaches the uncertainties: a branch shall not seek doubt to be left out.

        :param uncertainty_sr: (N, C, H, W), at least 0, in units like those of the other
        :param uncertainty_de: (N, C, H, W)
        :param attention: (N, C, H, W), added to the logarithm of the ratio of the weights: what
            features tell beyond the uncertainties
        """
        sr, de = (
            each.detach().float().clamp(min=self.FLOOR).log()
            for each in (uncertainty_sr, uncertainty_de)
        )
        ratio = self.log_power.exp() * (de - sr)
        return torch.sigmoid(ratio if attention is None else ratio + attention)


class SPNet(nn.Module):
    """
    Predict the structure of a scene from the last features of both networks.

    Paper A (arXiv 2103.12955): the features are fused by their uncertainty maps, and a structure
    network of convolutions follows. Our choices: a 1x1 convolution and a pixel shuffle bring each
    branch to one width and to the size of the output; ``UncertaintyFusion``; residual blocks.

    :param width_sr: channels of the super-resolution network's last features
    :param ratio_sr: output pixels per pixel of them, each way
    :param width_de: channels of the depth estimation network's last features
    :param ratio_de: output pixels per pixel of them, each way
    :param width: channels here
    :param blocks: residual blocks of two 3x3 convolutions
    """

    def __init__(
        self,
        width_sr: int,
        ratio_sr: int,
        width_de: int,
        ratio_de: int,
        *,
        width: int = 16,
        blocks: int = 2,
    ) -> None:
        super().__init__()
        if min(width_sr, ratio_sr, width_de, ratio_de, width) < 1 or blocks < 0:
            raise ValueError(
                'widths and ratios must be at least 1 and blocks at least 0, got '
                f'{width_sr}, {ratio_sr}, {width_de}, {ratio_de}, {width} and {blocks}'
            )
        self.ratio_sr, self.ratio_de = ratio_sr, ratio_de
        self.from_sr = nn.Conv2d(width_sr, width * ratio_sr**2, 1)
        self.from_de = nn.Conv2d(width_de, width * ratio_de**2, 1)
        self.fusion = UncertaintyFusion()
        self.blocks = nn.ModuleList(
            ResidualBlock(
                nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)
            )
            for _ in range(blocks)
        )
        self.last = nn.Conv2d(width, 1, 3, padding=1)
        for layer in (self.from_sr, self.from_de):
            kaiming(layer)
        nn.init.normal_(self.last.weight, std=1e-2)
        zero_bias(self.last)

    def forward(
        self,
        features_sr: Tensor,
        features_de: Tensor,
        uncertainty_sr: Tensor,
        uncertainty_de: Tensor,
    ) -> Structure:
        """
        Fuse and predict.

        :param features_sr: (N, width_sr, H / ratio_sr, W / ratio_sr)
        :param features_de: (N, width_de, H / ratio_de, W / ratio_de)
        :param uncertainty_sr: (N, 1, H, W), at least 0: an error, or the scale of one
        :param uncertainty_de: (N, 1, H, W), in the same units
        """
        sr = functional.pixel_shuffle(self.from_sr(features_sr), self.ratio_sr)
        de = functional.pixel_shuffle(self.from_de(features_de), self.ratio_de)
        weight = self.fusion(uncertainty_sr, uncertainty_de)
        fused = weight * sr + (1 - weight) * de
        x = fused
        for block in self.blocks:
            x = block(x)
        return Structure(self.last(functional.relu(x)), fused, weight)
