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
"""Pictures for the training log."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from cdst_ros.training.data import Batch


def comparison(batch: Batch, floor: Tensor, ours: Tensor, rows: int = 4) -> Tensor:
    """
    Return LR, bicubic, ours and truth side by side, a row a sample.

    Each row is shaded from its truth's nearest depth (white) to its farthest (black).

    :param floor: the bicubic enlargement (N, 1, sh, sw) [m]
    :param ours: the network's (N, 1, sh, sw) [m]
    :return: (1, rows * sh, 4 * sw), 0 to 1
    """
    truth, mask = batch.truth[:rows], batch.truth_valid[:rows]
    side = truth.shape[-2:]
    low_res = functional.interpolate(batch.depth[:rows], size=side, mode='nearest')
    near = torch.where(mask > 0.5, truth, truth.new_tensor(torch.inf)).amin((1, 2, 3), True)
    far = truth.amax((1, 2, 3), True)
    images = torch.cat([low_res, floor[:rows], ours[:rows], truth], dim=3)
    shaded = 1.0 - (images - near) / (far - near).clamp(min=1e-6)
    return torch.cat(list(shaded.clamp(0.0, 1.0).unbind(0)), dim=1)
