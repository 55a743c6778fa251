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
The three losses of paper B (arXiv 2109.11573), in L1, which is our choice.

Depth estimated from the whole picture is (N, 1, sh, sw) [m], that from the reduced picture and
measured depth are (N, 1, h, w) [m]. ``valid`` (N, 1, h, w), 0 or 1, is where depth was measured;
``seen`` (N, 1, sh, sw), 0 or 1, where there is colour. What is estimated or measured elsewhere
reaches neither a loss nor a gradient. ``unit`` [m] is what counts as an error of one, ``fine`` how
much detail counts beside depth.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from cdst_ros.training.losses import scaled_l1
from cdst_ros.training.transfer.hidden import hidden, reduce


class Fine(NamedTuple):
    """
    How much detail counts, which is what a reduction would hide; ours.

    A picture tells depth up to scale at best: most of an error lies in the large, and hides what
    is right or wrong in the small. Detail of measured depth is taught as that of a truth would be,
    at its own resolution.

    :param weight: of the error of (I - Up Down) depth, beside that of depth
    :param scale: of the reduction
    """

    weight: float = 0.0
    scale: int = 1


NONE = Fine()


def low_loss(
    low: Tensor, measured: Tensor, valid: Tensor, unit: Tensor, *, fine: Fine = NONE
) -> Tensor:
    """Return the error of depth from the reduced picture (scalar): the first loss."""
    return masked_l1(low, measured, valid, unit, fine=fine)


def reduced_loss(
    high: Tensor,
    seen: Tensor,
    measured: Tensor,
    valid: Tensor,
    unit: Tensor,
    *,
    fine: Fine = NONE,
) -> Tensor:
    """Return the error of reduced depth from the whole picture (scalar): the second loss."""
    reduced, share = reduce(high, seen, scale_of(high, measured))
    return masked_l1(reduced, measured, _both(valid, share), unit, fine=fine)


def consistency_loss(
    low: Tensor, high: Tensor, seen: Tensor, valid: Tensor, unit: Tensor, *, fine: Fine = NONE
) -> Tensor:
    """Return how far the two estimates are apart (scalar): the third loss; both are drawn."""
    reduced, share = reduce(high, seen, scale_of(high, low))
    return masked_l1(reduced, low, _both(valid, share), unit, fine=fine)


def masked_l1(
    estimate: Tensor, target: Tensor, mask: Tensor, unit: Tensor, *, fine: Fine = NONE
) -> Tensor:
    """Return the mean of ``|estimate - target| / unit`` (scalar) where the mask is 1."""
    # A difference that is no number would spoil the gradient, even with no weight.
    error = torch.where(mask > 0.5, estimate - target, torch.zeros_like(estimate))
    loss = scaled_l1(error, unit, torch.ones_like(mask), mask)
    return loss + fine.weight * _of_detail(error, mask, unit, fine.scale) if fine.weight else loss


def _of_detail(error: Tensor, mask: Tensor, unit: Tensor, scale: int) -> Tensor:
    """Return ``masked_l1`` of detail: of all blocks that are whole."""
    rows, columns = (size - size % scale for size in error.shape[2:])
    error, mask = (image[..., :rows, :columns] for image in (error, mask))
    return scaled_l1(hidden(error, mask, scale), unit, torch.ones_like(mask), mask)


def scale_of(high: Tensor, low: Tensor) -> int:
    """Return how many pixels of the one lie on a pixel of the other, each way."""
    return high.shape[-1] // low.shape[-1]


def _both(valid: Tensor, share: Tensor) -> Tensor:
    return valid * (share > 0).to(valid.dtype)
