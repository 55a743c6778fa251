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
"""Charts of what was found of a sensor."""

from __future__ import annotations

import math
from typing import Any

from cdst_ros.evaluation.characterise.figure import Section, Table
from cdst_ros.evaluation.html.charts import FAINT, INK, STRONG, draw_chart
from cdst_ros.evaluation.html.page import Picture

_SIZE = (5.7, 3.1)


def charts_of(section: Section) -> list[Picture]:
    """Return the charts of a section, none where nothing is to be drawn."""
    drawn = (_draw(section, table) for table in section.tables)
    return [picture for picture in drawn if picture is not None]


def _draw(section: Section, table: Table) -> Picture | None:
    if table.name in ('total', 'over_time'):
        return _noise(table) if table.name == 'total' else None
    if table.name == 'profile':
        return _edge_profile(section, table)
    if table.name in ('distance', 'slant', 'brightness'):
        return _bars(table, 1, 'share lost', percent=True)
    if table.name == 'steps':
        return _bars(table, 1, 'steps', logarithmic=True)
    return None


def _numbers(table: Table, column: int) -> list[float]:
    return [
        float(row[column]) if not isinstance(row[column], str) else math.nan for row in table.rows
    ]


def _noise(table: Table) -> Picture:
    depth, sigma, model, low, high = (_numbers(table, k) for k in range(5))

    def draw(axes: Any) -> None:
        axes.fill_between(depth, low, high, color=STRONG[0], alpha=0.18, linewidth=0,
                          label='95 % interval')  # fmt: skip
        axes.plot(depth, model, color=STRONG[0], label='sigma(z) fitted')
        axes.plot(depth, sigma, 'o', color=INK, label='measured')
        axes.set_xlabel('distance [m]')
        axes.set_ylabel('sigma [mm]')
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.legend()

    told = ', '.join(f'{s:.2g} mm at {z:.2g} m' for z, s in zip(depth, model, strict=True))
    return draw_chart(draw, f'Noise by distance: {told}', size=_SIZE,
                      caption='Standard deviation of depth by distance.')  # fmt: skip


def _edge_profile(section: Section, table: Table) -> Picture:
    distance, share = _numbers(table, 0), _numbers(table, 1)
    spread = section['spread']

    def draw(axes: Any) -> None:
        for level in (0.1, 0.9):
            axes.axhline(level, color=FAINT, linewidth=1, linestyle=(0, (2, 2)))
        axes.plot(distance, share, color=STRONG[0])
        axes.set_xlabel('distance from the edge [px], near surface on the right')
        axes.set_ylabel('share of the near surface')
        axes.set_ylim(-0.08, 1.08)

    return draw_chart(
        draw, f'Depth across straight edges rises from 10 to 90 % over {spread.text}.', size=_SIZE,
        caption=f'Depth across {spread.evidence} straight edges. Dotted: 10 and 90 %.',
    )  # fmt: skip


def _bars(
    table: Table, column: int, label: str, *, percent: bool = False, logarithmic: bool = False
) -> Picture | None:
    names = [str(row[0]) for row in table.rows]
    values = _numbers(table, column)
    kept = [(n, v) for n, v in zip(names, values, strict=True) if math.isfinite(v)]
    if not kept:
        return None
    names, values = [n for n, _ in kept], [v for _, v in kept]
    factor = 100 if percent else 1

    def draw(axes: Any) -> None:
        axes.bar(range(len(values)), [factor * v for v in values], color=STRONG[0], width=0.75)
        axes.set_xticks(range(len(names)), names, rotation=40, ha='right', fontsize=8)
        axes.set_xlabel(table.columns[0])
        axes.set_ylabel(f'{label} [%]' if percent else label)
        if logarithmic:
            axes.set_yscale('symlog', linthresh=1)
        axes.grid(axis='x', visible=False)
        axes.set_ylim(bottom=0)

    unit = ' %' if percent else ''
    told = ', '.join(f'{n}: {factor * v:.3g}{unit}' for n, v in kept)
    return draw_chart(draw, f'{table.title}. {told}', size=_SIZE, caption=f'{table.title}.')
