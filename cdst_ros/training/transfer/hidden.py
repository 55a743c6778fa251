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
"""What low-resolution depth can not tell: the part of an image that a reduction removes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def enlarge(depth: Tensor, valid: Tensor, scale: int) -> Tensor:
    """
    Return the bilinear enlargement of what is known (N, C, sh, sw), half-pixel grid.

    Unknown pixels have no weight; where all four are unknown, the result is 0.

    :param depth: (N, C, h, w); does not matter where not ``valid``
    :param valid: (N, 1, h, w), 0 to 1
    """
    known = torch.where(valid > 0, depth * valid, torch.zeros_like(depth))
    both = torch.cat([known, valid], 1)
    large = functional.interpolate(both, scale_factor=scale, mode='bilinear')
    weight = large[:, -1:]
    return large[:, :-1] / torch.where(weight > 0, weight, torch.ones_like(weight))


def reduce(image: Tensor, mask: Tensor, scale: int) -> tuple[Tensor, Tensor]:
    """
    Return the mean of the known pixels of each ``scale`` x ``scale`` block, 0 where none is.

    :param image: (N, C, sh, sw); does not matter where the mask is 0
    :param mask: (N, 1, sh, sw), 0 or 1
    :return: means (N, C, h, w), and the share of each block that is known (N, 1, h, w)
    """
    known = torch.where(mask > 0.5, image, torch.zeros_like(image))
    share = functional.avg_pool2d(mask, scale)
    whole = torch.where(share > 0, share, torch.ones_like(share))
    return functional.avg_pool2d(known, scale) / whole, share


def hidden(image: Tensor, mask: Tensor, scale: int) -> Tensor:
    """
    Return ``image - Up(Down(image))`` (N, C, sh, sw), 0 where the mask is.

    Down is ``reduce``, the mean of the known pixels of each block; Up is bilinear. It is
    linear in the image, so the difference of two depth maps that both get the low frequencies of
    the measured depth, D' = D - Up(Down(D)) + Up(LR), is ``hidden`` of their difference: Up(LR),
    and its noise with it, cancels.

    :param image: (N, C, sh, sw); does not matter where the mask is 0
    :param mask: (N, 1, sh, sw), 0 or 1
    """
    known = torch.where(mask > 0.5, image, torch.zeros_like(image))
    low, share = reduce(image, mask, scale)
    return (known - enlarge(low, share, scale)) * mask
