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
"""``cdst-ros evaluate``: score methods and models by a named protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdst_ros.cli.failure import FAILURE, USAGE, fail, told_plainly
from cdst_ros.cli.progress import progress_bar

if TYPE_CHECKING:
    from rich.table import Table

    from cdst_ros.evaluation.protocols import Protocol
    from cdst_ros.evaluation.report import Report, Row


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command('evaluate')(evaluate)


def evaluate(
    source: Annotated[
        str,
        typer.Argument(
            help='middlebury6, hololens_x2, replica_x4, tartanair_x4 or synthetic_PROFILE.'
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            help='Folder of the data set, or a recording; synthetic_PROFILE makes its own.'
        ),
    ] = None,
    scale: Annotated[
        list[int] | None, typer.Option(help='May be repeated.  [default: all of the protocol]')
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help='Shipped model, .onnx file, or none; may be repeated. Each is run at its own '
            'scale.  [default: the shipped ones]'
        ),
    ] = None,
    *,
    engine: Annotated[str, typer.Option(help='Runs the models.')] = 'auto',
    precision: Annotated[str, typer.Option(help='f32, or what else the engine offers.')] = 'f32',
    unbounded: Annotated[
        bool, typer.Option('--unbounded', help='Switch the bound of the models off.')
    ] = False,
    frames: Annotated[
        int | None,
        typer.Option(min=1, help='At most so many frames, spread over the data.  [default: all]'),
    ] = None,
    published: Annotated[
        bool, typer.Option('--published', help='Print what papers print beside it.')
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option('--json', metavar='FILE', help='Write the report here as well.')
    ] = None,
) -> None:
    """
    Score the classical methods and models by a named protocol.

    Every frame of a model is also checked for its bound and its holes; a broken one ends in exit
    code 1.

    Example: `cdst-ros evaluate middlebury6 --data middlebury6/ --scale 4 --model lite_x4`, or
    `cdst-ros evaluate synthetic_tof --scale 4 --frames 12`
    """
    from cdst_ros.evaluation.protocols import protocol as find_protocol
    from cdst_ros.evaluation.report import EvaluationError, Request
    from cdst_ros.evaluation.sources import SourceError
    from cdst_ros.recordings.errors import RecordingError
    from cdst_ros.superres.engine import EngineError, ModelError

    try:
        protocol = find_protocol(source)
    except EvaluationError as error:
        fail(str(error), USAGE)
    if data is None and not protocol.makes_data:
        fail(f'{source} needs its data: say where they are with --data', USAGE)
    if data is not None and protocol.makes_data:
        fail(f'{source} makes its own data: leave --data out', USAGE)
    scales = tuple(sorted(set(scale or protocol.scales)))
    expected = (EngineError, EvaluationError, ModelError, OSError, RecordingError, SourceError)
    with told_plainly(*expected), progress_bar('Evaluating') as progress:
        report = protocol.run(
            Request(
                data=data,
                scales=scales,
                models=_models(model, scales),
                engine=engine,
                precision=precision,
                bounded=not unbounded,
                progress=progress,
                frames=frames,
            )
        )
    shown = [row for row in protocol.published if published and row.scale in scales]
    _show(report, protocol, shown)
    if json_file is not None:
        with told_plainly(OSError):
            json_file.write_text(_json(report, protocol, shown))
    if report.broken:
        raise typer.Exit(FAILURE)


def _models(asked: list[str] | None, scales: tuple[int, ...]) -> tuple[str, ...]:
    """Return the models to evaluate; the shipped ones of these scales if none are asked for."""
    from cdst_ros.superres.contract import read_metadata
    from cdst_ros.superres.store import shipped_models

    if asked:
        return tuple(name for name in asked if name != 'none')
    shipped = shipped_models()
    return tuple(n for n, file in shipped.items() if read_metadata(file).scale in scales)


def _json(report: Report, protocol: Protocol, shown: list[Row]) -> str:
    from cdst_ros.evaluation.plain import json_text

    values = report.to_json()
    if shown:
        values['published'] = [row.to_json() for row in shown]
        values['caveat'] = protocol.caveat
    return json_text(values)


def _show(report: Report, protocol: Protocol, shown: list[Row]) -> None:
    from rich.console import Console

    from cdst_ros.cli.metric_table import metric_tables, verdicts

    # A pipe has no width of its own: leave room for all columns.
    console = Console(width=None if Console().is_terminal else 160)
    measured = [row for row in report.rows if row.metrics]
    for table in metric_tables(protocol.name, measured):
        console.print(table)
    for line in verdicts(measured):
        typer.echo(line)
    for scale in sorted({row.scale for row in report.rows if not row.metrics}):
        rows = [row for row in report.rows if row.scale == scale]
        beside = [row for row in shown if row.scale == scale]
        console.print(_table(f'{protocol.name} x{scale}', rows, beside))
    for row in report.rows:
        if 'clipped_fraction' in row.details:
            typer.echo(_price(row))
    typer.echo(f'\n{report.conditions}')
    if shown:
        typer.echo(protocol.caveat)
    for note in report.notes:
        typer.echo(f'note: {note}')
    if report.checked and not report.broken:
        typer.echo(f'Checked, and held: {report.checked}')
    for fault in report.broken:
        typer.secho(f'broken: {fault}', fg=typer.colors.RED)
    if report.verdict:
        typer.secho(f'\n{report.verdict}', bold=True)


def _table(title: str, rows: list[Row], beside: list[Row]) -> Table:
    """Return a table: a column for each score, or for each scene of a score that has scenes."""
    from rich.table import Table

    table = Table('method', title=title)
    columns = list(_columns(rows[0]))
    for metric, key in columns:
        table.add_column(metric if key is None else f'{metric} {key}', justify='right')
    for row in rows:
        table.add_row(row.method, *(_figure(row, *column) for column in columns))
    if beside:
        table.add_section()
        for row in beside:
            table.add_row(f'{row.method}, published', *(_figure(row, *c) for c in columns))
    return table


def _columns(row: Row) -> Iterator[tuple[str, str | None]]:
    """Yield what is shown of a row's scores: metric and, where it has parts, which part."""
    for place, (metric, value) in enumerate(row.scores.items()):
        if not isinstance(value, dict):
            yield metric, None
        else:
            # The first metric scene by scene; of the others the mean alone, for width.
            yield from ((metric, part) for part in (value if place == 0 else ('mean',)))


def _figure(row: Row, metric: str, key: str | None) -> str:
    value = row.scores.get(metric)
    if isinstance(value, dict):
        value = value.get(key)
    return '' if value is None else f'{value:.3f}'


def _price(row: Row) -> str:
    """Return what the bound did, and what it cost."""
    from cdst_ros.cli.metric_table import prices

    details = row.details
    name = f'{row.method} x{row.scale}' + (f' on {row.profile}' if row.profile else '')
    if not details['bounded']:
        return f'{name}: not bounded'
    text = (
        f'{name} ({details["engine"]}, {details["precision"]}): the bound '
        f'changed {100 * details["clipped_fraction"]:.2f} % of the pixels'
    )
    if 'mad_unbounded' in details:
        bounded, free = row.scores['mad']['mean'], details['mad_unbounded']['mean']
        price = (
            f'it costs {bounded - free:.4f}'
            if bounded > free
            else f'it gains {free - bounded:.4f}'
        )
        text += f'; MAD {bounded:.4f} with it, {free:.4f} without: {price}'
    if 'metrics_unbounded' in details:
        text += f'; with it, and without: {prices(row)}'
    return text
