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
"""Cross-task distillation in output space, L_P: side outputs of both networks drawn together."""

from __future__ import annotations

import torch
from torch import Tensor

from cdst_ros.training.losses import masked_mean


def output_loss(
    error_sr: Tensor,
    error_de: Tensor,
    teaches: Tensor,
    unit: Tensor,
    mask: Tensor,
    *,
    teacher: bool = True,
) -> Tensor:
    """
    Return the mean distance (scalar) of each student from its teacher.

    Paper A, figure 2: the depth maps of block k of both networks are drawn together; that the
    distance is L1 is ours. The difference of two maps is that of their errors, so errors are what
    comes in. The gradient stops at the teacher.

    :param error_sr: depth minus truth of super-resolution (N, 1, H, W) [m]
    :param error_de: of depth estimation, likewise
    :param teaches: 1 where depth estimation teaches, else 0; broadcasts to (N, 1, H, W)
    :param unit: what counts as a difference of one [m], (N, 1, 1, 1)
    :param mask: (N, 1, H, W), 0 or 1
    :param teacher: False puts the truth in the teacher's place, with the same weighting
    """
    to_sr, to_de = error_sr, error_de
    if teacher:
        to_sr, to_de = error_sr - error_de.detach(), error_de - error_sr.detach()
    return masked_mean(torch.where(teaches > 0.5, to_sr, to_de).abs() / unit, mask)
