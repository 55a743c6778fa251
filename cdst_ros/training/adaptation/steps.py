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

"""Where measured depth has a step: there alone may colour say where an edge runs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from cdst_ros.training.losses import local_extremes

#: A step is more than this share of the nearer depth, ...
STEP_SHARE = 0.03
#: ... more than so many sigma of the sensor, ...
STEP_SIGMAS = 5.0
#: ... and so many times what depth changes by beside it: a slope is no step.
STEP_SLOPES = 2.0
#: An edge of the teacher's is sharp: within 3x3 px it takes this share of the range of depth.
EDGE_SHARE = 0.5


def near_steps(depth: Tensor, valid: Tensor, sigma: Tensor, scale: int, reach: int) -> Tensor:
    """
    Return which output pixels (N, 1, sh, sw) lie within ``reach`` of a step, 0 or 1.

    A step lies between two measured pixels that are neighbours; the places where their blocks
    meet count as it. Nothing is a step where nothing beside it was measured.

    :param depth: (N, 1, h, w) [m]; does not matter where not ``valid``
    :param valid: (N, 1, h, w), 0 or 1
    :param sigma: the sensor's noise (N, 1, h, w) [m]
    """
    across = _meetings(_steps(depth, valid, sigma), scale)
    turned = [image.transpose(2, 3) for image in (depth, valid, sigma)]
    down = _meetings(_steps(turned[0], turned[1], turned[2]), scale).transpose(2, 3)
    return _within(torch.maximum(across, down), reach)


def around_edges(depth: Tensor, mask: Tensor, unit: Tensor, near: Tensor, reach: int) -> Tensor:
    """
    Return which pixels (N, 1, H, W) lie within ``reach`` of a sharp edge near a step, 0 or 1.

    An edge away from a step counts nowhere, not even where its surroundings meet the step's.

    :param depth: (N, 1, H, W) [m]; does not matter where the mask is 0
    :param mask: (N, 1, H, W), 0 or 1
    :param unit: the range of measured depth around (N, 1, H, W) [m]
    :param near: where an edge counts (N, 1, H, W), 0 or 1, as ``near_steps`` tells
    """
    highest, lowest = local_extremes(depth, mask)
    sharp = ((highest - lowest) > EDGE_SHARE * unit).to(depth.dtype) * mask
    return _within(sharp * near, reach)


def _within(beside: Tensor, reach: int) -> Tensor:
    """Return what lies within ``reach`` of an edge, given the pixels beside it, within 1."""
    return functional.max_pool2d(beside, 2 * reach - 1, 1, reach - 1)


def _steps(depth: Tensor, valid: Tensor, sigma: Tensor) -> Tensor:
    """Return between which pixels and their right neighbours there are steps (N, 1, h, w - 1)."""
    known = torch.where(valid > 0.5, depth, torch.zeros_like(depth))
    both = valid[..., 1:] * valid[..., :-1] > 0.5
    change = (known[..., 1:] - known[..., :-1]).abs()
    near = torch.minimum(known[..., 1:], known[..., :-1])
    noise = torch.maximum(sigma[..., 1:], sigma[..., :-1])
    large = change > torch.maximum(STEP_SHARE * near, STEP_SIGMAS * noise)
    unknown = torch.full_like(change, torch.inf)
    padded = functional.pad(torch.where(both, change, unknown), (1, 1), value=torch.inf)
    beside = torch.minimum(padded[..., :-2], padded[..., 2:])
    return (both & large & (change > STEP_SLOPES * beside)).to(depth.dtype)


def _meetings(steps: Tensor, scale: int) -> Tensor:
    """Return the output pixels on both sides of steps (N, 1, sh, sw)."""
    n, _, height, count = steps.shape
    met = steps.new_zeros(n, 1, scale * height, scale * (count + 1))
    tall = steps.repeat_interleave(scale, 2)
    met[..., scale - 1 : -1 : scale] = tall
    met[..., scale::scale] = torch.maximum(met[..., scale::scale], tall)
    return met
