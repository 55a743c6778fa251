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
"""Where an enlarged image is valid: the rule of ``superres/holes.py``, inside the graph."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from cdst_ros.models.grid import bilinear_numerators


class ValidContour(nn.Module):
    """
    Enlarge the mask of valid pixels along its contour, half-pixel grid.

    An output pixel is valid where the bilinear enlargement of the mask is at least a half, and
    its input pixel is valid itself or lies among valid ones that span no discontinuity. One
    convolution in whole numbers decides both, so it is exact on every engine and in bfloat16
    up to x8.

    :param scale: output pixels per input pixel, each way
    """

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        numerators = bilinear_numerators(scale)
        whole = float((2 * scale) ** 2)
        weights = torch.zeros(scale * scale, 2, 3, 3)
        weights[:, 0] = numerators
        # Where the input pixel may not be filled, no mask reaches the threshold.
        weights[:, 1, 1, 1] = whole
        self.weights: Tensor
        self.bias: Tensor
        self.register_buffer('weights', weights, persistent=False)
        bias = torch.full((scale * scale,), 1.0 - whole / 2 - whole)
        self.register_buffer('bias', bias, persistent=False)

    def forward(self, valid: Tensor, one_surface: Tensor) -> Tensor:
        """
        Return 1 where the output is valid, else 0.

        :param valid: (N, 1, h, w) float, 0 or 1
        :param one_surface: (N, 1, h, w) bool, see ``LocalDepth``
        :return: (N, 1, sh, sw) float, 0 or 1
        """
        usable = torch.maximum(valid, one_surface.to(valid.dtype))
        both = functional.pad(torch.cat([valid, usable], 1), [1, 1, 1, 1], mode='replicate')
        inside = functional.conv2d(both, self.weights, self.bias).clamp(0.0, 1.0)
        return functional.pixel_shuffle(inside, self.scale)
