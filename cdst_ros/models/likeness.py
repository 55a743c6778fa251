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
"""Which of the samples about an output pixel colour says it belongs to."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Colours that differ by much less than this, 0 to 1, tell nothing; our choice.
_ALIKE = 0.02


class Likeness(nn.Module):
    """
    Compare the colour of every output pixel with that of the input pixels about it.

    A sample of depth has the mean of the known colours of its block, as in joint bilateral
    upsampling (Kopf et al., SIGGRAPH 2007). What counts is how much nearer one mean lies than
    the other, as a share of both distances: so contrast and brightness matter little.

    :param scale: output pixels per input pixel, each way; even
    """

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.picks: Tensor
        self.register_buffer('picks', _picks(scale), persistent=False)

    def forward(self, rgb: Tensor, colored: Tensor) -> Tensor:
        """
        Return (N, 2 * scale**2, h, w), -1 to 1: across, and down.

        1: of the colour of the neighbour there; -1: of that of its own block; 0: nobody knows.

        :param rgb: (N, 3, sh, sw), 0 where not known
        :param colored: (N, 1, sh, sw), 1 where it is, else 0
        """
        count = self.scale * self.scale
        share = functional.avg_pool2d(colored, self.scale)
        mean = functional.avg_pool2d(rgb, self.scale) / share.clamp(min=0.5 / count)
        known = (share > 0).to(rgb.dtype)
        means = functional.pad(torch.cat([mean, known], 1), [1, 1, 1, 1], mode='replicate')
        # Channel by channel: engines are slow where an image has five dimensions.
        red, green, blue = (
            self._distances(rgb[:, c : c + 1], means[:, c : c + 1]) for c in range(3)
        )
        distances = (red + green + blue) * (1 / 3)
        own, across, down = distances.chunk(3, 1)
        there = functional.conv2d(means[:, 3:], self.picks[count:])
        likeness = (torch.cat([own - across, own - down], 1)) / (
            torch.cat([own + across, own + down], 1) + _ALIKE
        )
        seen = functional.pixel_unshuffle(colored, self.scale)
        return likeness * there * torch.cat([seen, seen], 1)

    def _distances(self, image: Tensor, mean: Tensor) -> Tensor:
        """
        Return how far a channel is from its means (N, 3 * scale**2, h, w): own, across, down.

        :param image: (N, 1, sh, sw)
        :param mean: of each block and those around the image, (N, 1, h + 2, w + 2)
        """
        folded = functional.pixel_unshuffle(image, self.scale)
        return (torch.cat([folded] * 3, 1) - functional.conv2d(mean, self.picks)).abs()


def _picks(scale: int) -> Tensor:
    """
    Return kernels (3 * scale**2, 1, 3, 3).

    They pick, for every output pixel, its own block, that across and that down.
    """
    before = torch.arange(scale) < scale // 2
    step = torch.where(before, -1, 1)
    down, across = step.repeat_interleave(scale), step.repeat(scale)
    place = torch.stack([torch.zeros_like(down), across, 3 * down]).flatten() + 4
    return functional.one_hot(place, 9).float().reshape(-1, 1, 3, 3)
