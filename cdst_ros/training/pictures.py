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
    Return LR, bilinear, ours and truth side by side, a row a sample.

    Each row is shaded from its truth's nearest depth (white) to its farthest (black).

    :param floor: the bilinear enlargement (N, 1, sh, sw) [m]
    :param ours: the network's (N, 1, sh, sw) [m]
    :return: (1, rows * sh, 4 * sw), 0 to 1
    """
    truth = batch.truth[:rows]
    low_res = functional.interpolate(batch.depth[:rows], size=truth.shape[-2:], mode='nearest')
    images = torch.cat([low_res, floor[:rows], ours[:rows], truth], dim=3)
    return torch.cat(list(shaded(images, batch).unbind(0)), dim=1)


def shaded(images: Tensor, batch: Batch) -> Tensor:
    """
    Return depth images of the first samples of a batch in grey, 0 to 1.

    :param images: (n, 1, H, W) [m], of any size
    """
    truth, mask = batch.truth[: len(images)], batch.truth_valid[: len(images)]
    near = torch.where(mask > 0.5, truth, truth.new_tensor(torch.inf)).amin((1, 2, 3), True)
    far = truth.amax((1, 2, 3), True)
    return (1.0 - (images - near) / (far - near).clamp(min=1e-6)).clamp(0.0, 1.0)
