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
"""A report in the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from cdst_ros.evaluation.recording_report import RecordingReport
    from cdst_ros.evaluation.report import Report, Row


def show_report(
    report: Report,
    title: str,
    published: list[Row] | None = None,
    caveat: str = '',
    speed: str = '',
) -> None:
    """
    Print tables, conditions, notes and the verdict.

    :param published: rows that papers print, to stand beside
    :param caveat: what to know before comparing with those
    :param speed: how fast it went
    """
    _show_figures(report, title, published or [])
    typer.echo(f'\n{report.conditions}')
    if published:
        typer.echo(caveat)
    for note in report.notes:
        typer.echo(f'note: {note}')
    if report.checked and not report.broken:
        typer.echo(f'Checked, and held: {report.checked}')
    for fault in report.broken:
        typer.secho(f'broken: {fault}', fg=typer.colors.RED)
    if speed:
        typer.echo(speed)
    if report.verdict:
        typer.secho(f'\n{report.verdict}', bold=True)


def show_recording(report: RecordingReport) -> None:
    """Print the report of a recording: bands of distance and speed as well."""
    from cdst_ros.cli.metric_table import band_table

    for scale in report.baselines:
        _console().print(band_table(report, scale))
    show_report(report.report, report.report.protocol, speed=_speed(report))


def _speed(report: RecordingReport) -> str:
    timing = report.timing
    seconds, read = timing['seconds'], timing['frames_read']
    told = f'{timing["frames"]:.0f} frames scored, {read:.0f} read, in {seconds:.1f} s'
    factor = timing['realtime_factor']
    if math.isfinite(factor):
        told += (
            f', {factor:.2g} times as fast as the {timing["recorded_seconds"]:.0f} s of recording'
        )
    return told


def _show_figures(report: Report, title: str, shown: list[Row]) -> None:
    from cdst_ros.cli.metric_table import metric_tables, verdicts

    console = _console()
    measured = [row for row in report.rows if row.metrics]
    for table in metric_tables(title, measured):
        console.print(table)
    for line in verdicts(measured):
        typer.echo(line)
    for scale in sorted({row.scale for row in report.rows if not row.metrics}):
        rows = [row for row in report.rows if row.scale == scale and not row.metrics]
        beside = [row for row in shown if row.scale == scale]
        console.print(_table(f'{title} x{scale}', rows, beside))
    for row in report.rows:
        if 'clipped_fraction' in row.details:
            typer.echo(_price(row))


def _console() -> Console:
    from rich.console import Console

    # A pipe has no width of its own: leave room for all columns.
    return Console(width=None if Console().is_terminal else 160)


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
