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
The losses: pure functions of images.

All images are (N, 1, H, W) float tensors, depth in metres; a mask is 1 where a pixel counts, else
0. Every loss is a mean over the pixels that count, 0 when none does.
"""

from __future__ import annotations

import torch
from torch import Tensor, distributed
from torch.nn import functional

#: Depths of a 3x3 neighbourhood that differ by more than this share lie on two surfaces.
EDGE_SHARE = 0.02


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """
    Return the mean (scalar) of ``values`` where ``mask`` is 1; the others may be anything.

    Where several processes train together, it is this one's share of the mean over all of them:
    what counts is divided by the count of the mean process, so the mean of all results, and of
    all gradients, is that of one process with the joint batch.
    """
    kept = torch.where(mask > 0.5, values, torch.zeros_like(values))
    count = mean_of_ranks(mask.sum())
    return kept.sum() / torch.where(count > 0, count, torch.ones_like(count))


def mean_of_ranks(value: Tensor) -> Tensor:
    """Return a value in the mean of all processes that train together; it has no gradient."""
    value = value.detach()
    if not (distributed.is_available() and distributed.is_initialized()):
        return value
    total = value.clone()
    distributed.all_reduce(total)
    return total / distributed.get_world_size()


def scaled_l1(error: Tensor, unit: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    """
    Return the weighted mean of ``|error| / unit`` (scalar).

    L1 as the group of paper A trains; units and weights are ours.

    :param error: (N, 1, H, W) [m]
    :param unit: what counts as an error of one [m], positive
    :param weight: [1], not normalised
    """
    return masked_mean(weight * error.abs() / unit, mask)


def level_l1(error: Tensor, step: Tensor, slack: float, mask: Tensor) -> Tensor:
    """
    Return the mean of ``max(0, |error| / step - slack)`` (scalar): disparity that is rounded.

    What rounds to the right level is right, however near to the next it lies; our own choice.

    :param error: [m]
    :param step: metres a level (N,)
    :param slack: [levels]
    """
    levels = error.abs() / step[:, None, None, None]
    return masked_mean((levels - slack).clamp(min=0.0), mask)


def laplace_likelihood(error: Tensor, sigma: Tensor, unit: Tensor, mask: Tensor) -> Tensor:
    """
    Return the mean negative log likelihood of Laplace distributed errors (scalar).

    ``log(2 b) + |e| / b`` with error e and scale b in ``unit``s; least where b is the mean |e|:
    Kendall and Gal, What Uncertainties Do We Need in Bayesian Deep Learning for Computer Vision?,
    NIPS 2017, with Laplace's distribution. That only ``sigma`` gets a gradient is ours, so that
    doubt is not lessened by spoiling the depth, nor the depth by doubt.

    :param error: [m]
    :param sigma: the scale [m], positive
    :param unit: [m]; shifts the loss by a constant, so that it does not depend on metres
    """
    return masked_mean((2 * sigma / unit).log() + error.detach().abs() / sigma, mask)


def edge_weight(truth: Tensor, mask: Tensor, extra: float) -> Tensor:
    """
    Return 1, plus ``extra`` where the truth's 3x3 neighbourhood spans a discontinuity; ours.

    :param truth: [m]; does not matter where the mask is 0
    """
    highest, lowest = local_extremes(truth, mask)
    apart = (highest - lowest) > EDGE_SHARE * lowest
    return 1.0 + extra * (apart & (mask > 0.5)).to(truth.dtype)


def thin_weight(truth: Tensor, mask: Tensor, extra: float, width: int) -> Tensor:
    """
    Return 0, plus ``extra`` on structures up to ``width`` pixels wide that stand before others.

    They are what a morphological closing of depth fills: nearer than both their sides. That they
    weigh more is ours; the closing less the image is Meyer's black top-hat (Serra, Image Analysis
    and Mathematical Morphology, 1982).

    :param truth: [m]; does not matter where the mask is 0
    """
    size = 2 * (width // 2) + 1
    known = mask > 0.5
    far = torch.where(known, truth, torch.full_like(truth, -1e6))
    filled = -functional.max_pool2d(
        -functional.max_pool2d(far, size, 1, size // 2), size, 1, size // 2
    )
    return extra * (known & (filled - truth > EDGE_SHARE * truth)).to(truth.dtype)


def local_unit(depth: Tensor, valid: Tensor, sigma: Tensor, scale: int) -> Tensor:
    """
    Return the range of the input around each output pixel plus noise (N, 1, sH, sW) [m].

    :param depth: (N, 1, H, W) [m]; does not matter where not ``valid``
    :param valid: (N, 1, H, W), 0 or 1
    :param sigma: the sensor's noise (N, 1, H, W) [m]
    """
    highest, lowest = local_extremes(depth, valid, size=5)
    unit = (highest - lowest).clamp(min=0.0) + 4 * sigma
    return functional.interpolate(unit, scale_factor=scale, mode='nearest')


def local_extremes(depth: Tensor, mask: Tensor, size: int = 3) -> tuple[Tensor, Tensor]:
    """
    Return the greatest and the least depth [m] of the pixels that count in each window.

    Where none does, the greatest is far below the least.

    :param size: of the window, odd [px]
    """
    known = mask > 0.5
    never = torch.full_like(depth, -1e6)
    highest = functional.max_pool2d(torch.where(known, depth, never), size, 1, size // 2)
    lowest = -functional.max_pool2d(torch.where(known, -depth, never), size, 1, size // 2)
    return highest, lowest
