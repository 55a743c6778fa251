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
"""Pictures of the joint training for its log."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from cdst_ros.training.data import Batch
from cdst_ros.training.pictures import shaded


def joint_picture(
    batch: Batch, sr: Tensor, de: Tensor, logits: Tensor | None, rows: int = 4
) -> Tensor:
    """
    Return colour, LR, D_sr, D_de, truth and structure side by side, a row a sample.

    :param sr: what super-resolution makes of the input (N, 1, sh, sw) [m]
    :param de: what depth estimation makes of the picture, likewise
    :param logits: of the structure map, where there is one
    :return: (3, rows * sh, 5 or 6 times sw), 0 to 1
    """
    assert batch.rgb is not None
    low = functional.interpolate(batch.depth[:rows], size=batch.truth.shape[-2:], mode='nearest')
    depths = torch.cat([low, sr[:rows], de[:rows], batch.truth[:rows]], 3)
    images = [batch.rgb[:rows], shaded(depths, batch).expand(-1, 3, -1, -1)]
    if logits is not None:
        images.append(torch.sigmoid(logits[:rows]).expand(-1, 3, -1, -1))
    return torch.cat(list(torch.cat(images, 3).clamp(0.0, 1.0).unbind(0)), 1)
