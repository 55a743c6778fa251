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
"""``cdst-ros train``: train a network from one YAML file."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cdst_ros.cli.failure import fail, told_plainly

#: What to install when torch or Lightning is missing.
REMEDY = 'install what training needs: pip install -e ".[train]" in the checkout'
_CONFIGS = Path(__file__).parent.parent / 'training' / 'configs'
#: Names of the shipped configurations; ``--help`` tells them without torch.
SHIPPED = tuple(sorted(path.stem for path in _CONFIGS.glob('*.yaml')))


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command('train')(train)


def train(
    config: Annotated[
        str,
        typer.Argument(
            help=f'Name of a shipped configuration ({", ".join(SHIPPED)}), or a YAML file.'
        ),
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar='[KEY=VALUE]...', help='Values that differ from the file.'),
    ] = None,
    *,
    resume: Annotated[
        bool, typer.Option('--resume', help='Go on from the last checkpoint of this run.')
    ] = False,
    checkpoint: Annotated[
        Path | None, typer.Option('--from', help='Go on from this checkpoint.')
    ] = None,
    keep_going: Annotated[
        bool,
        typer.Option(
            '--keep-going',
            help='Go on from the newest checkpoint of this run that can be read, or begin where '
            'there is none: for scripts that start a run until it is done.',
        ),
    ] = False,
    progress: Annotated[
        Path | None,
        typer.Option(metavar='FILE', help='Keep the step here, in JSON, for who watches.'),
    ] = None,
) -> None:
    """
    Train a network, on procedural scenes or on recordings.

    Writes checkpoints, curves and TensorBoard logs to runs/NAME/ and ends with the path of the
    last checkpoint, which `cdst-ros export` turns into a model. Ctrl-C ends it after the step that
    it is at, with a checkpoint to go on from, and exit code 130.

    Examples: `cdst-ros train lite_x4`;
    `cdst-ros train lite_x4 name=mine max_steps=2000 data.batch_size=8`;
    `cdst-ros train lite_x4 --resume`
    """
    try:
        from cdst_ros.learning.job import HOPELESS
        from cdst_ros.training.checkpoint import newest_checkpoint
        from cdst_ros.training.config import ConfigError, load_config
        from cdst_ros.training.interruption import Interruption
        from cdst_ros.training.system import TrainingError
        from cdst_ros.training.train import LAST
        from cdst_ros.training.train import train as run
    except ImportError as error:
        fail(f'{error}: {REMEDY}')
    with told_plainly(ConfigError), told_plainly(TrainingError, code=HOPELESS):
        loaded = load_config(config, overrides or ())
        start = checkpoint or (loaded.folder / LAST if resume else None)
        if keep_going and start is None:
            start = newest_checkpoint(loaded.folder)
        command = ' '.join(
            ['cdst-ros train', *map(_without_folders, [config, *(overrides or ())])]
        )
        try:
            last = run(loaded, resume=start, command=command, progress=progress)
        except Interruption as interruption:
            _end(str(interruption), interruption.signum)
    typer.echo(f'last checkpoint: {last}')
    typer.echo(f'make a model of it: cdst-ros export {last} --out {loaded.name}.onnx')


def _end(message: str, signum: int) -> NoReturn:
    """Say why, and end as who was interrupted does; whoever ends processes sees that he did."""
    if signum == signal.SIGTERM:
        typer.echo(f'cdst-ros: {message}', err=True)
        signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)
    fail(message, 128 + signum)


def _without_folders(word: str) -> str:
    """Return an argument as a model may tell it: folders of this machine are left out."""
    key, equals, value = word.rpartition('=')
    path = Path(value).expanduser()
    return f'{key}{equals}{path.name}' if path.is_absolute() else word
