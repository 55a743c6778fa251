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
Cross-task distillation in affinity space, L_A: which positions look alike to either network.

Features are centred before they are compared: after a rectifier all of them point the same way,
and uncentred cosines are near 1 whatever the image shows. Features of two networks differ in width
and meaning; their affinities do not. How positions are chosen is not known of the paper; both ways
here are ours.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from cdst_ros.models.local import exactly
from cdst_ros.training.losses import masked_mean

_FLOOR = 1e-3
_LEAST = 1e-12


def grid_affinity(features: Tensor, cells: int) -> Tensor:
    """
    Return centred cosines between all cells of a grid over the image (N, cells**2, cells**2).

    Features are averaged in each cell; their mean over the image is taken off. Where their size is
    no multiple of the grid's, cells overlap by a row or a column, and neighbours look more alike.

    :param features: (N, C, h, w); a grid finer than they are is as coarse as they are
    """
    with exactly(features):
        size = (min(cells, features.shape[2]), min(cells, features.shape[3]))
        pooled = functional.adaptive_avg_pool2d(features.float(), size).flatten(2)
        unit = _unit_length(pooled - pooled.mean(2, keepdim=True))
        return unit.transpose(1, 2) @ unit


def local_affinity(features: Tensor, window: int) -> Tensor:
    """
    Return centred cosines of each position and its neighbours (N, (window**2 - 1) / 2, h, w).

    The mean over the window around it is taken off each position. A cosine is the same from both
    ends, so half of the neighbours, those after it in reading order, hold them all. Beyond the
    border all is 0.

    :param features: (N, C, h, w)
    :param window: width of the neighbourhood, odd [px]
    """
    with exactly(features):
        features, reach = features.float(), window // 2
        around = functional.avg_pool2d(features, window, 1, reach, count_include_pad=False)
        unit = _unit_length(features - around)
        height, width = unit.shape[2:]
        padded = functional.pad(unit, [reach] * 4)
        offsets = [
            (down, right)
            for down in range(reach + 1)
            for right in range(-reach, reach + 1)
            if (down, right) > (0, 0)
        ]
        there = [
            padded[:, :, reach + v : reach + v + height, reach + u : reach + u + width]
            for v, u in offsets
        ]
        return torch.stack([(unit * other).sum(1) for other in there], 1)


def affinity_loss(sr: Tensor, de: Tensor, teaches: Tensor, counts: Tensor) -> Tensor:
    """
    Return the mean squared difference (scalar) of affinities, with a gradient to the taught side.

    Paper A, figure 2: the affinities of block k of both networks are drawn together; that the
    distance is squared is ours. The gradient stops at the teacher. Positions in holes count as all
    others: an affinity is of what the networks see there, not of a truth.

    :param sr: of super-resolution, (N, ...)
    :param de: of depth estimation, of the same shape
    :param teaches: (N, 1, 1, 1), or (1, 1, 1, 1) for all: 1 where depth estimation teaches, else 0
    :param counts: (N,), 1 for samples that count, else 0
    """
    others = [1] * (sr.dim() - 1)
    roles = teaches.view(-1, *others) > 0.5
    apart = torch.where(roles, sr - de.detach(), sr.detach() - de) ** 2
    return masked_mean(apart, counts.view(-1, *others).expand_as(apart))


def alike_in_size(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """
    Return two feature maps at the size of the smaller: the other's pixels are averaged.

    :param one: (N, C, h, w)
    :param other: (N, D, i, j); both are returned with min(h, i) rows and min(w, j) columns
    """
    size = (min(one.shape[2], other.shape[2]), min(one.shape[3], other.shape[3]))
    return _averaged(one, size), _averaged(other, size)


def _averaged(features: Tensor, size: tuple[int, int]) -> Tensor:
    if features.shape[2:] == size:
        return features
    return functional.adaptive_avg_pool2d(features, size)


def _unit_length(features: Tensor) -> Tensor:
    """
    Return features (N, C, ...) of unit length in C.

    What is nearly as short as rounding beside the sample's others stays short: where nothing
    varies there is nothing to be alike.
    """
    energy = (features**2).sum(1, keepdim=True)
    mean = energy.flatten(1).mean(1).view(-1, *[1] * (energy.dim() - 1))
    return features / (energy + _FLOOR * mean + _LEAST).sqrt()
