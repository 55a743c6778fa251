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
A run that is asked to end, by Ctrl-C or by whoever ends processes: it keeps what it has learned.

A step that is cut short may leave weights of which some have moved and others not, so the first
signal waits for its end, where a checkpoint is written. A second one does not wait.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption(BaseException):
    """
    A run that was asked to end; the message says what is kept, and how to go on.

    No error, so that nothing on the way takes it for one and goes on.

    :param signum: what asked
    """

    def __init__(self, message: str, signum: int) -> None:
        super().__init__(message)
        self.signum = signum


class Asked:
    """
    Handles signals: noted while steps are made, else the run ends at once.

    :ivar signum: that was noted; 0: none
    """

    def __init__(self) -> None:
        self.signum = 0
        self._stepping = False
        self._deaf = False
        self._kept = 'before its first step: there is nothing to keep'
        self._process = os.getpid()

    def listen(self) -> None:
        """Handle the signals of this process, whoever did before."""
        self._process = os.getpid()
        if threading.current_thread() is threading.main_thread():
            for signum in _SIGNALS:
                signal.signal(signum, self)

    def step(self) -> None:
        """Note what comes from now on, for steps have begun."""
        self._stepping = True
        self._kept = (
            'within a step, which is lost: --resume goes on from the last checkpoint, if there is '
            'one'
        )

    def keep(self, step: int) -> None:
        """Let nothing cut short what is written now, at the end of a step."""
        self._deaf = True
        self._kept = f'at step {step}: go on with --resume'

    def interruption(self, signum: int) -> Interruption:
        """Return what to raise."""
        return Interruption(f'interrupted {self._kept}', signum)

    def __call__(self, signum: int, _frame: FrameType | None) -> None:
        """Note a signal, or raise."""
        if os.getpid() != self._process:
            self._in_worker(signum)
        elif self._stepping and not self.signum:
            self.signum = signum
            # Python may be amid a print, which can not be entered twice.
            os.write(2, b'ending with this step; once more to end at once\n')
        elif not self._deaf:
            raise self.interruption(signum)

    @staticmethod
    def _in_worker(signum: int) -> None:
        """Leave Ctrl-C, which all processes get, to the process that trains; else end."""
        if signum != signal.SIGINT:
            signal.signal(signum, signal.SIG_DFL)
            os.kill(os.getpid(), signum)


@contextmanager
def interruptible() -> Iterator[Asked]:
    """Handle the signals that ask a run to end, as long as it takes."""
    asked = Asked()
    before = {signum: signal.getsignal(signum) for signum in _SIGNALS}
    asked.listen()
    try:
        yield asked
    finally:
        if threading.current_thread() is threading.main_thread():
            for signum, handler in before.items():
                # None is one that Python did not install and can not put back.
                signal.signal(signum, signal.SIG_DFL if handler is None else handler)


class SaveOnSignal(Checkpoint):
    """
    Writes a checkpoint at the end of a step in which the run was asked to end, and ends it.

    As a checkpoint it comes after all that moves with a step.

    :param asked: what handles the signals
    :param path: of the checkpoint
    """

    def __init__(self, asked: Asked, path: Path) -> None:
        super().__init__()
        self._asked = asked
        self._path = path

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Handle the signals in place of Lightning, which has handlers of its own."""
        self._asked.listen()
        self._asked.step()

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        """End the run if it was asked to, all processes at the same step."""
        if trainer.strategy.reduce_boolean_decision(bool(self._asked.signum), all=False):
            self._asked.keep(trainer.global_step)
            trainer.save_checkpoint(self._path, weights_only=False)
            raise self._asked.interruption(self._asked.signum or signal.SIGINT)
