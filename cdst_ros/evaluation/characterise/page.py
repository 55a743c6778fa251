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
"""The page of a characterised sensor, in the style of the evaluation report."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from cdst_ros.evaluation.characterise.characteristics import Characteristics
from cdst_ros.evaluation.characterise.figure import Figure, plain_number
from cdst_ros.evaluation.characterise.figure import Section as Told
from cdst_ros.evaluation.characterise.figure import Table as ToldTable
from cdst_ros.evaluation.characterise.page_charts import charts_of
from cdst_ros.evaluation.characterise.profile import profile_text
from cdst_ros.evaluation.colours import depth_scale
from cdst_ros.evaluation.html.images import picture_of
from cdst_ros.evaluation.html.libraries import check_libraries
from cdst_ros.evaluation.html.page import (
    Block,
    Cell,
    Code,
    Details,
    Fact,
    Items,
    Page,
    Panel,
    Panels,
    Paragraph,
    Section,
    Table,
    write_page,
)

#: Pictures are averaged down to this width [px].
_WIDEST = 640


def write_html(found: Characteristics, path: Path) -> None:
    """
    Write the report as one HTML file.

    :raises MissingLibraryError: where Jinja2 or matplotlib are missing
    :raises OSError: when it cannot be written
    """
    check_libraries()
    write_page(page_of(found), path)


def page_of(found: Characteristics) -> Page:
    """Return the page."""
    sections = [Section(section.title, list(_blocks(section))) for section in found.sections]
    frame = _example(found)
    if frame is not None:
        sections.insert(0, frame)
    sections.append(Section('Sensor profile', list(_profile(found))))
    sections.append(Section('How it was measured', list(_measured(found))))
    return Page(
        title=f'What the sensor of {Path(found.source).name} delivers',
        verdict=found.verdict,
        sections=sections,
        subtitle=' '.join(part for part in (found.topic, found.created) if part),
        facts=list(_facts(found)),
    )


def _facts(found: Characteristics) -> Iterator[Fact]:
    sigmas = [f for f in found['noise'].figures if f.name.startswith('sigma_')]
    wanted = [
        found['resolution']['effective'],
        *sigmas[len(sigmas) // 2 :][:1],
        found['edges']['spread'],
        found['holes']['all'],
        found['timing']['rate'],
        found['registration']['right'],
    ]
    for figure in wanted:
        note = figure.interval or (figure.note if not figure.told else '')
        yield Fact(figure.label, figure.text if figure.told else 'not told', note)


def _blocks(section: Told) -> Iterator[Block]:
    for note in section.notes:
        yield Paragraph(note)
    yield Table(
        ('', 'value'),
        [_row(figure) for figure in section.figures],
        f'{section.title}: figures, 95 % intervals in brackets',
    )
    charts = charts_of(section)
    if len(charts) > 1:
        yield Panels([Panel(chart, chart.caption) for chart in charts], columns=2)
    else:
        yield from charts
    for table in section.tables:
        if table.name != 'profile':
            yield Details(table.title, [_table(table)])


def _row(figure: Figure) -> list[Cell | str]:
    evidence = f'{figure.evidence} {figure.of}' if figure.of else ''
    label = Cell(figure.label, '; '.join(part for part in (evidence, figure.note) if part))
    if figure.told:
        return [label, Cell(figure.text, figure.interval)]
    return [label, Cell('not told', 'by this recording')]


def _table(table: ToldTable) -> Table:
    rows: list[list[Cell | str]] = [[_cell(cell) for cell in row] for row in table.rows]
    return Table(table.columns, rows, table.title)


def _cell(cell: float | str) -> str:
    if isinstance(cell, str):
        return cell
    return plain_number(cell) if math.isfinite(cell) else ''


def _example(found: Characteristics) -> Section | None:
    if found.example is None:
        return None
    scale = depth_scale(found.example.depth)
    panels: list[Panel | None] = [
        Panel(
            picture_of(scale.paint(found.example.depth), 'A depth image', widest=_WIDEST),
            'depth',
            f'{scale.low:.2f} m (blue) to {scale.high:.2f} m (red), grey: no depth',
        )
    ]
    if found.example.overlay is not None:
        panels.append(
            Panel(
                picture_of(found.example.overlay, 'Depth edges over colour', widest=_WIDEST),
                'depth edges over colour',
                'red: edges of depth, where they lie in the colour image as registered',
            )
        )
    return Section('A frame', [Panels(panels, columns=2)])


def _profile(found: Characteristics) -> Iterator[Block]:
    yield Paragraph(
        'For cdst-ros synth --profile, cdst-ros evaluate synthetic_FILE.yaml and the profile of a '
        'training configuration. What the recording tells is measured, the rest is a prior.'
    )
    yield Code(
        profile_text(found.profile.name, found.traits, Path(found.source).name, found.created)
    )


def _measured(found: Characteristics) -> Iterator[Block]:
    yield Paragraph(
        f'{found.frames} frames of {found.source}'
        + (f', {found.seconds:.1f} s' if found.seconds else '')
        + '. Each figure, its formula and source: docs/characterise.md.'
    )
    if found.damage:
        yield Paragraph('What could not be read:')
        yield Items(list(found.damage))
    if found.command:
        yield Code(found.command)
