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
"""Measured depth enlarged as if it were the truth: what a training does that knows no better."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

#: Bicubic interpolation reads no pixel farther away, each way [LR px].
_REACH = 2


def as_truth(depth: Tensor, valid: Tensor, scale: int) -> tuple[Tensor, Tensor]:
    """
    Return bicubically enlarged depth (N, 1, sh, sw) [m], and where it was made of known pixels.

    :param depth: (N, 1, h, w) [m]; does not matter where not ``valid``
    :param valid: (N, 1, h, w), 0 or 1
    """
    known = torch.where(valid > 0.5, depth, torch.zeros_like(depth))
    large = functional.interpolate(known, scale_factor=scale, mode='bicubic')
    holes = functional.max_pool2d(1 - valid, 2 * _REACH + 1, 1, _REACH)
    return large, functional.interpolate(1 - holes, scale_factor=scale, mode='nearest')
