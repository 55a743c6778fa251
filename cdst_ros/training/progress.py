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
"""Progress: a bar on a terminal, a line a validation in a log."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar


class ProgressBar(RichProgressBar):
    """Lightning's bar, without the epochs and versions that an endless stream has none of."""

    def get_metrics(
        self, trainer: Trainer, pl_module: LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """Return the figures beside the bar."""
        figures = super().get_metrics(trainer, pl_module)
        figures.pop('v_num', None)
        return figures

    def _get_train_description(self, current_epoch: int) -> str:
        return 'Training'


class ProgressLines(Callback):
    """
    Writes step, speed and the newest figures.

    :param out: where to; None: the standard error output of the process
    """

    def __init__(self, out: TextIO | None = None) -> None:
        super().__init__()
        self._out = out
        self._began, self._first = 0.0, 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._began, self._first = time.monotonic(), trainer.global_step
        self._tell(trainer, f'training from step {self._first} to {trainer.max_steps}')

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write a line."""
        step = trainer.global_step
        speed = (step - self._first) / max(1e-9, time.monotonic() - self._began)
        figures = ', '.join(
            f'{name} {value.item():.4g}'
            for name, value in sorted(trainer.callback_metrics.items())
            if name.startswith(('loss', 'teaches/', 'val/'))
        )
        self._tell(trainer, f'step {step}, {speed:.3g} steps/s: {figures}')

    def _tell(self, trainer: Trainer, line: str) -> None:
        """Write a line, once where several processes train together."""
        if trainer.is_global_zero:
            print(line, file=self._out or sys.stderr, flush=True)


class ProgressFile(Callback):
    """
    Keeps a JSON file of ``step``, ``steps`` and ``loss``, for another process that watches.

    Where several processes train together, the first of them alone writes it.

    :param path: of the file; whoever reads it sees all of one moment
    :param period_s: it is written so often at most [s]
    """

    def __init__(self, path: Path, period_s: float = 0.5) -> None:
        super().__init__()
        self._path = path
        self._period_s = period_s
        self._told_s = -period_s

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell where it begins."""
        self._tell(trainer)

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        """Tell the step, from time to time."""
        if time.monotonic() - self._told_s >= self._period_s:
            self._tell(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell where it ends."""
        self._tell(trainer)

    def _tell(self, trainer: Trainer) -> None:
        if not trainer.is_global_zero:
            return
        self._told_s = time.monotonic()
        loss = trainer.callback_metrics.get('loss')
        values = {
            'step': trainer.global_step,
            'steps': trainer.max_steps,
            'loss': None if loss is None else round(float(loss), 6),
        }
        partial = self._path.with_name(self._path.name + '.partial')
        partial.write_text(json.dumps(values) + '\n', encoding='utf-8')
        os.replace(partial, self._path)
