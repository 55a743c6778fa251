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
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from cdst_ros.training.adaptation.system import AdaptationSystem
from cdst_ros.training.checkpoint import completed_steps
from cdst_ros.training.config import ConfigError, TrainConfig
from cdst_ros.training.guided.system import GuidedSystem
from cdst_ros.training.loading import Loaders, validation
from cdst_ros.training.mismatched.system import MismatchedSystem
from cdst_ros.training.origin import recordings_of
from cdst_ros.training.progress import ProgressBar, ProgressFile, ProgressLines
from cdst_ros.training.start import gain_of, identity, load_estimation, load_start
from cdst_ros.training.system import SuperResSystem
from cdst_ros.training.transfer.system import TransferSystem
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
    :raises ConfigError: when the run's folder is taken, or ``resume`` is no such checkpoint
    """
    last = config.folder / LAST
    if resume is None and last.exists():
        raise ConfigError(
            f'{config.folder} holds a run already: go on with --resume, give it another '
            'name=..., or remove the folder'
        )
    start = 0 if resume is None else completed_steps(resume)
    torch.set_num_threads(config.threads)
    system = system_of(config)
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
    learned_from = recordings_of(config.data)
    if learned_from:
        system.provenance['recordings'] = learned_from
    watched = validation(config)
    system.scene_folders = watched.folders
    callbacks = _callbacks(config)
    if progress is not None:
        callbacks.append(ProgressFile(progress))
    with _quiet():
        trainer = _trainer(config, start, callbacks)
        loaders = Loaders(config, start, watched)
        trainer.fit(system, datamodule=loaders, ckpt_path=resume, weights_only=True)
    return last


def system_of(config: TrainConfig) -> SuperResSystem:
    """Return what trains a configuration, with its initial weights."""
    seed_everything(config.seed, verbose=False)
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
    """Ends a run whose validation gets no better, and says so."""

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
