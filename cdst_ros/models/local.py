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
Depth in local coordinates: what a network sees instead of metres.

Each input pixel looks at its neighbours relative to itself, in units of the depth range around
it and of the sensor's noise. So a network on top of it is equivariant to the scale of depth and
noise together, SR(a z | a sigma) = a SR(z | sigma), and what lies outside its receptive field
can not change it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from cdst_ros.models.grid import one_hot_kernels

#: The unit of a pixel is the range of depth around it plus this many sigma, ...
RANGE_SIGMAS = 4.0
#: ... plus this share of its depth, so that noise-free flat depth has a unit too, ...
RELATIVE_FLOOR = 1e-4
#: ... and at least this [m], so that pixels without any depth near have one. (Not added: exporters
#: take an addition of less than 1e-8 for none.)
ABSOLUTE_FLOOR = 1e-9
#: Sigma is never said to be less than this share of the sensor's noise.
SIGMA_FLOOR = 0.05
#: Inverse depth is never taken for less than this share of what lies around it.
_LEAST_INVERSE = 0.1
# Lies below every depth, and survives subtraction in float32.
_NEVER = -1e6


class LocalDepth(NamedTuple):
    """
    Depth around each pixel; all (N, C, h, w) float32.

    ``valid``: 1 where depth was measured, else 0 (C = 1); ``centre`` [m]: the pixel's own depth,
    the mean of its valid 3x3 neighbours where it is unknown, 0 where they are too (C = 1);
    ``differences`` in ``unit``s: the window's other pixels, row by row, minus the centre, 0 where
    unknown (C = window**2 - 1); ``neighbours``: 1 where those were measured, else 0
    (C = window**2 - 1); ``unit`` [m] (C = 1); ``sigma`` [m]: the sensor's noise at the
    centre (C = 1); ``one_surface``: whether the valid pixels of the 3x3 window span no
    discontinuity (C = 1, bool).
    """

    valid: Tensor
    centre: Tensor
    differences: Tensor
    neighbours: Tensor
    unit: Tensor
    sigma: Tensor
    one_surface: Tensor


def exactly(like: Tensor) -> AbstractContextManager[object]:
    """
    Compute in float32 here, even where the rest of a network trains in half precision.

    A difference of depths is what is left of their first digits: in bfloat16, nothing.
    """
    kind = like.device.type
    return (
        torch.autocast(kind, enabled=False) if torch.is_autocast_enabled(kind) else nullcontext()
    )


class LocalView(nn.Module):
    """
    Turn depth and its mask into local coordinates, and what is found there back into metres.

    :param window: width of the square around each pixel, odd, at least 3 [px]
    :param noise: constant [m], linear [1] and quadratic [1/m] term of the sensor's sigma(z)
    :param inverse: look at inverse depth, in which planes are linear; metres below are 1/m then
    """

    def __init__(
        self, window: int, noise: tuple[float, float, float], *, inverse: bool = False
    ) -> None:
        super().__init__()
        if window < 3 or window % 2 == 0:
            raise ValueError(f'window must be an odd number of at least 3, got {window}')
        self.window = window
        self.noise = noise
        self.inverse = inverse
        self.neighbours: Tensor
        self.box: Tensor
        self.register_buffer('neighbours', one_hot_kernels(window), persistent=False)
        self.register_buffer('box', torch.ones(1, 1, 3, 3), persistent=False)

    def forward(self, depth: Tensor, valid: Tensor) -> LocalDepth:
        """
        Look at depth locally; beyond the border, the border's pixels repeat.

        :param depth: (N, 1, h, w) [m], finite; does not matter where not ``valid``
        :param valid: (N, 1, h, w), 1 where depth was measured, else 0
        """
        known = valid > 0.5
        mask = known.to(depth.dtype)
        z = torch.where(known, self._domain(depth, known), torch.zeros_like(depth))
        count = functional.conv2d(mask, self.box, padding=1)
        total = functional.conv2d(z, self.box, padding=1)
        centre = torch.where(known, z, total / count.clamp(min=1.0))
        sigma = self._noise(centre)
        never = torch.full_like(z, _NEVER)
        highest = functional.max_pool2d(torch.where(known, z, never), 3, 1, 1)
        negated = functional.max_pool2d(torch.where(known, -z, never), 3, 1, 1)
        unit = self._range(highest, negated) + RANGE_SIGMAS * sigma
        unit = (unit + RELATIVE_FLOOR * centre).clamp(min=ABSOLUTE_FLOOR)
        picked, there = self._pick(z), self._pick(mask)
        return LocalDepth(
            valid=mask,
            centre=centre,
            # picked first, so exact
            differences=(picked - there * centre) * (1.0 / unit),
            neighbours=there,
            unit=unit,
            sigma=sigma,
            one_surface=self._span_one_surface(highest, -negated),
        )

    def restore(self, offset: Tensor, doubt: Tensor, local: LocalDepth) -> tuple[Tensor, Tensor]:
        """
        Return depth and sigma [m] of output pixels, each (N, C, h, w).

        :param offset: (N, C, h, w), from the centre, in units
        :param doubt: (N, C, h, w), logit of sigma in units: sigma is at most one unit
        """
        value = offset * local.unit + local.centre
        spread = torch.sigmoid(doubt) * local.unit + SIGMA_FLOOR * local.sigma
        if self.inverse:
            value = 1.0 / torch.maximum(value, _LEAST_INVERSE * local.centre).clamp(min=1e-6)
            # What is of no pixel has no size either.
            spread = spread * (value * value).clamp(max=1e6)
        return value, spread

    def sigma(self, depth: Tensor) -> Tensor:
        """Return the sensor's noise [m] at ``depth`` [m]."""
        return _polynomial(self.noise, depth)

    def _noise(self, centre: Tensor) -> Tensor:
        # With u = 1 / z, sigma(u) = u^2 sigma(z): the same polynomial from its other end.
        return _polynomial(self.noise[::-1] if self.inverse else self.noise, centre)

    def _domain(self, depth: Tensor, known: Tensor) -> Tensor:
        if not self.inverse:
            return depth
        return 1.0 / torch.where(known, depth, torch.ones_like(depth))

    def _pick(self, image: Tensor) -> Tensor:
        """Return the window's other pixels, row by row."""
        edges = [self.window // 2] * 4
        return functional.conv2d(functional.pad(image, edges, mode='replicate'), self.neighbours)

    def _range(self, highest: Tensor, negated: Tensor) -> Tensor:
        """Widen the 3x3 extremes to the window; return their range [m], 0 where nothing is."""
        wider = self.window - 2
        if wider > 1:
            highest = functional.max_pool2d(highest, wider, 1, wider // 2)
            negated = functional.max_pool2d(negated, wider, 1, wider // 2)
        return (highest + negated).clamp(min=0.0)

    def _span_one_surface(self, highest: Tensor, lowest: Tensor) -> Tensor:
        """Tell where depth is within max(2 %, 4 sigma): the rule of ``superres/holes.py``."""
        if self.inverse:
            highest, lowest = 1.0 / lowest, 1.0 / highest
        tolerance = torch.maximum(0.02 * lowest, 4.0 * self.sigma(lowest))
        return highest - lowest <= tolerance


def _polynomial(noise: tuple[float, ...], depth: Tensor) -> Tensor:
    constant, linear, quadratic = noise
    return constant + depth * (linear + quadratic * depth)
