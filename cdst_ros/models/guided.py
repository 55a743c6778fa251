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
The network that looks at colour as well, where there is some.

Paper A (arXiv 2103.12955) fuses super-resolution and depth estimation by their uncertainty, but
for structure alone and while training. Here both branches run: the depth that each finds is
weighed by the sigma that each predicts. All forms are our choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from cdst_ros.models.base import Folded, LocalNetwork
from cdst_ros.models.blocks import ResidualBlock, kaiming
from cdst_ros.models.heads import Choice, PerFold, SelectingHead
from cdst_ros.models.likeness import Likeness
from cdst_ros.models.local import LocalDepth, exactly
from cdst_ros.models.sp import UncertaintyFusion

#: Logits of shares that the layer's 1 stands for. Those of a trained branch of depth alone are as
#: large as 18, and weights learn by small steps: with 1 in its place hardly anything is learned.
_REACH = 8.0


class Branch(NamedTuple):
    """What a branch finds: ``depth`` [m] and ``sigma`` [m], each (N, 1, sh, sw)."""

    depth: Tensor
    sigma: Tensor


class Guided(NamedTuple):
    """
    What both branches find, and what is made of it.

    ``fused``: the output; ``alone``: of depth alone; ``estimate``: of colour and depth;
    ``valid`` (N, 1, sh, sw), 0 or 1; ``colored`` (N, 1, sh, sw): 1 where colour is known, else 0:
    there ``fused`` is ``alone``; ``weight`` (N, 1, sh, sw), 0 to 1: of ``alone``, where
    ``colored``.
    """

    fused: Branch
    alone: Branch
    estimate: Branch
    valid: Tensor
    colored: Tensor
    weight: Tensor


class Correction(NamedTuple):
    """
    What colour changes of what depth alone says, (N, C, h, w).

    ``shares`` (C = 2 * scale**2), ``residual`` and ``doubt`` (C = scale**2) are added to what the
    other branch reads from its features, and ``likeness`` (C = 2 * scale**2), what ``Likeness``
    finds times a factor, to the shares; ``trust`` (C = scale**2) to the logarithm of the ratio of
    the branches' weights; ``factor`` (C = scale**2): logit of half the factor on the fused sigma.
    """

    shares: Tensor
    likeness: Tensor
    residual: Tensor
    doubt: Tensor
    trust: Tensor
    factor: Tensor


class Estimation(nn.Module):
    """
    What colour tells of the output's pixels, to one who knows what the other branch does.

    ``DENet`` in small, prompted: colour is folded, ``fold`` pixels across and down to one; what is
    known of depth, in local units, and the other branch's features are unfolded to the same size;
    residual blocks follow. It begins as no correction at all.

    :param width_alone: channels of the last features of the branch of depth alone
    :param ratio_alone: output pixels per pixel of them, each way
    :param scale: output pixels per input pixel, each way
    :param width: channels
    :param blocks: residual blocks of two 3x3 convolutions
    :param fold: pixels of colour across and down that become one; ``scale`` is a multiple of it
    :param dilations: of the blocks' convolutions, in turn, over and over
    """

    def __init__(
        self,
        width_alone: int,
        ratio_alone: int,
        scale: int,
        *,
        width: int,
        blocks: int,
        fold: int,
        dilations: Sequence[int],
    ) -> None:
        super().__init__()
        if min(width, blocks, fold, *dilations) < 1 or not dilations:
            raise ValueError(
                'width, blocks, fold and every dilation must be at least 1, got '
                f'{width}, {blocks}, {fold} and {list(dilations)}'
            )
        if scale % fold:
            raise ValueError(f'scale must be a multiple of fold, got {scale} and {fold}')
        self.scale, self.fold = scale, fold
        self.ratio_alone = ratio_alone
        self.likeness = Likeness(scale)
        # colour, whether it is known, and what is like it
        self.color = nn.Conv2d(6 * fold * fold, width, 3, padding=1)
        spread = (scale // fold) ** 2
        # the samples about a pixel and whether they are there, its own, and the noise
        self.samples = nn.Conv2d(18, width * spread, 1, bias=False)
        self.features = nn.Conv2d(
            width_alone * (scale // ratio_alone) ** 2, width * spread, 1, bias=False
        )

        def conv(dilation: int) -> nn.Conv2d:
            return nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation)

        steps = [dilations[index % len(dilations)] for index in range(blocks)]
        self.blocks = nn.ModuleList(ResidualBlock(conv(step), conv(step)) for step in steps)
        self.correction = PerFold(width, 8, scale, fold=fold)
        for part in (self.color, self.samples, self.features):
            kaiming(part)

    def forward(
        self, rgb: Tensor, colored: Tensor, local: LocalDepth, alone: Tensor
    ) -> Correction:
        """
        Return what colour changes.

        :param rgb: (N, 3, sh, sw), 0 to 1
        :param colored: (N, 1, sh, sw), 1 where it is known, else 0
        :param alone: last features of the other branch
        """
        like = self.likeness(rgb, colored)
        image = functional.pixel_unshuffle(
            torch.cat([(rgb - 0.5) * colored, colored], 1), self.fold
        )
        x = self.color(torch.cat([image, self._folded(like)], 1))
        x = functional.relu(x + self._unfolded(local, alone))
        for block in self.blocks:
            x = block(x)
        found = self.correction(functional.relu(x)).float().chunk(8, 1)
        shares, by_likeness = torch.cat(found[:2], 1), torch.cat(found[2:4], 1)
        return Correction(_REACH * shares, _REACH * by_likeness * like, *found[4:])

    def _folded(self, like: Tensor) -> Tensor:
        """Return what is of every output pixel, folded as colour is."""
        if self.fold == self.scale:
            return like
        return functional.pixel_unshuffle(functional.pixel_shuffle(like, self.scale), self.fold)

    def _unfolded(self, local: LocalDepth, alone: Tensor) -> Tensor:
        """Return what is known of depth, of the size of the folded colour."""
        known = [local.differences, local.neighbours, local.valid, local.sigma / local.unit]
        prompt: Tensor = self.samples(torch.cat(known, 1))
        if self.ratio_alone != self.scale:
            alone = functional.pixel_unshuffle(alone, self.scale // self.ratio_alone)
        prompt = prompt + self.features(alone)
        if self.fold == self.scale:
            return prompt
        return functional.pixel_shuffle(prompt, self.scale // self.fold)


class GuidedSR(nn.Module):
    """
    Enlarge depth with the help of colour that is registered to the output.

    One branch sees depth alone, and is any ``LocalNetwork``; the other sees colour too
    (``Estimation``): it chooses between the same samples, and begins at the choice of the first.
    They weigh by their sigmas (``UncertaintyFusion``), and by what the features of the second add
    to that. Where a pixel of colour is 0 in all three channels it is unknown,
    and the output there is that of the first branch, exactly. So is ``valid_hr`` everywhere.

    No gradient of the output, nor of the second branch, reaches the first, which learns as if it
    were alone.

    :param alone: the branch of depth alone; its head is a selecting one
    :param width: channels of the branch that sees colour
    :param blocks: its residual blocks
    :param fold: pixels of colour across and down that it takes for one
    :param dilations: of its blocks' convolutions, in turn
    """

    def __init__(
        self,
        alone: LocalNetwork,
        *,
        width: int = 32,
        blocks: int = 2,
        fold: int = 4,
        dilations: Sequence[int] = (1,),
    ) -> None:
        super().__init__()
        if not isinstance(alone.head, SelectingHead):
            raise ValueError(
                'beside colour the branch of depth alone needs head: selecting, got '
                f'{type(alone.head).__name__}'
            )
        self.scale = alone.scale
        self.alone = alone
        self.estimation = Estimation(
            alone.block_widths[-1],
            alone.block_ratios[-1],
            alone.scale,
            width=width,
            blocks=blocks,
            fold=fold,
            dilations=dilations,
        )
        self.fusion = UncertaintyFusion()
        #: Factor on sigma where there is colour, which export sets, as it does that of ``alone``.
        self.gain: Tensor
        self.register_buffer('gain', torch.ones(()), persistent=False)

    def forward(self, depth: Tensor, valid: Tensor, rgb: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """
        Enlarge a batch of any size.

        :param depth: (N, 1, h, w) [m], finite; does not matter where not ``valid``
        :param valid: (N, 1, h, w), 1 where depth was measured, else 0
        :param rgb: (N, 3, sh, sw), 0 to 1; all three channels 0: unknown
        :return: depth [m], sigma [m] and validity (0 or 1), each (N, 1, sh, sw)
        """
        found = self.branches(depth, valid, rgb)
        return found.fused.depth, found.fused.sigma, found.valid

    def branches(self, depth: Tensor, valid: Tensor, rgb: Tensor) -> Guided:
        """Do what ``forward`` does, and keep what each branch finds."""
        head = self.alone.head
        assert isinstance(head, SelectingHead)
        with exactly(depth):
            local = self.alone.view(depth, valid)
        blocks = self.alone.run_blocks(local)
        seen = self.alone.seen_by_heads(blocks)
        choice, doubt, square = head.choose(seen), self.alone.spread(seen), head.square(local)
        alone = Folded(*self.alone.view.restore(head.select(choice, square), doubt, local), blocks)
        # Not by the greatest: what is not a number is not known either.
        colored = (rgb[:, 0:1] + rgb[:, 1:2] + rgb[:, 2:3] > 0).to(rgb.dtype)
        known = torch.where(colored > 0.5, rgb, torch.zeros_like(rgb))
        found = self.estimation(known, colored, local, blocks[-1].detach())
        with exactly(depth):
            residual = found.residual
            if choice.residual is not None:
                residual = residual + choice.residual.detach()
            shares = choice.shares.detach() + found.shares + found.likeness
            chosen = Choice(shares, residual)
            estimate = self.alone.view.restore(
                head.select(chosen, square), doubt.detach() + found.doubt, local
            )
            fused, spread, weight = self._fuse(alone, estimate, local, found)
            where = functional.pixel_unshuffle(colored, self.scale) > 0.5
            fused = torch.where(where, fused, alone.depth.detach())
            sigma_alone = alone.spread * self.alone.gain
            sigma = torch.where(where, spread * self.gain, sigma_alone.detach())
        shuffle = partial(functional.pixel_shuffle, upscale_factor=self.scale)
        return Guided(
            Branch(shuffle(fused), shuffle(sigma)),
            Branch(shuffle(alone.depth), shuffle(sigma_alone)),
            Branch(shuffle(estimate[0]), shuffle(estimate[1])),
            self.alone.contour(local.valid, local.one_surface),
            colored,
            shuffle(weight),
        )

    def _fuse(
        self,
        alone: Folded,
        estimate: tuple[Tensor, Tensor],
        local: LocalDepth,
        found: Correction,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """
        Return depth, sigma and the weight of ``alone``, all (N, scale**2, h, w).

        Sigma is the branches', weighed as depth is: the most that the error of a weighted mean can
        be in the mean; times a factor of up to 2, which is learned.
        """
        depth, spread = estimate
        per = 1.0 / local.unit
        if self.alone.view.inverse:
            per = per * (local.centre * local.centre)
        weight = self.fusion(alone.spread * per, spread * per, found.trust)
        fused = depth + weight * (alone.depth.detach() - depth)
        known = weight.detach()
        mean = spread.detach() + known * (alone.spread - spread).detach()
        return fused, 2.0 * torch.sigmoid(found.factor) * mean, weight
