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
Deep back-projection: the network of paper A, and the only part of it that runs after training.

Paper A (Sun et al., CVPR 2021, arXiv 2103.12955): a convolution block, N blocks of DBPN, a
convolution block. The units, their kernels and the dense connections are those of Haris et al.,
Deep Back-Projection Networks for Super-Resolution, CVPR 2018 (arXiv 1803.02735).

Ours: the local view in front, and the long skip behind, so that the network begins as bilinear
interpolation, is equivariant to the scale of depth and noise, and knows holes; and x16, which
paper A tests, in the manner of the others.

A transposed convolution lays a kernel for every input pixel. Where kernels are random, and where
they overlap unevenly, as at x8 and x16, flat features become a pattern with the period of the
scale (Odena et al., Deconvolution and Checkerboard Artifacts, Distill 2016). Enlarging first and
convolving then would avoid it at many times the cost. Here depth is free of it at first, because
what is added to the interpolation begins as zero; a bias for each output pixel of an input pixel
takes away what comes up later; and all is in local units, so on a flat wall it is a share of the
sensor's noise. Kernels that begin as interpolation (Aitken et al., arXiv 1707.02937) do not help:
their features say the same of all output pixels, and they learned more slowly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from cdst_ros.models.base import LocalNetwork
from cdst_ros.models.blocks import kaiming
from cdst_ros.models.heads import PerOutput, ResidualHead, SelectingHead
from cdst_ros.models.local import LocalDepth


class Sampling(NamedTuple):
    """A strided or transposed convolution: its kernel is its stride plus twice its padding."""

    kernel: int
    stride: int
    padding: int


#: How each scale is sampled; x2 to x8 as Haris et al. do, x16 is ours. Kernels lie symmetrically
#: about their input pixel: a half-pixel grid.
SAMPLINGS = {
    2: Sampling(6, 2, 2),
    4: Sampling(8, 4, 2),
    8: Sampling(12, 8, 2),
    16: Sampling(20, 16, 2),
}
#: The heads that read features of the output's size.
HEADS = {'residual': ResidualHead, 'selecting': SelectingHead}
#: Of what is below zero, what PReLU passes at first.
SLOPE = 0.25


class UpUnit(nn.Module):
    """
    Enlarge features, project them back, and add what the way back lost.

    ``h0 = D(x); l0 = C(h0); h1 = D(l0 - x); h0 + h1`` with D transposed and C strided
    convolutions, each with a PReLU of one slope.

    :param width: channels
    :param sampling: of both
    :param sources: stages whose features are concatenated; more than one are mixed by a 1x1
        convolution first
    """

    def __init__(self, width: int, sampling: Sampling, sources: int = 1) -> None:
        super().__init__()
        self.mix = _mixture(width, sources)
        self.enlarge = _enlarging(width, sampling)
        self.project = _reducing(width, sampling)
        self.correct = _enlarging(width, sampling)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, width, s * h, s * w) from (N, sources * width, h, w)."""
        x = self.mix(x)
        high = self.enlarge(x)
        out: Tensor = high + self.correct(self.project(high) - x)
        return out


class DownUnit(nn.Module):
    """
    Reduce features, project them back, and add what the way back lost.

    ``l0 = C(x); h0 = D(l0); l1 = C(h0 - x); l0 + l1``; see ``UpUnit``.
    """

    def __init__(self, width: int, sampling: Sampling, sources: int = 1) -> None:
        super().__init__()
        self.mix = _mixture(width, sources)
        self.reduce = _reducing(width, sampling)
        self.project = _enlarging(width, sampling)
        self.correct = _reducing(width, sampling)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, width, h, w) from (N, sources * width, s * h, s * w)."""
        x = self.mix(x)
        low = self.reduce(x)
        out: Tensor = low + self.correct(self.project(low) - x)
        return out


class DBPN(LocalNetwork):
    """
    Enlarge depth by going up and down between both resolutions, correcting on the way.

    Block k is a down unit, but for the first, and an up unit; its features have the size of the
    output. All of them, concatenated, are what the heads read. The defaults of width, features and
    blocks are the network that Haris et al. call D-DBPN; paper A does not say how many blocks it
    uses. 8 to 16 channels and 2 or 3 blocks train on a CPU.

    :param scale: output pixels per input pixel, each way: a key of ``SAMPLINGS``
    :param width: channels of the blocks
    :param features: channels of the first layer
    :param blocks: of up and down units
    :param dense: whether a unit sees the features of all blocks before it, not of the last alone
    :param window: width of the square around each pixel that the first layer sees [px]
    :param noise: constant [m], linear [1] and quadratic [1/m] term of the sensor's sigma(z)
    :param head: a name of ``HEADS``
    :param head_options: what this head takes beyond width, scale and window
    :param domain: ``depth``, or ``inverse_depth``: offsets are of 1 / depth, in which planes are
        linear
    """

    def __init__(
        self,
        scale: int,
        width: int = 64,
        features: int = 256,
        blocks: int = 7,
        *,
        dense: bool = True,
        window: int = 3,
        noise: tuple[float, float, float] = (0.0, 0.0, 0.0),
        head: str = 'residual',
        head_options: Mapping[str, Any] | None = None,
        domain: str = 'depth',
    ) -> None:
        super().__init__(scale, features, window, noise, domain)
        if min(width, blocks) < 1:
            raise ValueError(f'width and blocks must be at least 1, got {width} and {blocks}')
        if scale not in SAMPLINGS:
            raise ValueError(f'no scale {scale}; there are: {", ".join(map(str, SAMPLINGS))}')
        if head not in HEADS:
            raise ValueError(f'no head {head!r}; there are: {", ".join(HEADS)}')
        sampling = SAMPLINGS[scale]
        self.dense = dense
        self.block_widths = (width,) * blocks
        self.block_ratios = (1,) * blocks
        self.rectify = nn.PReLU(init=SLOPE)
        self.squeeze = nn.Sequential(_point(features, width), nn.PReLU(init=SLOPE))
        self.ups = nn.ModuleList(
            UpUnit(width, sampling, max(index, 1) if dense else 1) for index in range(blocks)
        )
        self.downs = nn.ModuleList(
            DownUnit(width, sampling, index + 1 if dense else 1) for index in range(blocks - 1)
        )
        self.spread = PerOutput(blocks * width, 1, scale)
        kaiming(self.differences, SLOPE)
        self.calm_ends()
        self.head = HEADS[head](
            blocks * width, scale, window, layer=PerOutput, **(head_options or {})
        )

    def run_blocks(self, local: LocalDepth) -> tuple[Tensor, ...]:
        """Return the features of every block, each of the output's size."""
        lows: list[Tensor] = []
        highs = [self.ups[0](self.squeeze(self.rectify(self.first_layer(local))))]
        for down, up in zip(self.downs, self.ups[1:], strict=True):
            lows.append(down(self._sources(highs)))
            highs.append(up(self._sources(lows)))
        return tuple(highs)

    def seen_by_heads(self, blocks: tuple[Tensor, ...]) -> Tensor:
        """Return the features of all blocks together."""
        return torch.cat(blocks, 1)

    def _sources(self, stages: list[Tensor]) -> Tensor:
        return torch.cat(stages, 1) if self.dense else stages[-1]


def _enlarging(width: int, sampling: Sampling) -> nn.Sequential:
    layer = nn.ConvTranspose2d(width, width, *sampling)
    kaiming(layer, SLOPE)
    return nn.Sequential(layer, nn.PReLU(init=SLOPE))


def _reducing(width: int, sampling: Sampling) -> nn.Sequential:
    layer = nn.Conv2d(width, width, *sampling)
    kaiming(layer, SLOPE)
    return nn.Sequential(layer, nn.PReLU(init=SLOPE))


def _mixture(width: int, sources: int) -> nn.Module:
    if sources == 1:
        return nn.Identity()
    return nn.Sequential(_point(sources * width, width), nn.PReLU(init=SLOPE))


def _point(width_in: int, width_out: int) -> nn.Conv2d:
    layer = nn.Conv2d(width_in, width_out, 1)
    kaiming(layer, SLOPE)
    return layer
