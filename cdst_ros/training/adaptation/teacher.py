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

"""Depth estimation from colour, told what is measured: what teaches while a network adapts."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from cdst_ros.models.de import DENet
from cdst_ros.training.seen import seen_in
from cdst_ros.training.transfer.units import CropUnits

#: Of a picture that shows nothing, noise is not made one.
_LEAST_DEVIATION = 0.02


class Estimate(NamedTuple):
    """Depth, and the scale of its error, (N, 1, H, W) each [m]."""

    depth: Tensor
    doubt: Tensor


class Teacher(nn.Module):
    """
    ``DENet`` in units of measured depth, and of the picture's own brightness.

    :param prompted: whether it is shown depth beside colour, and adds to that
    :param estimation: what ``DENet`` takes
    """

    def __init__(self, prompted: bool, **estimation: Any) -> None:
        super().__init__()
        self.prompted = prompted
        self.estimation = DENet(channels=4 if prompted else 3, **estimation)

    def forward(self, rgb: Tensor, units: CropUnits, prompt: Tensor) -> Estimate:
        """
        Estimate a batch.

        :param rgb: (N, 3, H, W), 0 to 1; 0 where nothing is seen
        :param units: of measured depth
        :param prompt: (N, 1, H, W) [m], the mean of ``units`` where nothing is known
        """
        image, base = in_own_units(rgb), units.mean
        if self.prompted:
            image, base = torch.cat([image, (prompt - units.mean) / units.spread], 1), prompt
        # The network takes what is shown for 0 to 1.
        found = self.estimation((image + 0.5).contiguous(memory_format=torch.channels_last))
        return Estimate(
            base + units.spread * found.depth.float(),
            units.spread * found.log_scale.float().exp(),
        )


def in_own_units(rgb: Tensor) -> Tensor:
    """Return pictures of mean 0 and deviation 1 where they are seen, 0 elsewhere."""
    seen = seen_in(rgb)
    places, count = (1, 2, 3), 3 * seen.sum((1, 2, 3), keepdim=True).clamp(min=1.0)
    centred = (rgb - (rgb * seen).sum(places, keepdim=True) / count) * seen
    deviation = ((centred**2).sum(places, keepdim=True) / count).sqrt()
    return centred / (deviation + _LEAST_DEVIATION)
