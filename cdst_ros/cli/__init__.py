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
"""The ``cdst-ros`` verbs: parse, call, print."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Annotated

import typer

import cdst_ros
from cdst_ros import __version__
from cdst_ros.environment import Status, library

#: Verb modules in the order of ``--help``; each has ``register(app)``.
VERBS: tuple[str, ...] = (
    'demo',
    'upscale',
    'evaluate',
    'characterise',
    'card',
    'train',
    'export',
    'convert',
    'engine',
    'adapt',
    'synth',
    'record',
    'info',
)


def build_app() -> typer.Typer:
    """Return the command-line application with every verb registered."""
    app = typer.Typer(
        name='cdst-ros',
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode='markdown',
    )
    app.callback()(_root)
    for verb in VERBS:
        import_module(f'cdst_ros.cli.{verb}').register(app)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f'cdst-ros {__version__}')
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            '--version', callback=_print_version, is_eager=True, help='Print it and end.'
        ),
    ] = False,
) -> None:
    """Sharp, high-resolution metric depth from a low-resolution depth stream."""


def main() -> None:
    """Run ``cdst-ros``."""
    found = library('Libraries', 'typer', typer.__version__, '0.9')  # Humble's apt has 0.4
    if found.status is Status.WRONG:
        raise SystemExit(f'cdst-ros: typer is {found.value}: {found.remedy}')
    _say_what_takes_long()
    build_app()()


def _say_what_takes_long() -> None:
    """Let what our rooms log, such as that TensorRT builds for minutes, reach the terminal."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter('%(message)s'))
    logger = logging.getLogger(cdst_ros.__name__)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
