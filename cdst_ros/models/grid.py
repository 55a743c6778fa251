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
"""The fixed weights that carry a neighbourhood of input pixels to the output pixels in it."""

from __future__ import annotations

import torch
from torch import Tensor


def bilinear_numerators(scale: int) -> Tensor:
    """
    Return the bilinear weights of a half-pixel grid times ``(2 scale)**2``: whole numbers.

    Output pixel k of an input pixel lies ``(k + 0.5) / scale - 0.5`` input pixels from it, so
    its weights are multiples of ``1 / (2 scale)``. Whole numbers keep comparisons with a half
    exact in every arithmetic.

    :return: (scale**2, 3, 3), output pixels row by row as PixelShuffle lays them
    """
    # 2 scale times the offset of each output pixel.
    offsets = 2 * torch.arange(scale) + 1 - scale
    before, after = (-offsets).clamp(min=0), offsets.clamp(min=0)
    line = torch.stack([before, 2 * scale - before - after, after], dim=1)
    square = line[:, None, :, None] * line[None, :, None, :]
    return square.reshape(scale * scale, 3, 3).to(torch.float32)


def one_hot_kernels(size: int) -> Tensor:
    """
    Return the kernels (size**2 - 1, 1, size, size) that pick each neighbour, row by row.

    As a convolution, picking is exact and runs fast on every engine.
    """
    count = size * size
    kernels = torch.eye(count).reshape(count, 1, size, size)
    return torch.cat([kernels[: count // 2], kernels[count // 2 + 1 :]])
