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
How features become depth: the heads of the networks.

A head returns offsets from the centre of each input pixel, in the local units of ``LocalDepth``,
for its ``scale**2`` output pixels: (N, scale**2, h, w), as PixelShuffle lays them. Features come
at the size of the input, or, where a head takes ``layer=PerOutput``, at that of the output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from cdst_ros.models.blocks import silence
from cdst_ros.models.grid import bilinear_numerators
from cdst_ros.models.local import LocalDepth, exactly

#: No sample that is there weighs less than this, across or down: beside holes it may be the only
#: one, and has to be divided by its weight.
_LEAST = 0.002
#: Below any weight: keeps the quotient of weighted samples defined where there is none.
_EPSILON = 0.5 * _LEAST**2
#: Taken off the logit of a sample that is not there: its weight vanishes.
_NEVER = 1e4


class PerInput(nn.Conv2d):
    """
    Read values for every output pixel from features of the input's size; begins as zero.

    :param width: channels of the features
    :param planes: values per output pixel
    :param scale: output pixels per input pixel, each way
    """

    def __init__(self, width: int, planes: int, scale: int) -> None:
        super().__init__(width, planes * scale * scale, 1)
        silence(self)


class PerOutput(nn.Module):
    """
    Do what ``PerInput`` does from features of the output's size, by a 3x3 convolution.

    As there, every output pixel of an input pixel has a bias of its own.
    """

    def __init__(self, width: int, planes: int, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.conv = nn.Conv2d(width, planes, 3, padding=1, bias=False)
        silence(self.conv)
        self.bias = nn.Parameter(torch.zeros(planes * scale * scale))

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, planes * scale**2, h, w) from features (N, width, sh, sw)."""
        values = functional.pixel_unshuffle(self.conv(features), self.scale)
        return values + self.bias[:, None, None]


class PerFold(nn.Module):
    """
    Do what ``PerInput`` does from features of which each pixel is a square of output pixels.

    As there, every output pixel of an input pixel has a bias of its own.

    :param fold: output pixels per pixel of the features, each way; ``scale`` is a multiple of it
    """

    def __init__(self, width: int, planes: int, scale: int, *, fold: int) -> None:
        super().__init__()
        self.scale, self.fold = scale, fold
        self.conv = nn.Conv2d(width, planes * fold * fold, 1, bias=False)
        silence(self.conv)
        # of a shape to be added as it is: an export keeps its name then
        self.bias = nn.Parameter(torch.zeros(planes * scale * scale, 1, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, planes * scale**2, h, w) from features (N, width, sh / fold, sw / fold)."""
        values: Tensor = self.conv(features)
        if self.fold != self.scale:
            values = functional.pixel_shuffle(values, self.fold)
            values = functional.pixel_unshuffle(values, self.scale)
        return values + self.bias


#: Makes what reads features, of width, planes and scale.
Layer = Callable[[int, int, int], PerInput | PerOutput | PerFold]


class ResidualHead(nn.Module):
    """
    Bilinear enlargement plus a residual: values are regressed.

    :param width: channels of the features
    :param scale: output pixels per input pixel, each way
    :param window: of the local view [px]
    :param layer: reads the features
    """

    def __init__(
        self,
        width: int,
        scale: int,
        window: int,
        *,
        layer: Layer = PerInput,
    ) -> None:
        super().__init__()
        self.base: Tensor
        self.register_buffer('base', _bilinear_of_differences(scale, window), persistent=False)
        self.residual = layer(width, 1, scale)

    def forward(self, features: Tensor, local: LocalDepth) -> Tensor:
        """Return offsets (N, scale**2, h, w) from features (N, width, h, w)."""
        with exactly(local.differences):
            base = functional.conv2d(local.differences, self.base)
        out: Tensor = self.residual(features) + base
        return out


class Choice(NamedTuple):
    """
    Where between four samples every output pixel lies.

    ``shares`` (N, 2 * scale**2, h, w): logits of the shares across and down; ``residual``
    (N, scale**2, h, w), in units, or None.
    """

    shares: Tensor
    residual: Tensor | None


class Square(NamedTuple):
    """
    The four samples about every output pixel: its own, those across, down and both.

    ``samples``: in units, and ``known``: 0 or 1, both (N, 4 * scale**2, h, w).
    """

    samples: Tensor
    known: Tensor


class SelectingHead(nn.Module):
    """
    Bilinear enlargement that chooses, for every output pixel, where between four samples it lies.

    The four are the measured samples of the 2x2 square about the output pixel. Two shares, one
    across and one down, weigh them: at 0 and 1 they select one, and what they begin with is
    bilinear. The weights add up to one, so no value leaves the range of the samples, and the bound
    holds by construction, unless there is a ``residual`` on top.

    :param width: channels of the features
    :param scale: output pixels per input pixel, each way; even
    :param window: of the local view, 3 [px]
    :param residual: whether to add one, which begins as zero
    :param layer: reads the features
    """

    def __init__(
        self,
        width: int,
        scale: int,
        window: int,
        residual: bool = False,
        *,
        layer: Layer = PerInput,
    ) -> None:
        super().__init__()
        if window != 3 or scale % 2:
            raise ValueError(
                f'a selecting head needs a window of 3 and an even scale, got {window} and {scale}'
            )
        picked, shares = _squares(scale)
        self.picked: Tensor
        self.register_buffer('picked', picked, persistent=False)
        self.shares = layer(width, 2, scale)
        with torch.no_grad():
            assert self.shares.bias is not None
            self.shares.bias.copy_(torch.logit(shares).flatten().view_as(self.shares.bias))
        self.residual = layer(width, 1, scale) if residual else None

    def forward(self, features: Tensor, local: LocalDepth) -> Tensor:
        """Return offsets (N, scale**2, h, w) from features (N, width, h, w)."""
        return self.select(self.choose(features), self.square(local))

    def choose(self, features: Tensor) -> Choice:
        """Return what features say, not applied yet."""
        residual = None if self.residual is None else self.residual(features)
        return Choice(self.shares(features), residual)

    def square(self, local: LocalDepth) -> Square:
        """Return the four samples about each output pixel."""
        samples, there = nine_samples(local)
        with exactly(samples):
            square = functional.conv2d(samples, self.picked)
            known = functional.conv2d(there, self.picked)
        return Square(square, known)

    @staticmethod
    def select(choice: Choice, square: Square) -> Tensor:
        """Return offsets (N, scale**2, h, w): the samples as they were chosen."""
        samples, known = square.samples.chunk(4, 1), square.known.chunk(4, 1)
        logits = choice.shares.to(square.samples.dtype)
        # One minus a share near one would be nothing but rounding.
        own = _LEAST + (1 - 2 * _LEAST) * torch.sigmoid(-logits)
        other = _LEAST + (1 - 2 * _LEAST) * torch.sigmoid(logits)
        own_x, own_y = own.chunk(2, 1)
        other_x, other_y = other.chunk(2, 1)
        usable = (
            own_x * own_y * known[0],
            other_x * own_y * known[1],
            own_x * other_y * known[2],
            other_x * other_y * known[3],
        )
        weight = usable[0] + usable[1] + usable[2] + usable[3]
        total = usable[0] * samples[0] + usable[1] * samples[1]
        total = total + usable[2] * samples[2] + usable[3] * samples[3]
        # Where nothing has weight, this is 0: the centre.
        out: Tensor = total / weight.clamp(min=_EPSILON)
        return out if choice.residual is None else out + choice.residual


class SurfacesHead(nn.Module):
    """
    A few local planes through weighed samples, and a weighted mean of them a pixel.

    At every input pixel each of ``surfaces`` planes goes through a weighted mean of the measured
    samples of the 3x3 neighbourhood, with a slope of its own; every output pixel weighs the
    planes. Where one has all the weight, a surface runs sharply up to the edge of the other.
    Cheaper than to weigh nine samples for every output pixel: 9 + 2 + scale**2 channels a plane.

    :param width: channels of the features
    :param scale: output pixels per input pixel, each way
    :param window: of the local view, 3 [px]
    :param surfaces: planes
    """

    def __init__(self, width: int, scale: int, window: int, surfaces: int = 3) -> None:
        super().__init__()
        if window != 3:
            raise ValueError(f'a surfaces head weighs 3x3 samples: window must be 3, got {window}')
        self.surfaces = surfaces
        self.weights = nn.Conv2d(width, 9 * surfaces, 1)
        self.slopes = nn.Conv2d(width, 2 * surfaces, 1)
        self.shares = nn.Conv2d(width, surfaces * scale * scale, 1)
        for layer in (self.weights, self.slopes, self.shares):
            nn.init.normal_(layer.weight, std=0.02)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
        with torch.no_grad():
            assert self.weights.bias is not None
            # each begins in the middle
            self.weights.bias.view(9, surfaces)[4] = 4.0
        line = _places(scale)
        self.x: Tensor
        self.y: Tensor
        self.register_buffer('x', line.repeat(scale)[:, None, None], persistent=False)
        self.register_buffer('y', line.repeat_interleave(scale)[:, None, None], persistent=False)

    def forward(self, features: Tensor, local: LocalDepth) -> Tensor:
        """Return offsets (N, scale**2, h, w) from features (N, width, h, w)."""
        n, _, h, w = features.shape
        count = self.surfaces
        samples, there = nine_samples(local)
        logits = self.weights(features).view(n, 9, count, h, w)
        weights = torch.softmax(logits + _NEVER * (there[:, :, None] - 1.0), dim=1)
        level = (weights * samples[:, :, None]).sum(1)
        along = self.slopes(features).view(n, 2, count, 1, h, w) + _slope(samples, there)
        planes = level[:, :, None] + along[:, 0] * self.x + along[:, 1] * self.y
        shares = torch.softmax(self.shares(features).view(n, count, -1, h, w), dim=1)
        out: Tensor = (shares * planes).sum(1)
        return out


def nine_samples(local: LocalDepth) -> tuple[Tensor, Tensor]:
    """Return the samples of the 3x3 window, in local units, and whether they are there (0, 1)."""
    zero = torch.zeros_like(local.centre)
    samples = torch.cat([local.differences[:, :4], zero, local.differences[:, 4:]], 1)
    there = torch.cat([local.neighbours[:, :4], local.valid, local.neighbours[:, 4:]], 1)
    return samples, there


def _places(scale: int) -> Tensor:
    """Return where output pixels lie from the middle of their input pixel [px], (scale)."""
    return (torch.arange(scale) + 0.5) / scale - 0.5


def _squares(scale: int) -> tuple[Tensor, Tensor]:
    """
    Return what picks the four samples about every output pixel, and where bilinear takes it.

    :return: kernels (4 * scale**2, 9, 1, 1): the centre, its neighbours across, down and both; and
        shares (2, scale**2), across and down
    """
    before = torch.arange(scale) < scale // 2
    step = torch.where(before, -1, 1)
    down, across = step.repeat_interleave(scale), step.repeat(scale)
    place = torch.stack([torch.zeros_like(down), across, 3 * down, 3 * down + across]) + 4
    picked = functional.one_hot(place.flatten(), 9).float()[:, :, None, None]
    share = _places(scale).abs()
    return picked, torch.stack([share.repeat(scale), share.repeat_interleave(scale)])


def _slope(samples: Tensor, there: Tensor) -> Tensor:
    """Return the smaller of both one-sided slopes (N, 2, 1, 1, h, w), 0 where one is unknown."""
    right, left = samples[:, 5:6] * there[:, 5:6], -samples[:, 3:4] * there[:, 3:4]
    down, up = samples[:, 7:8] * there[:, 7:8], -samples[:, 1:2] * there[:, 1:2]
    return torch.stack([_least(right, left), _least(down, up)], 1)[:, :, :, None]


def _least(one: Tensor, other: Tensor) -> Tensor:
    """Return what lies nearer to 0 where both have one sign, else 0 (minmod)."""
    return torch.minimum(one, other).clamp(min=0.0) + torch.maximum(one, other).clamp(max=0.0)


def _bilinear_of_differences(scale: int, window: int) -> Tensor:
    """
    Return kernels (scale**2, window**2 - 1, 1, 1): bilinear weights of the differences.

    The centre's difference is zero, so its weight drops out; where all is valid, centre plus
    weighted differences is the bilinear enlargement exactly.
    """
    full = torch.zeros(scale * scale, window, window)
    inner = slice(window // 2 - 1, window // 2 + 2)
    full[:, inner, inner] = bilinear_numerators(scale) / (2 * scale) ** 2
    flat = full.flatten(1)
    centre = window * window // 2
    return torch.cat([flat[:, :centre], flat[:, centre + 1 :]], 1)[:, :, None, None]


#: By name; each takes (width, scale, window) and options of its own.
HEADS: dict[str, Callable[..., nn.Module]] = {
    'residual': ResidualHead,
    'selecting': SelectingHead,
    'surfaces': SurfacesHead,
}
