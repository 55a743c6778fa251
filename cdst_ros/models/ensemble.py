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
"""A network that is asked eight times, once for each orientation of the image."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from torch import Tensor, nn


class SelfEnsemble(nn.Module):
    """
    Run a network on an image in its eight orientations, and return the mean.

    The geometric self-ensemble of Lim et al., Enhanced Deep Residual Networks for Single Image
    Super-Resolution (EDSR+), CVPRW 2017. It costs eight times as much. The mean of values that lie
    within a range lies within it, so bounds hold; at an edge where the orientations disagree, it
    is between both surfaces. Sigma is the mean of the network's, so rather too large: the mean
    errs less than the network. Validity is of the image as it is.

    :param network: maps images of a batch (N, C, h, w) to depth [m], sigma [m] and validity, each
        (N, 1, sh, sw), on a half-pixel grid
    """

    def __init__(self, network: Callable[..., tuple[Tensor, Tensor, Tensor]]) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, depth: Tensor, valid: Tensor, rgb: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the network does of these images, averaged over their orientations."""
        images = (depth, valid) if rgb is None else (depth, valid, rgb)
        depths, sigmas, as_it_is = self.network(*images)
        others = list(product((False, True), repeat=3))[1:]
        for orientation in others:
            found = self.network(*(_turn(image, *orientation) for image in images))
            depths = depths + _turn_back(found[0], *orientation)
            sigmas = sigmas + _turn_back(found[1], *orientation)
        return depths / (1 + len(others)), sigmas / (1 + len(others)), as_it_is


def _turn(image: Tensor, upside_down: bool, mirrored: bool, transposed: bool) -> Tensor:
    image = image.flip(2) if upside_down else image
    image = image.flip(3) if mirrored else image
    return image.transpose(2, 3) if transposed else image


def _turn_back(image: Tensor, upside_down: bool, mirrored: bool, transposed: bool) -> Tensor:
    image = image.transpose(2, 3) if transposed else image
    return _turn(image, upside_down, mirrored, False)
