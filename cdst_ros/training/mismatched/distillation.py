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
Distillation in affinity space: what lies together in depth shall look alike to depth estimation.

Paper B (arXiv 2109.11573) draws the features of depth estimation to those of the reconstruction
network in affinity space. The affinities are those of ``transfer/affinity.py``; that features
where no depth was measured have no part in them is ours.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from cdst_ros.training.losses import masked_mean
from cdst_ros.training.transfer.affinity import alike_in_size, grid_affinity, local_affinity

_NEARLY_ALL = 1 - 1e-4


def grid_loss(teacher: Tensor, student: Tensor, valid: Tensor, cells: int) -> Tensor:
    """
    Return the mean squared difference (scalar) of affinities between the cells of a grid.

    A pair counts where both cells hold a known position.

    :param teacher: (N, C, h, w); gets no gradient
    :param student: (N, C', h', w')
    :param valid: (N, 1, H, W), 0 or 1: where depth was measured, of any size that covers the same
    """
    teacher, student, known = _on_one_grid(teacher, student, valid)
    apart = [grid_affinity(_at_mean(side, known), cells) for side in (teacher, student)]
    size = (min(cells, known.shape[2]), min(cells, known.shape[3]))
    held = (functional.adaptive_avg_pool2d(known, size) > 0).to(known.dtype).flatten(2)
    return masked_mean((apart[0] - apart[1]) ** 2, held.transpose(1, 2) @ held)


def local_loss(teacher: Tensor, student: Tensor, valid: Tensor, window: int) -> Tensor:
    """
    Return the mean squared difference (scalar) of affinities of positions and their neighbours.

    A pair counts where both positions are known. Parameters as in ``grid_loss``.

    :param window: width of the neighbourhood, odd [px]
    """
    teacher, student, known = _on_one_grid(teacher, student, valid)
    filled = [_at_local_mean(side, known, window) for side in (teacher, student)]
    apart = local_affinity(filled[0], window) - local_affinity(filled[1], window)
    return masked_mean(apart**2, _neighbours(known, window))


def _on_one_grid(teacher: Tensor, student: Tensor, valid: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return both features at the size of the smaller, and where depth is known throughout."""
    teacher, student = alike_in_size(teacher.detach().float(), student.float())
    height, width = teacher.shape[2:]
    share = functional.adaptive_avg_pool2d(valid, (height, width))
    return teacher, student, (share > _NEARLY_ALL).to(valid.dtype)


def _at_mean(features: Tensor, known: Tensor) -> Tensor:
    """Return features with the mean of the known ones where they are unknown: it says nothing."""
    kept = torch.where(known > 0.5, features, torch.zeros_like(features))
    count = known.sum((2, 3), keepdim=True).clamp(min=1.0)
    return torch.where(known > 0.5, kept, kept.sum((2, 3), keepdim=True) / count)


def _at_local_mean(features: Tensor, known: Tensor, window: int) -> Tensor:
    """Return likewise, with the mean of the known ones of the window around; 0 without any."""
    kept = torch.where(known > 0.5, features, torch.zeros_like(features))
    around, share = (
        functional.avg_pool2d(image, window, 1, window // 2) for image in (kept, known)
    )
    return torch.where(known > 0.5, kept, around / share.clamp(min=1 / window**2))


def _neighbours(known: Tensor, window: int) -> Tensor:
    """Return where both ends of each pair of ``local_affinity`` are known, 0 or 1."""
    reach = window // 2
    height, width = known.shape[2:]
    there = functional.unfold(known, window, padding=reach)
    there = there.view(len(known), window * window, height, width)
    return there[:, window * window // 2 + 1 :] * known
