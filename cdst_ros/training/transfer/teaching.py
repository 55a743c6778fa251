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
"""Whether depth estimation has taught anything, told at the end of a training."""

from __future__ import annotations

import sys
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from cdst_ros.training.data import Batch
from cdst_ros.training.transfer.config import DEAD_SHARE, TransferConfig

_PREFIX = 'teaches/'


class TeachingShare(Callback):
    """
    Says once, at the end, where the transfer to super-resolution was dead whatever it weighs.

    Steps before the transfer begins do not count, nor those before a run was resumed, nor those
    whose samples have no picture, nor the control without a teacher.

    :param transfer: what of the transfer the run does
    """

    def __init__(self, transfer: TransferConfig) -> None:
        super().__init__()
        self._transfer = transfer
        self._sums: dict[str, Tensor] = {}
        self._count = 0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, *_: Any
    ) -> None:
        """Add up the shares of a step."""
        pictured = batch.has_rgb is not None and bool(batch.has_rgb.any())
        if trainer.global_step <= self._transfer.begin or not pictured:
            return
        self._count += 1
        for name, share in trainer.callback_metrics.items():
            if name.startswith(_PREFIX):
                before = self._sums.get(name)
                self._sums[name] = share if before is None else before + share

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say it."""
        for name, share in self.shares().items():
            of_a_teacher = self._transfer.teacher or name != f'{_PREFIX}output'
            if trainer.is_global_zero and share < DEAD_SHARE and of_a_teacher:
                print(
                    f'{name} was {share:.3f} in the mean of {self._count} steps: depth estimation '
                    f'taught in less than {DEAD_SHARE:.0%} of decisions, so nothing of it reached '
                    'super-resolution that way (docs/transfer.md, Who teaches)',
                    file=sys.stderr,
                )

    def shares(self) -> dict[str, float]:
        """Return the mean shares of decisions in which depth estimation taught, by their names."""
        return {name: total.item() / self._count for name, total in self._sums.items()}
