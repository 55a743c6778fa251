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
"""Run a training from its configuration to its last checkpoint."""

from __future__ import annotations

import logging
import math
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from cdst_ros.training.adaptation.system import AdaptationSystem
from cdst_ros.training.checkpoint import completed_steps
from cdst_ros.training.config import ConfigError, TrainConfig
from cdst_ros.training.guided.system import GuidedSystem
from cdst_ros.training.interruption import Asked, SaveOnSignal, interruptible
from cdst_ros.training.loading import Loaders, validation
from cdst_ros.training.mismatched.system import MismatchedSystem
from cdst_ros.training.origin import recordings_of
from cdst_ros.training.progress import ProgressBar, ProgressFile, ProgressLines
from cdst_ros.training.start import (
    gain_of,
    identity,
    load_estimation,
    load_start,
    require_resumable,
)
from cdst_ros.training.system import SuperResSystem, TrainingError
from cdst_ros.training.transfer.system import TransferSystem
from cdst_ros.training.untrained import refuse_untrained
from cdst_ros.training.waiting import WaitShare

#: The newest checkpoint of a run, in its folder.
LAST = 'last.ckpt'
# What decides what a training gives; a change there not yet committed is said in its metadata.
_ROOMS = ('models', 'training', 'synthetic', 'depth')


def train(
    config: TrainConfig,
    *,
    resume: Path | None = None,
    command: str = '',
    progress: Path | None = None,
) -> Path:
    """
    Train, and return the last checkpoint.

    :param config: the run; it writes to ``config.folder``
    :param resume: checkpoint to go on from, on the same curve
    :param command: what was typed, for the model's metadata
    :param progress: JSON file to keep of the step, for another process that watches
    :raises ConfigError: when the run's folder is taken, ``resume`` is no checkpoint of it, or the
        configuration can not be trained as it is, here or anywhere
    :raises TrainingError: when it can not go on
    :raises Interruption: when it was asked to end by a signal; what it has learned is kept
    """
    with interruptible() as asked:
        return _train(config, resume, command, progress, asked)


def _train(
    config: TrainConfig, resume: Path | None, command: str, progress: Path | None, asked: Asked
) -> Path:
    last = config.folder / LAST
    refuse_untrained(config)
    if resume is None and last.exists():
        raise ConfigError(
            f'{config.folder} holds a run already: go on with --resume, give it another '
            'name=..., or remove the folder'
        )
    start = 0 if resume is None else completed_steps(resume)
    torch.set_num_threads(config.threads)
    system = system_of(config)
    if resume is not None:
        require_resumable(resume, system.state_dict())
        if start >= config.max_steps:
            return _done_already(config, start, resume)
    system.provenance = {'commit': current_commit(), 'command': command}
    if config.start is not None:
        system.provenance['start'] = identity(config.start)
        if resume is None:
            load_start(system.network, config.start)
            system.average.load_state_dict(system.network.state_dict())
        if config.guided is not None and config.guided.frozen:
            system.provenance['alone_gain'] = gain_of(config.start)
    if isinstance(system, TransferSystem) and system.transfer.start and resume is None:
        load_estimation(system.auxiliary, system.transfer.start)
    if isinstance(system, AdaptationSystem) and system.adaptation.start and resume is None:
        load_estimation(system.teacher, system.adaptation.start, 'adaptation')
    learned_from = recordings_of(config.data)
    if learned_from:
        system.provenance['recordings'] = learned_from
    watched = validation(config)
    system.scene_folders = watched.folders
    if config.stop is not None and config.stop.watch not in system.watchable:
        raise ConfigError(
            f'stop.watch: {config.stop.watch} is no figure of this validation; there are: '
            f'{", ".join(system.watchable)}'
        )
    callbacks = [*_callbacks(config), SaveOnSignal(asked, last)]
    if progress is not None:
        callbacks.append(ProgressFile(progress))
    with _quiet():
        trainer = _trainer(config, start, callbacks)
        loaders = Loaders(config, start, watched)
        trainer.fit(system, datamodule=loaders, ckpt_path=resume, weights_only=True)
    return last


def _done_already(config: TrainConfig, start: int, resume: Path) -> Path:
    """Say that a run has nothing left to do, and return its last checkpoint."""
    print(
        f'{resume} has all its steps behind it, {start} of max_steps={config.max_steps}: '
        'to go on, raise max_steps',
        file=sys.stderr,
    )
    last = config.folder / LAST
    if resume.resolve() != last.resolve():
        last.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(resume, last)
    return last


def system_of(config: TrainConfig) -> SuperResSystem:
    """
    Return what trains a configuration, with its initial weights.

    :raises ConfigError: when a network does not take its options
    """
    seed_everything(config.seed, verbose=False)
    try:
        return _system_of(config)
    except ConfigError:
        raise
    except (TypeError, ValueError) as error:
        raise ConfigError(f'a network can not be made as it is configured: {error}') from error


def _system_of(config: TrainConfig) -> SuperResSystem:
    values = config.to_dict()
    if config.mismatched is not None:
        return MismatchedSystem(values)
    if config.guided is not None:
        return GuidedSystem(values)
    if config.adaptation is not None:
        return AdaptationSystem(values)
    return SuperResSystem(values) if config.transfer is None else TransferSystem(values)


def current_commit() -> str:
    """Return this repository's commit, ``+changes`` when what trains is not committed, or ''."""
    folder = Path(__file__).parent.parent
    head = _git(folder, 'rev-parse', '--short=12', 'HEAD')
    if not head:
        return ''
    return head + ('+changes' if _git(folder, 'status', '--porcelain', '--', *_ROOMS) else '')


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ['git', '-C', str(folder), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return ''
    return done.stdout.strip() if done.returncode == 0 else ''


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning to its errors: its advice is about choices that are made on purpose here."""
    logger = logging.getLogger('lightning.pytorch')
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        logger.setLevel(level)


class SaveLast(Callback):
    """Saves the run's last checkpoint when it ends, in every process as checkpoints want it."""

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save it."""
        assert isinstance(pl_module, SuperResSystem)
        trainer.save_checkpoint(pl_module.config.folder / LAST, weights_only=False)


class StopEarly(EarlyStopping):
    """Ends a run whose validation gets no better, and says so; or fails where it is no number."""

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """
        Look at the figure.

        :raises TrainingError: when it is not finite
        """
        value = trainer.callback_metrics[self.monitor].item()
        if not math.isfinite(value):
            raise TrainingError(
                f'{self.monitor} is {value} at step {trainer.global_step}: nothing of it gets '
                'better any more. Lower optimiser.learning_rate, or use precision=32-true'
            )
        super().on_validation_end(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell why it ended before its last step."""
        if trainer.is_global_zero and self.wait_count >= self.patience:
            print(
                f'stopped at step {trainer.global_step}: {self.monitor} has not fallen for '
                f'{self.patience} validations, its least was {self.best_score.item():.4g}',
                file=sys.stderr,
            )


def _callbacks(config: TrainConfig) -> list[Callback]:
    callbacks: list[Callback] = [
        ModelCheckpoint(
            dirpath=config.folder,
            filename='step_{step}',
            auto_insert_metric_name=False,
            every_n_train_steps=config.checkpoint_every,
            save_last=True,
        ),
        SaveLast(),
        WaitShare(),
        ProgressBar() if sys.stderr.isatty() else ProgressLines(),
    ]
    if config.stop is not None:
        stop = StopEarly(
            config.stop.watch, patience=config.stop.patience, check_on_train_epoch_end=False
        )
        callbacks.append(stop)
    return callbacks


def _trainer(config: TrainConfig, start: int, callbacks: list[Callback]) -> Trainer:
    """
    Return Lightning's trainer.

    :raises ConfigError: when this machine has not what is asked for, or Lightning knows it not
    """
    try:
        return _lightning(config, start, callbacks)
    except (MisconfigurationException, ValueError, RuntimeError) as error:
        names = ('accelerator', 'devices', 'nodes', 'strategy', 'precision')
        asked = ', '.join(f'{name}={getattr(config, name)}' for name in names)
        told = ' '.join(str(error).split())
        raise ConfigError(f'this can not be had here, one of {asked}: {told}') from error


def _lightning(config: TrainConfig, start: int, callbacks: list[Callback]) -> Trainer:
    folder = config.folder
    return Trainer(
        accelerator=config.accelerator,
        devices=config.devices,
        num_nodes=config.nodes,
        strategy=config.strategy,
        # Every process makes its own part of each batch, and validates on everything.
        use_distributed_sampler=False,
        precision=config.precision,  # type: ignore[arg-type]
        max_steps=config.max_steps,
        val_check_interval=config.validate_every,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        log_every_n_steps=config.log_every,
        logger=[
            TensorBoardLogger(folder, name='', version='tensorboard'),
            # The logger empties its folder, so every part of a run has one.
            CSVLogger(folder, name='', version=f'curves/from_{start}'),
        ],
        callbacks=callbacks,
        enable_progress_bar=sys.stderr.isatty(),
        enable_model_summary=False,
    )
