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
"""``cdst-ros export``: make a model file of a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cdst_ros.cli.failure import USAGE, fail, told_plainly
from cdst_ros.cli.train import REMEDY


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command('export')(export)


def export(
    checkpoint: Annotated[Path, typer.Argument(help='Checkpoint of `cdst-ros train`.')],
    out: Annotated[Path, typer.Option(help='ONNX file to write.')],
    accuracy: Annotated[
        list[str] | None,
        typer.Option(metavar='NAME=VALUE', help='A measured figure, for the metadata.'),
    ] = None,
    self_ensemble: Annotated[
        bool,
        typer.Option(
            '--self-ensemble', help='The mean over eight orientations, for eight times the cost.'
        ),
    ] = False,
) -> None:
    """
    Make one ONNX file of a checkpoint, checked against torch before it is written.

    Example: `cdst-ros export runs/lite_x4/last.ckpt --out lite_x4.onnx`
    """
    figures = _figures(accuracy or [])
    try:
        from cdst_ros.training.config import ConfigError
        from cdst_ros.training.export import ExportError
        from cdst_ros.training.export import export as run
    except ImportError as error:
        fail(f'{error}: {REMEDY}')
    with told_plainly(ConfigError, ExportError, OSError):
        done = run(checkpoint, out, figures, self_ensemble=self_ensemble)
    typer.echo(
        f'{done.path}: {done.metadata.name}, x{done.metadata.scale}, '
        f'{done.path.stat().st_size / 1000:.0f} kB; at most {done.largest_error * 1e6:.2g} um '
        'off torch'
    )


def _figures(texts: list[str]) -> dict[str, float]:
    figures = {}
    for text in texts:
        name, _, value = text.partition('=')
        try:
            figures[name] = float(value)
        except ValueError:
            fail(f'--accuracy {text}: write NAME=VALUE, as in middlebury6_mad_mean=0.3', USAGE)
    return figures
