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
"""Tables of methods: ranked, and each model against the best classical one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from cdst_ros.evaluation.html.page import (
    BETTER,
    EVEN,
    WORSE,
    Block,
    Cell,
    Details,
    Table,
)
from cdst_ros.evaluation.metrics.catalogue import FIGURES, Figure
from cdst_ros.evaluation.report import Row
from cdst_ros.evaluation.standing import HEADLINES, RANKED_BY

#: Losses beyond this are told as a factor.
_MOST_TIMES = 9
MARKS = {'better': BETTER, 'worse': WORSE, 'even': EVEN}


def method_tables(rows: Sequence[Row], judged: Sequence[str]) -> Iterator[Block]:
    """
    Yield the tables of the methods of one scale.

    :param rows: of one scale and one sensor
    :param judged: names of the models
    """
    ranked = ranked_rows(rows)
    yield _headlines(ranked, judged)
    for row in ranked:
        depth_only, every = (row.details.get(key) for key in ('versus_depth_only', 'versus'))
        if depth_only:
            yield _paired(row, depth_only, 'the best classical method that sees depth alone')
        if every and every != depth_only:
            yield _paired(row, every, 'the best classical method, colour included')
    yield Details('All figures of all methods', [_everything(ranked)])


def ranked_rows(rows: Sequence[Row]) -> list[Row]:
    """Return the rows, the least error at edges first; those without it last."""
    values = [row.metrics.get(RANKED_BY, math.nan) for row in rows]
    order = sorted(range(len(rows)), key=lambda at: (math.isnan(values[at]), values[at]))
    return [rows[at] for at in order]


def standing_of(row: Row, figure: str) -> dict[str, Any] | None:
    """Return how a model stands to the best classical method of depth alone, None for others."""
    found = row.details.get('versus_depth_only', {}).get(figure)
    return found if isinstance(found, dict) else None


def _headlines(ranked: Sequence[Row], judged: Sequence[str]) -> Table:
    shown = [figure for figure in HEADLINES if any(figure.name in r.metrics for r in ranked)]
    shown.sort(key=lambda figure: figure.name != RANKED_BY)
    timed = any(row.details.get('latency_ms') for row in ranked)
    body = []
    for rank, row in enumerate(ranked, start=1):
        kind = 'model' if row.method in judged else 'classical'
        if row.details.get('guided'):
            kind += ', sees colour'
        cells: list[Cell | str] = [Cell(f'{rank}. {row.method}', kind)]
        cells += [_headline(figure, row, ranked) for figure in shown]
        if timed:
            cells.append(_latency(row))
        body.append(cells)
    return Table(
        ['method', *(figure.label for figure in shown), *(['ms a frame'] if timed else [])],
        body,
        'Methods, the least error at edges first. In brackets: 95 % intervals. ★: the best of a '
        'column. Better, worse, even: against the best classical method that sees depth alone, '
        'on the same frames.',
        [at for at, row in enumerate(ranked) if row.method in judged],
    )


def _headline(figure: Figure, row: Row, rows: Sequence[Row]) -> Cell:
    stands = standing_of(row, figure.name)
    return replace(
        _value(figure, row, rows),
        below=_interval(figure, row.intervals.get(figure.name)),
        mark=None if stands is None else MARKS[stands['verdict']],
    )


def _latency(row: Row) -> Cell:
    taken = row.details.get('latency_ms') or {}
    if 'median' not in taken:
        return Cell('-')
    return Cell(f'{taken["median"]:.1f}', f'95 %: {taken["p95"]:.1f}' if 'p95' in taken else '')


def _paired(row: Row, found: dict[str, Any], whom: str) -> Details:
    """Return the table of one model against the best floors, under a line that sums it up."""
    body: list[list[Cell | str]] = []
    for figure in HEADLINES:
        stands = found.get(figure.name)
        if stands is None:
            continue
        value, difference = row.metrics[figure.name], stands['difference']
        body.append(
            [
                figure.label,
                figure.told(value),
                Cell(figure.told(value - difference), stands['floor']),
                Cell(_signed(figure, difference), _interval(figure, stands['interval'])),
                _gain(stands),
                Cell('', mark=MARKS[stands['verdict']]),
            ]
        )
    table = Table(
        ['figure', row.method, 'best classical', 'difference', 'gain [%]', 'verdict'],
        body,
        'Differences are paired: of both on the same resampled frames, in brackets their 95 % '
        'intervals. The verdict is even where the interval holds 0.',
    )
    return Details(f'{row.method} x{row.scale} against {whom}: {_summed_up(found)}', [table])


def _summed_up(found: dict[str, Any]) -> str:
    """Return what is better, even and worse."""
    told = []
    for verdict in MARKS:
        names = [
            figure.label.split(' [')[0]
            for figure in HEADLINES
            if found.get(figure.name, {}).get('verdict') == verdict
        ]
        if names:
            told.append(f'{verdict} in {", ".join(names)}')
    return '; '.join(told)


def _gain(stands: dict[str, Any]) -> Cell:
    if 'gain' not in stands:
        return Cell('')
    if stands['gain'] < -_MOST_TIMES:
        return Cell(f'{1 - stands["gain"]:.3g} times')
    low, high = stands.get('gain_interval', (math.nan, math.nan))
    below = f'[{100 * low:.0f}, {100 * high:.0f}]' if math.isfinite(low + high) else ''
    return Cell(f'{100 * stands["gain"]:+.1f}', below)


def _everything(ranked: Sequence[Row]) -> Table:
    body: list[list[Cell | str]] = []
    for figure in FIGURES:
        if any(figure.name in row.metrics for row in ranked):
            body.append([figure.label, *(_value(figure, row, ranked) for row in ranked)])
    return Table(['figure', *(row.method for row in ranked)], body, 'All figures, pooled.')


def _value(figure: Figure, row: Row, rows: Sequence[Row]) -> Cell:
    if figure.name not in row.metrics:
        return Cell('')
    text, best = figure.told(row.metrics[figure.name]), best_of(figure, rows)
    return Cell(text, strong=best is not None and text == figure.told(best))


def best_of(figure: Figure, rows: Sequence[Row]) -> float | None:
    """Return the best value of a figure, None where none is better than another."""
    values = [row.metrics.get(figure.name, math.nan) for row in rows]
    defined = [value for value in values if math.isfinite(value)]
    if not figure.better or len({figure.told(value) for value in defined}) < 2:
        return None
    return max(defined, key=lambda value: figure.better * value)


def _interval(figure: Figure, interval: Sequence[float] | None) -> str:
    if interval is None or not all(math.isfinite(value) for value in interval):
        return ''
    return f'[{figure.told(interval[0])}, {figure.told(interval[1])}]'


def _signed(figure: Figure, value: float) -> str:
    return f'{"+" if value > 0 else ""}{figure.told(value)}'
