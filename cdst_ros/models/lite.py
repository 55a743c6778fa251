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
"""The real-time network: everything in low resolution, one PixelShuffle at the end."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from cdst_ros.models.grid import bilinear_numerators
from cdst_ros.models.local import LocalView, exactly
from cdst_ros.models.validity import ValidContour

#: Sigma is never said to be less than this share of the sensor's noise.
SIGMA_FLOOR = 0.05


class LiteSR(nn.Module):
    """
    Enlarge depth by a few 3x3 convolutions in low resolution.

    The output is the bilinear enlargement of the pixel's neighbourhood plus a residual, in the
    local coordinates of ``LocalView``; at initialisation the residual is zero. Sigma is the scale
    of a Laplace distribution of the error, at most the local unit.

    :param scale: output pixels per input pixel, each way; half-pixel grid
    :param width: channels of the body
    :param depth: 3x3 convolutions of the body
    :param window: width of the square around each pixel that the first layer sees [px]
    :param noise: constant [m], linear [1] and quadratic [1/m] term of the sensor's sigma(z)
    """

    def __init__(
        self,
        scale: int,
        width: int = 32,
        depth: int = 3,
        window: int = 3,
        noise: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> None:
        super().__init__()
        if min(scale, width, depth) < 1:
            raise ValueError(
                f'scale, width and depth must be at least 1, got {scale}, {width} and {depth}'
            )
        self.scale = scale
        self.view = LocalView(window, noise)
        self.contour = ValidContour(scale)
        self.base: Tensor
        self.register_buffer('base', _bilinear_of_differences(scale, window), persistent=False)
        self.differences = nn.Conv2d(window * window - 1, width, 1)
        self.context = nn.Conv2d(2, width, 3, padding=1, bias=False)
        self.body = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth))
        self.residual = nn.Conv2d(width, scale * scale, 1)
        self.spread = nn.Conv2d(width, scale * scale, 1)
        self._initialise()

    def forward(self, depth: Tensor, valid: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """
        Enlarge a batch of any size.

        :param depth: (N, 1, h, w) [m], finite; does not matter where not ``valid``
        :param valid: (N, 1, h, w), 1 where depth was measured, else 0
        :return: depth [m], sigma [m] and validity (0 or 1), each (N, 1, sh, sw)
        """
        with exactly(depth):
            local = self.view(depth, valid)
            base = functional.conv2d(local.differences, self.base)
        features = self._features(
            local.differences, torch.cat([local.valid, local.sigma / local.unit], 1)
        )
        offset = self.residual(features) + base
        share = torch.sigmoid(self.spread(features))
        return (
            functional.pixel_shuffle(local.centre + local.unit * offset, self.scale),
            functional.pixel_shuffle(local.unit * share + SIGMA_FLOOR * local.sigma, self.scale),
            self.contour(local.valid, local.one_surface),
        )

    def _features(self, differences: Tensor, context: Tensor) -> Tensor:
        first = functional.relu(self.differences(differences) + self.context(context))
        x = first
        for layer in self.body[:-1]:
            x = functional.relu(layer(x))
        # What the first layer saw is worth keeping, and engines fuse the sum.
        return functional.relu(self.body[-1](x) + first)

    def _initialise(self) -> None:
        for layer in (self.differences, *self.body):
            assert isinstance(layer, nn.Conv2d)
            nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        # Where all is valid the context is nearly constant, and would drown the differences.
        nn.init.normal_(self.context.weight, std=0.02)
        for head, bias in ((self.residual, 0.0), (self.spread, -3.0)):
            nn.init.zeros_(head.weight)
            nn.init.constant_(head.bias, bias)  # type: ignore[arg-type]


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
