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
What colour may be like when it runs: absent, in part unseen, beside depth, of another camera.

Pictures are (N, 3, H, W), 0 to 1, and unknown where all three channels are 0. Random numbers are
torch's own, whose state a checkpoint keeps.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from cdst_ros.training.guided.config import GuidedConfig
from cdst_ros.training.seen import seen_in

#: What is known is never black altogether, for that says unknown.
LEAST = 1.0 / 255.0
#: Cells across and down that patches are made of.
_CELLS = (3, 9)


def disturbed(rgb: Tensor, config: GuidedConfig) -> Tensor:
    """Return pictures with everything that ``config`` says, drawn anew for each."""
    count = len(rgb)
    if config.tinted:
        rgb = tinted(rgb, config.tinted)
    if config.shifted and config.shift:
        offset = (2 * torch.rand(count, 2) - 1) * config.shift
        offset = offset * (torch.rand(count, 1) < config.shifted)
        rgb = shifted(rgb, offset.to(rgb))
    if config.patched:
        share = torch.rand(count) * config.patches * (torch.rand(count) < config.patched)
        rgb = patched(rgb, share.to(rgb))
    seen = (torch.rand(count) >= config.blind).to(rgb)
    return rgb * seen[:, None, None, None]


def shifted(rgb: Tensor, offset: Tensor) -> Tensor:
    """
    Return pictures moved right and down; unknown where what is not known has a part.

    :param offset: (N, 2) [px]
    """
    if not bool(offset.any()):
        return rgb
    count, _, height, width = rgb.shape
    size = rgb.new_tensor([width, height])
    turn = torch.eye(2, 3).to(rgb).repeat(count, 1, 1)
    turn[:, :, 2] = -2 * offset / size
    grid = functional.affine_grid(turn, list(rgb.shape), align_corners=False)
    both = torch.cat([rgb, seen_in(rgb)], 1)
    moved = functional.grid_sample(both, grid, align_corners=False)
    # Sampling between pixels that are all known may round to a little less than one.
    known = moved[:, 3:] > 0.999
    return torch.where(known, moved[:, :3].clamp(LEAST, 1.0), torch.zeros_like(rgb))


def patched(rgb: Tensor, share: Tensor) -> Tensor:
    """
    Return pictures of which patches are unknown.

    :param share: (N,), of each that is, on average
    """
    count, _, height, width = rgb.shape
    cells = int(torch.randint(*_CELLS, ()))
    lost = (torch.rand(count, 1, cells, cells) < share.view(-1, 1, 1, 1).cpu()).to(rgb)
    return rgb * (1 - functional.interpolate(lost, size=(height, width), mode='nearest'))


def tinted(rgb: Tensor, strength: float) -> Tensor:
    """
    Return pictures as other cameras and lights might have given them.

    :param strength: of the change of each channel's brightness and of all channels' gamma
    """
    count = len(rgb)
    gain = 1 + strength * (2 * torch.rand(count, 3, 1, 1) - 1).to(rgb)
    gamma = torch.exp(strength * (2 * torch.rand(count, 1, 1, 1) - 1)).to(rgb)
    changed = (gain * rgb.clamp(LEAST, 1.0) ** gamma).clamp(LEAST, 1.0)
    return changed * seen_in(rgb)
