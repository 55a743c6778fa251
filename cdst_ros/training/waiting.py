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
"""How much of a training is spent waiting for data."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from cdst_ros.training.data import Batch


class TimedLoader:
    """
    Batches, and how long was waited for them.

    :param batches: a loader
    """

    def __init__(self, batches: Iterable[Batch]) -> None:
        self.batches = batches
        #: Seconds that were waited so far.
        self.waited = 0.0

    def __iter__(self) -> Iterator[Batch]:
        iterator = iter(self.batches)
        while True:
            begun = time.perf_counter()
            batch = next(iterator, None)
            self.waited += time.perf_counter() - begun
            if batch is None:
                return
            yield batch


class WaitShare(Callback):
    """
    Logs ``data/wait_share``: of the time since the last point of the curve, the share waited.

    Time that validation and checkpoints take is left out.
    """

    def __init__(self) -> None:
        self._loader = TimedLoader(())
        self._begun = time.perf_counter()
        self._worked = 0.0
        self._waited = 0.0

    def on_train_start(self, trainer: Trainer, *_: Any) -> None:
        """Begin to count: what starting the workers takes is no waiting for data."""
        loader = trainer.train_dataloader
        assert isinstance(loader, TimedLoader)
        self._loader = loader
        self._restart()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Log the share with the other figures of the curve."""
        self._worked += time.perf_counter() - self._begun
        self._begun = time.perf_counter()
        if trainer.global_step % max(trainer.log_every_n_steps, 1) == 0:  # type: ignore[attr-defined]
            waited = self._loader.waited - self._waited
            pl_module.log('data/wait_share', waited / max(self._worked, 1e-9))
            self._restart()

    def on_validation_end(self, *_: Any) -> None:
        """Leave its time out."""
        self._begun = time.perf_counter()

    def _restart(self) -> None:
        self._begun = time.perf_counter()
        self._worked = 0.0
        self._waited = self._loader.waited
