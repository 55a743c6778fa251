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
Who teaches: the network that is nearer to the truth.

That the roles of teacher and student are exchanged between the two tasks is the paper's; that the
nearer one teaches, and over what the two are compared, is our choice.
"""

from __future__ import annotations

import torch
from torch import Tensor

from cdst_ros.training.losses import mean_of_ranks


def estimation_teaches(error_sr: Tensor, error_de: Tensor, mask: Tensor, extent: str) -> Tensor:
    """
    Return 1 where depth estimation is nearer to the truth than super-resolution, else 0.

    :param error_sr: of super-resolution (N, 1, H, W), any unit and sign
    :param error_de: of depth estimation, likewise
    :param mask: (N, 1, H, W), 0 or 1: the pixels that count
    :param extent: over which one decision is made: ``pixel`` (N, 1, H, W), ``sample``
        (N, 1, 1, 1), or ``iteration`` (1, 1, 1, 1), which is one for all ranks
    """
    gain = torch.where(mask > 0.5, error_sr.abs() - error_de.abs(), torch.zeros_like(error_sr))
    gain = gain.detach()
    if extent == 'sample':
        gain = gain.sum((1, 2, 3), keepdim=True)
    elif extent == 'iteration':
        gain = mean_of_ranks(gain.sum()).view(1, 1, 1, 1)
    return (gain > 0).to(error_sr.dtype)
