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
"""The real-time network: a body in low resolution, and a head that lays out s x s depths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from cdst_ros.models.base import LocalNetwork
from cdst_ros.models.blocks import ResidualBlock, kaiming
from cdst_ros.models.branched import BranchedConv
from cdst_ros.models.heads import HEADS, PerInput
from cdst_ros.models.local import LocalDepth


class LiteSR(LocalNetwork):
    """
    Enlarge depth by a few 3x3 convolutions in low resolution.

    The blocks that ``features`` shows are the residual ones; without them, every second
    convolution of the row, counted from its end.

    :param scale: output pixels per input pixel, each way; half-pixel grid
    :param width: channels of the body
    :param depth: 3x3 convolutions of the body, in one row; 0 where there are ``blocks``
    :param blocks: residual blocks of two 3x3 convolutions, behind the row
    :param window: width of the square around each pixel that the first layer sees [px]
    :param noise: constant [m], linear [1] and quadratic [1/m] term of the sensor's sigma(z)
    :param head: a name of ``heads.HEADS``
    :param head_options: what this head takes beyond width, scale and window
    :param domain: ``depth``, or ``inverse_depth``: offsets are of 1 / depth, in which planes are
        linear
    :param branched: train every 3x3 convolution as several branches, which ``branched.fuse`` adds
    :param hidden: channels of a 1x1 layer between the last block and the heads, for scales at
        which ``width`` features say too little of ``scale**2`` pixels; 0: none
    """

    def __init__(
        self,
        scale: int,
        width: int = 32,
        depth: int = 3,
        *,
        blocks: int = 0,
        window: int = 3,
        noise: tuple[float, float, float] = (0.0, 0.0, 0.0),
        head: str = 'residual',
        head_options: Mapping[str, Any] | None = None,
        domain: str = 'depth',
        branched: bool = False,
        hidden: int = 0,
    ) -> None:
        super().__init__(scale, width, window, noise, domain)
        if depth + blocks < 1 or min(depth, blocks) < 0:
            raise ValueError(
                f'one of depth and blocks must be at least 1, got {depth} and {blocks}'
            )
        if head not in HEADS:
            raise ValueError(f'no head {head!r}; there are: {", ".join(HEADS)}')

        def conv() -> nn.Module:
            return BranchedConv(width) if branched else nn.Conv2d(width, width, 3, padding=1)

        self.body = nn.ModuleList(conv() for _ in range(depth))
        self.blocks = nn.ModuleList(ResidualBlock(conv(), conv()) for _ in range(blocks))
        shown = blocks or (depth + 1) // 2
        self.block_widths = (width,) * shown
        self.block_ratios = (scale,) * shown
        self.hidden = nn.Conv2d(width, hidden, 1) if hidden else None
        seen = hidden or width
        self.spread = PerInput(seen, 1, scale)
        for layer in (self.differences, *self.body, self.hidden):
            if isinstance(layer, nn.Conv2d):
                kaiming(layer)
        self.calm_ends()
        self.head = HEADS[head](width=seen, scale=scale, window=window, **(head_options or {}))

    def run_blocks(self, local: LocalDepth) -> tuple[Tensor, ...]:
        """Return the features of every block, as what follows sees them."""
        x = first = functional.relu(self.first_layer(local))
        row, blocks = [], []
        for layer in self.body[:-1]:
            x = functional.relu(layer(x))
            row.append(x)
        if len(self.body):
            # What the first layer saw is worth keeping, and engines fuse the sum.
            x = functional.relu(self.body[-1](x) + first)
            row.append(x)
        for block in self.blocks:
            x = block(x)
            blocks.append(functional.relu(x))
        return tuple(blocks or row[::-2][::-1])

    def seen_by_heads(self, blocks: tuple[Tensor, ...]) -> Tensor:
        """Return the features that ``head`` and ``spread`` read."""
        return blocks[-1] if self.hidden is None else functional.relu(self.hidden(blocks[-1]))
