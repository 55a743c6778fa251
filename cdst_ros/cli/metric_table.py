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
"""Shows the figures of metric depth: a row each, a column a method."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from cdst_ros.evaluation.metrics.catalogue import FIGURES, Figure

if TYPE_CHECKING:
    from cdst_ros.evaluation.recording_report import RecordingReport
    from cdst_ros.evaluation.report import Row


def metric_tables(title: str, rows: list[Row]) -> Iterator[Table]:
    """Yield a table for each sensor profile and scale; the best of each figure is bold."""
    for profile, scale in dict.fromkeys((row.profile, row.scale) for row in rows):
        beside = [row for row in rows if (row.profile, row.scale) == (profile, scale)]
        name = f'{title} x{scale}'
        yield _table(name if profile in name else f'{name}, {profile}', beside)


def verdicts(rows: list[Row]) -> Iterator[str]:
    """Yield, for each model, where it stands to the best of the classical methods."""
    for row in rows:
        place = f'{row.method} x{row.scale}' + (f' on {row.profile}' if row.profile else '')
        every, depth_only = (row.details.get(key) for key in ('versus', 'versus_depth_only'))
        if depth_only:
            yield f'{place} beside the best floor of depth alone: {_verdict(depth_only)}'
        if every and every != depth_only:
            yield f'{place} beside the best floor, colour included: {_verdict(every)}'


def prices(row: Row) -> str:
    """Return the headlines of a model with its bound and without it."""
    free = row.details['metrics_unbounded']
    return ', '.join(
        f'{figure.label} {figure.told(row.metrics[figure.name])} {figure.told(free[figure.name])}'
        for figure in FIGURES
        if figure.headline and figure.name in row.metrics
    )


def _table(title: str, rows: list[Row]) -> Table:
    table = Table('', title=title)
    for row in rows:
        table.add_column(row.method, justify='right')
    for figure in FIGURES:
        if any(figure.name in row.metrics for row in rows):
            best = _best(figure, rows)
            table.add_row(escape(figure.label), *(_cell(figure, row, best) for row in rows))
    if any(row.details.get('latency_ms') for row in rows):
        table.add_row(escape('latency [ms]'), *(_latency(row) for row in rows))
    if any('rank' in row.details for row in rows):
        table.add_row('rank, by edge MAE', *(str(row.details.get('rank', '')) for row in rows))
    return table


def band_table(report: RecordingReport, scale: int) -> Table:
    """Return the error at edges by distance, of the baseline and the models of a scale."""
    methods = [report.baselines.get(scale, ''), *report.judged]
    columns = [m for m in dict.fromkeys(methods) if (scale, m) in report.bands]
    table = Table('distance', title=f'edge MAE \\[cm] by distance, x{scale}')
    for method in columns:
        table.add_column(method, justify='right')
    table.add_column('pixels', justify='right')
    for bands in zip(*(report.bands[scale, method] for method in columns), strict=True):
        far = f'to {bands[0].far_m:g} m' if math.isfinite(bands[0].far_m) else 'm and more'
        table.add_row(
            f'{bands[0].near_m:g} {far}',
            *(f'{band.edge_mae_cm:.2f}' if math.isfinite(band.edge_mae_cm) else '-'
              for band in bands),
            f'{bands[0].pixels}',
        )  # fmt: skip
    return table


def _latency(row: Row) -> str:
    latency = row.details.get('latency_ms')
    return f'{latency["median"]:.1f}' if latency else ''


def _cell(figure: Figure, row: Row, best: float | None) -> str:
    value = row.metrics.get(figure.name)
    if value is None:
        return ''
    text = figure.told(value)
    if best is not None and text == figure.told(best):
        text = f'[bold]{text}[/bold]'
    low, high = row.intervals.get(figure.name, (math.nan, math.nan))
    interval = escape(f'\n[{figure.told(low)}, {figure.told(high)}]')
    return text + interval if math.isfinite(low) else text


def _best(figure: Figure, rows: list[Row]) -> float | None:
    values = [row.metrics.get(figure.name, math.nan) for row in rows]
    defined = [value for value in values if math.isfinite(value)]
    if not defined or not figure.better:
        return None
    return max(defined, key=lambda value: figure.better * value)


def _verdict(versus: dict[str, Any]) -> str:
    parts = []
    for verdict in ('better', 'even', 'worse'):
        told = [
            f'{figure.label.split(" [")[0]} ({versus[figure.name]["floor"]})'
            for figure in FIGURES
            if versus.get(figure.name, {}).get('verdict') == verdict
        ]
        if told:
            parts.append(f'{verdict} in {", ".join(told)}')
    return '; '.join(parts)
