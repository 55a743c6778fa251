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
"""What all networks for depth super-resolution share: local coordinates in, metres out."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from cdst_ros.models.features import Features
from cdst_ros.models.heads import PerInput, PerOutput
from cdst_ros.models.local import LocalDepth, LocalView, exactly
from cdst_ros.models.validity import ValidContour


class Folded(NamedTuple):
    """
    Output pixels as channels of their input pixel, as PixelShuffle lays them.

    ``depth`` [m] and ``spread`` [m], the sigma that ``LocalNetwork.gain`` has not met yet:
    (N, scale**2, h, w); ``blocks``: as of ``Features``.
    """

    depth: Tensor
    spread: Tensor
    blocks: tuple[Tensor, ...]


class LocalNetwork(nn.Module):
    """
    Enlarge depth in the local coordinates of ``LocalView``.

    Each output pixel is an offset from its input pixel; what kind of offset, the head decides.
    Sigma is the scale of a Laplace distribution of the error, at most the local unit. A network
    gives its blocks, and sets ``block_widths``, ``block_ratios``, ``spread`` and ``head``.

    :param scale: output pixels per input pixel, each way; half-pixel grid
    :param width: channels of the first layer
    :param window: width of the square around each pixel that the first layer sees [px]
    :param noise: constant [m], linear [1] and quadratic [1/m] term of the sensor's sigma(z)
    :param domain: ``depth``, or ``inverse_depth``: offsets are of 1 / depth, in which planes are
        linear
    """

    #: Reads sigma in units, as a logit, and the offsets, from what ``seen_by_heads`` returns.
    spread: PerInput | PerOutput
    head: nn.Module
    block_widths: tuple[int, ...]
    block_ratios: tuple[int, ...]

    def __init__(
        self, scale: int, width: int, window: int, noise: tuple[float, float, float], domain: str
    ) -> None:
        super().__init__()
        if min(scale, width) < 1:
            raise ValueError(f'scale and width must be at least 1, got {scale} and {width}')
        if domain not in ('depth', 'inverse_depth'):
            raise ValueError(f'domain must be depth or inverse_depth, got {domain!r}')
        self.scale = scale
        self.view = LocalView(window, noise, inverse=domain == 'inverse_depth')
        self.contour = ValidContour(scale)
        self.differences = nn.Conv2d(window * window - 1, width, 1)
        self.context = nn.Conv2d(2, width, 3, padding=1, bias=False)
        #: Factor on sigma, which export sets so that its intervals hold what they say.
        self.gain: Tensor
        self.register_buffer('gain', torch.ones(()), persistent=False)

    def forward(self, depth: Tensor, valid: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """
        Enlarge a batch of any size.

        :param depth: (N, 1, h, w) [m], finite; does not matter where not ``valid``
        :param valid: (N, 1, h, w), 1 where depth was measured, else 0
        :return: depth [m], sigma [m] and validity (0 or 1), each (N, 1, sh, sw)
        """
        out = self.features(depth, valid)
        return out.depth, out.sigma, out.valid

    def features(self, depth: Tensor, valid: Tensor) -> Features:
        """Do what ``forward`` does, and keep the features of the blocks."""
        with exactly(depth):
            local = self.view(depth, valid)
        folded = self.enlarge(local)
        return Features(
            functional.pixel_shuffle(folded.depth, self.scale),
            functional.pixel_shuffle(folded.spread * self.gain, self.scale),
            self.contour(local.valid, local.one_surface),
            folded.blocks,
        )

    def enlarge(self, local: LocalDepth) -> Folded:
        """Return depth and sigma of the output pixels of every input pixel."""
        blocks = self.run_blocks(local)
        seen = self.seen_by_heads(blocks)
        value, spread = self.view.restore(self.head(seen, local), self.spread(seen), local)
        return Folded(value, spread, blocks)

    def run_blocks(self, local: LocalDepth) -> tuple[Tensor, ...]:
        """
        Return the features of every block, as what follows sees them.

        :return: (N, C, sh / r, sw / r) with C of ``block_widths`` and r of ``block_ratios``
        """
        raise NotImplementedError

    def seen_by_heads(self, blocks: tuple[Tensor, ...]) -> Tensor:
        """Return the features that ``head`` and ``spread`` read: those of the last block."""
        return blocks[-1]

    def first_layer(self, local: LocalDepth) -> Tensor:
        """Return what the first layer says of the local view (N, width, h, w), not rectified."""
        context = torch.cat([local.valid, local.sigma / local.unit], 1)
        first: Tensor = self.differences(local.differences) + self.context(context)
        return first

    def calm_ends(self) -> None:
        """Let the context whisper at first, and sigma be a small share of the unit everywhere."""
        # Where all is valid the context is nearly constant, and would drown the differences.
        nn.init.normal_(self.context.weight, std=0.02)
        assert self.spread.bias is not None
        nn.init.constant_(self.spread.bias, -3.0)
