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
reaches neither a loss nor a gradient. ``unit`` [m] is what counts as an error of one, ``slope``
the weight of the error of depth's steps from pixel to pixel beside that of depth, ours as well: of
an estimate that is wrong in the large, the steps alone tell what is right in the small.
"""

from __future__ import annotations

import torch
from torch import Tensor

from cdst_ros.training.losses import scaled_l1
from cdst_ros.training.transfer.hidden import reduce


def low_loss(
    low: Tensor, measured: Tensor, valid: Tensor, unit: Tensor, *, slope: float = 0.0
) -> Tensor:
    """Return the error of depth from the reduced picture (scalar): the first loss."""
    return masked_l1(low, measured, valid, unit, slope=slope)


def reduced_loss(
    high: Tensor,
    seen: Tensor,
    measured: Tensor,
    valid: Tensor,
    unit: Tensor,
    *,
    slope: float = 0.0,
) -> Tensor:
    """Return the error of reduced depth from the whole picture (scalar): the second loss."""
    reduced, share = reduce(high, seen, scale_of(high, measured))
    return masked_l1(reduced, measured, _both(valid, share), unit, slope=slope)


def consistency_loss(
    low: Tensor, high: Tensor, seen: Tensor, valid: Tensor, unit: Tensor, *, slope: float = 0.0
) -> Tensor:
    """Return how far the two estimates are apart (scalar): the third loss; both are drawn."""
    reduced, share = reduce(high, seen, scale_of(high, low))
    return masked_l1(reduced, low, _both(valid, share), unit, slope=slope)


def masked_l1(
    estimate: Tensor, target: Tensor, mask: Tensor, unit: Tensor, *, slope: float = 0.0
) -> Tensor:
    """Return the mean of ``|estimate - target| / unit`` (scalar) where the mask is 1."""
    # A difference that is no number would spoil the gradient, even with no weight.
    error = torch.where(mask > 0.5, estimate - target, torch.zeros_like(estimate))
    loss = scaled_l1(error, unit, torch.ones_like(mask), mask)
    return loss + slope * _of_steps(error, mask, unit) if slope > 0 else loss


def _of_steps(error: Tensor, mask: Tensor, unit: Tensor) -> Tensor:
    """Return ``masked_l1`` of steps to the right and down, of pixels that both count."""
    parts = []
    for axis in (2, 3):
        size = error.shape[axis] - 1
        both = mask.narrow(axis, 0, size) * mask.narrow(axis, 1, size)
        parts.append(scaled_l1(error.diff(dim=axis), unit, torch.ones_like(both), both))
    return parts[0] + parts[1]


def scale_of(high: Tensor, low: Tensor) -> int:
    """Return how many pixels of the one lie on a pixel of the other, each way."""
    return high.shape[-1] // low.shape[-1]


def _both(valid: Tensor, share: Tensor) -> Tensor:
    return valid * (share > 0).to(valid.dtype)
