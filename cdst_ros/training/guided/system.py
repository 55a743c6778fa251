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
The training of a network that looks at colour as well.

Each branch is trained on its own output and sigma, as a network for super-resolution is, and the
fusion on the output. The branch of depth alone learns as if it were alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from cdst_ros.models.guided import GuidedSR
from cdst_ros.training.data import Batch
from cdst_ros.training.guided.config import GuidedConfig
from cdst_ros.training.guided.disturbance import disturbed, shifted
from cdst_ros.training.losses import masked_mean
from cdst_ros.training.system import Step, SuperResSystem


class GuidedSystem(SuperResSystem):
    """
    Trains ``GuidedSR``.

    :param config: a ``TrainConfig`` as plain values, with a section ``guided``
    """

    network: GuidedSR
    average: GuidedSR

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        if self.guided.frozen:
            self.network.alone.requires_grad_(False)

    @property
    def guided(self) -> GuidedConfig:
        """The section of the configuration."""
        assert self.config.guided is not None
        return self.config.guided

    def step(self, batch: Batch) -> Step:
        """Return the losses of both branches and of what is made of them."""
        assert batch.rgb is not None
        rgb = disturbed(batch.rgb, self.guided)
        found = self.network.branches(batch.depth, batch.valid, rgb)
        colored = found.valid * found.colored
        weights = self.weigh(batch)
        losses = self.errors(batch, weights, *found.fused, colored)
        if self.guided.estimation > 0:
            of_estimate = self.errors(batch, weights, *found.estimate, colored)
            losses.update({
                f'estimation_{name}': self.guided.estimation * loss
                for name, loss in of_estimate.items()
            })  # fmt: skip
        if not self.guided.frozen:
            of_alone = self.errors(batch, weights, *found.alone, found.valid)
            losses.update({f'alone_{name}': loss for name, loss in of_alone.items()})
        figures = {'fusion/weight_alone': masked_mean(found.weight.detach(), colored)}
        return Step(losses, figures)

    def predict(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the average weights make of a batch with its colour."""
        assert batch.rgb is not None
        found: tuple[Tensor, Tensor, Tensor] = self.average(batch.depth, batch.valid, batch.rgb)
        return found

    def configure_gradient_clipping(self, *_: Any, **__: Any) -> None:
        """Clip the branch of depth alone alone: it shall learn as it would without the other."""
        self.clip(self.network.alone.parameters())
        rest = (self.network.estimation, self.network.fusion)
        self.clip([p for part in rest for p in part.parameters()])

    def _validate(self, batch: Batch, index: int) -> None:
        """Log what is gained: beside the output, depth alone, and colour that lies beside it."""
        super()._validate(batch, index)
        assert batch.rgb is not None
        offset = torch.full((len(batch.rgb), 2), self.guided.shift).to(batch.rgb)
        beside = shifted(batch.rgb, offset)
        found = {
            'alone': self.average.alone(batch.depth, batch.valid)[0],
            'shifted': self.average(batch.depth, batch.valid, beside)[0],
        }
        for name, depth_hr in found.items():
            figures = self.against_truth(name, depth_hr, batch)
            self.log_dict(figures, batch_size=len(batch.depth), add_dataloader_idx=False)
