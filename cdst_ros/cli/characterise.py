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
"""``cdst-ros characterise``: what a depth sensor really delivers."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cdst_ros.cli.failure import told_plainly
from cdst_ros.cli.progress import progress_bar

if TYPE_CHECKING:
    from cdst_ros.evaluation.characterise import Characteristics, Figure


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command('characterise')(characterise)


def characterise(
    source: Annotated[
        Path,
        typer.Argument(metavar='SOURCE', help='A bag, a recording, or a folder of depth images.'),
    ],
    *,
    depth_topic: Annotated[
        str | None, typer.Option(help='Of a bag, where it has several.')
    ] = None,
    info_topic: Annotated[
        str | None, typer.Option(help='camera_info of the depth images; empty for none.')
    ] = None,
    color_topic: Annotated[
        str | None, typer.Option(help='Of a bag, where it has several.')
    ] = None,
    depth_scale: Annotated[
        float, typer.Option(min=1e-9, help='Metres a unit of 16-bit depth.')
    ] = 0.001,
    closely: Annotated[
        int, typer.Option(min=1, help='Frames that edges, holes and colour are looked at in.')
    ] = 40,
    json_file: Annotated[
        Path | None, typer.Option('--json', metavar='FILE', help='Write all figures here.')
    ] = None,
    html_file: Annotated[
        Path | None, typer.Option('--html', metavar='FILE', help='Write a report here.')
    ] = None,
    profile_file: Annotated[
        Path | None,
        typer.Option(
            '--profile',
            metavar='FILE.yaml',
            help='Write a sensor profile here, that training, evaluation and synth take.',
        ),
    ] = None,
    base: Annotated[
        str,
        typer.Option(
            metavar='PROFILE',
            help='Sensor profile, a name or a file, that tells what the recording does not.',
        ),
    ] = 'generic',
) -> None:
    """
    Say what a depth sensor really delivers, without any model.

    Noise by distance, edge spread, flying pixels, holes, steps, effective resolution, repetition
    by the driver, registration of colour, rate, jitter and loss, and what is wrong with
    camera_info. What the recording does not tell is said not to be told: hold the camera still for
    some seconds, at several distances from walls, to learn its noise.

    Example: `cdst-ros characterise walk.mcap --html sensor.html --profile mine.yaml`
    """
    from cdst_ros.evaluation.characterise import Wanted, write_profile
    from cdst_ros.evaluation.characterise import characterise as look_at
    from cdst_ros.evaluation.plain import json_text
    from cdst_ros.evaluation.report import EvaluationError
    from cdst_ros.evaluation.sources import SourceError
    from cdst_ros.recordings.atomic import write_file
    from cdst_ros.recordings.errors import BagError, RecordingError
    from cdst_ros.synthetic import load_profile

    with told_plainly(ValueError):
        known = load_profile(base)
    wanted = Wanted(source, depth_topic, info_topic, color_topic, depth_scale, closely, known)
    faults = (SourceError, BagError, RecordingError, EvaluationError)
    with told_plainly(*faults), progress_bar('Looking') as progress:
        found = look_at(wanted, progress, command=_command())
    _show(found)
    with told_plainly(OSError, EvaluationError):
        if json_file is not None:
            write_file(json_file, json_text(found.to_json()).encode())
            typer.echo(f'figures: {json_file}')
        if profile_file is not None:
            write_profile(profile_file, found.traits, found.source, found.created)
            typer.echo(f'sensor profile: {profile_file}')
        if html_file is not None:
            from cdst_ros.evaluation.characterise.page import write_html

            write_html(found, html_file)
            typer.echo(f'report: {html_file}')


def _command() -> str:
    return shlex.join(['cdst-ros', *sys.argv[1:]])


def _show(found: Characteristics) -> None:
    """Print what was found, a table a section."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    topic = f' {found.topic}' if found.topic else ''
    console.print(
        f'[bold]{escape(found.source)}[/]{escape(topic)}: {found.frames} frames'
        + (f' in {found.seconds:.1f} s' if found.seconds else '')
    )
    for sentence in found.damage:
        console.print(f'[yellow]damage:[/] {escape(sentence)}')
    for section in found.sections:
        console.print()
        console.print(f'[bold]{escape(section.title)}[/]')
        console.print(_table(section.figures))
        for note in section.notes:
            console.print(f'  [dim]{escape(note)}[/]')


def _table(figures: tuple[Figure, ...]) -> Any:
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 1), pad_edge=True)
    table.add_column(style='cyan', max_width=44)
    table.add_column(justify='right')
    table.add_column(style='dim')
    for figure in figures:
        value = f'[bold]{escape(figure.text)}[/]' if figure.told else f'[dim]{figure.text}[/]'
        evidence = f'{figure.evidence} {figure.of}' if figure.of else ''
        if figure.interval:
            value += f'\n[dim]{escape(figure.interval)}[/]'
        rest = '; '.join(part for part in (evidence, figure.note) if part)
        table.add_row(escape(figure.label), value, escape(rest))
    return table
