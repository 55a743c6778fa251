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
"""The report of a scored recording, or of a live run, as a page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cdst_ros.evaluation.html.guard import TITLE, guard_blocks, guard_fact
from cdst_ros.evaluation.html.kept_frames import frame_blocks
from cdst_ros.evaluation.html.libraries import check_libraries
from cdst_ros.evaluation.html.method_tables import MARKS, method_tables, ranked_rows, standing_of
from cdst_ros.evaluation.html.page import (
    MIXED,
    Beside,
    Block,
    Code,
    Details,
    Fact,
    Heading,
    Items,
    Mark,
    Page,
    Paragraph,
    Picture,
    Section,
    Table,
    render_page,
)
from cdst_ros.evaluation.html.recording_charts import Charts, baseline_of, calibration
from cdst_ros.evaluation.metrics.catalogue import FIGURES
from cdst_ros.evaluation.recording_report import RecordingReport
from cdst_ros.evaluation.report import Row
from cdst_ros.evaluation.standing import HEADLINES, RANKED_BY
from cdst_ros.evaluation.verdict import FEWEST_FRAMES
from cdst_ros.recordings.atomic import write_file

#: A report is at most so large [bytes]: it is to be sent by mail.
LARGEST = 5_000_000
#: Widths of the pictures of frames, which shrink until it is [px].
_WIDEST, _NARROWEST = 560, 160
#: So many frames fit at the first width.
_FITTING = 3
_BROKEN = Mark('broken', 'bad')
_SIGMA = (
    'Sigma is what a model says of its own error, pixel by pixel: the scale of a Laplace '
    'distribution.'
)
_FRAMES = 'Best, median and worst frames'
_RANKING = next(figure for figure in FIGURES if figure.name == RANKED_BY)


def write_html(report: RecordingReport, path: Path) -> None:
    """
    Write a report as one HTML file under 5 MB, which is never seen half written.

    :raises MissingLibraryError: where Jinja2 or matplotlib are missing (``check_libraries``)
    :raises OSError: when the file cannot be written
    """
    check_libraries()
    # Guessed well: what is too large is drawn again.
    widest = int(_WIDEST / math.sqrt(max(1.0, len(report.kept) / _FITTING)))
    page = recording_page(report, widest=widest)
    data = render_page(page).encode()
    while len(data) > LARGEST and widest > _NARROWEST:
        # Bytes go with the pixels; what else the page holds stays.
        widest = max(_NARROWEST, int(0.95 * widest * math.sqrt(LARGEST / len(data))))
        page = replace(page, sections=[_redrawn(one, report, widest) for one in page.sections])
        data = render_page(page).encode()
    write_file(path, data)


def recording_page(report: RecordingReport, *, widest: int) -> Page:
    """
    Return the page of a report.

    :param widest: of the pictures of frames [px]
    """
    told = () if report.guard is None else guard_blocks(report.guard)
    sections = [
        Section(TITLE, list(told)),
        Section('Methods', list(_methods(report))),
        Section('Errors', list(_errors(report))),
        Section('Sigma', list(_sigma(report))),
        _frames(report, widest),
        Section('How it was measured', list(_measured(report))),
    ]
    return Page(
        title=f'Depth super-resolution on {report.source}',
        verdict=report.verdict,
        sections=[section for section in sections if section.blocks],
        subtitle=f'{report.report.protocol}, {report.created}',
        facts=list(_facts(report)),
        mark=_mark(report),
    )


def _redrawn(section: Section, report: RecordingReport, widest: int) -> Section:
    """Return a section with the frames, if it is of those, drawn anew."""
    return _frames(report, widest) if section.title == _FRAMES else section


def _scales(report: RecordingReport) -> list[int]:
    return sorted({row.scale for row in report.report.rows})


def _rows(report: RecordingReport, scale: int) -> list[Row]:
    return [row for row in report.report.rows if row.scale == scale]


def _judged(report: RecordingReport) -> list[Row]:
    """Return the rows of the models, of each scale the best first."""
    return [
        row
        for scale in _scales(report)
        for row in ranked_rows(_rows(report, scale))
        if row.method in report.judged
    ]


def _mark(report: RecordingReport) -> Mark | None:
    """Return how the verdict is to be taken: as good only where all of it is."""
    fewest = min((_count(report, scale) for scale in _scales(report)), default=0)
    found = [standing_of(row, RANKED_BY) for row in _judged(report)]
    verdicts = {stands['verdict'] for stands in found if stands is not None}
    if not verdicts or fewest < FEWEST_FRAMES:
        return None
    if 'better' in verdicts and (len(verdicts) > 1 or _has_a_price(report)):
        return MIXED
    return MARKS['worse' if 'worse' in verdicts else verdicts.pop()]


def _has_a_price(report: RecordingReport) -> bool:
    """Return whether a model is worse than the best classical method by any headline."""
    return any(
        stands['verdict'] == 'worse'
        for row in _judged(report)
        for figure in HEADLINES
        if (stands := standing_of(row, figure.name)) is not None
    )


def _count(report: RecordingReport, scale: int) -> int:
    return sum(frame.scale == scale for frame in report.frames)


def _facts(report: RecordingReport) -> Iterator[Fact]:
    if report.guard is not None:
        yield guard_fact(report.guard)
    for scale in _scales(report):
        best = next((row for row in _judged(report) if row.scale == scale), None)
        if best is not None:
            yield from _facts_of(best)
    counts = {_count(report, scale) for scale in _scales(report)}
    if any(counts):
        told = f'{min(counts)}' if len(counts) == 1 else f'{min(counts)} to {max(counts)}'
        notes = []
        if report.report.broken:
            notes.append(f'{len(report.report.broken)} broken promises')
        elif report.report.checked:
            notes.append('all promises held')
        if report.timing.get('realtime_factor'):
            factor = report.timing['realtime_factor']
            notes.append(f'scored {factor:.1f} times as fast as recorded')
        yield Fact('Frames', told, '; '.join(notes), _BROKEN if report.report.broken else None)


def _facts_of(row: Row) -> Iterator[Fact]:
    stands = standing_of(row, RANKED_BY)
    if stands is not None:
        value = row.metrics[RANKED_BY]
        note = f'{stands["floor"]}: {_RANKING.told(value - stands["difference"])} cm'
        if 'gain' in stands:
            note += (
                f'; {100 * abs(stands["gain"]):.0f} % {"less" if stands["gain"] > 0 else "more"}'
            )
        label = f'Error at edges, {row.method} x{row.scale}'
        yield Fact(label, f'{_RANKING.told(value)} cm', note, MARKS[stands['verdict']])
    latency = row.details.get('latency_ms') or {}
    # A clock that is simulated may stand still while a frame is worked on.
    if latency.get('median'):
        note = f'{1000 / latency["median"]:.0f} frames a second'
        if 'p95' in latency:
            note += f'; 95 % under {latency["p95"]:.1f} ms'
        label = f'Time of a frame, {row.method} x{row.scale}'
        yield Fact(label, f'{latency["median"]:.1f} ms', note)


def _methods(report: RecordingReport) -> Iterator[Block]:
    for scale in _scales(report):
        for profile in dict.fromkeys(row.profile for row in _rows(report, scale)):
            rows = [row for row in _rows(report, scale) if row.profile == profile]
            if len(_scales(report)) > 1 or profile:
                yield Heading(f'x{scale}' + (f' on {profile}' if profile else ''))
            charts = Charts(report, scale, rows)
            tables = list(method_tables(rows, report.judged))
            yield tables[0]
            yield from _beside([charts.gains(), charts.latency()])
            yield from tables[1:]


def _errors(report: RecordingReport) -> Iterator[Block]:
    for scale in _scales(report):
        charts = Charts(report, scale, _rows(report, scale))
        drawn = [
            charts.by_distance(),
            charts.by_distance('mae_cm', 'of all pixels'),
            charts.by_frame(),
            charts.tail(),
        ]
        if len(_scales(report)) > 1 and any(drawn):
            yield Heading(f'x{scale}')
        yield from _beside(drawn)


def _sigma(report: RecordingReport) -> Iterator[Block]:
    rows = [row for row in report.report.rows if 'miscalibration' in row.metrics]
    drawn = calibration(rows)
    if drawn is not None:
        yield Beside([drawn, Items([_SIGMA, *map(_told_sigma, rows)])])


def _told_sigma(row: Row) -> str:
    text = f'{row.method} x{row.scale}: off by {100 * row.metrics["miscalibration"]:.1f} % on '
    text += 'average'
    if 'ause' in row.metrics:
        text += (
            f'; AUSE {row.metrics["ause"]:.3f} (0: sigma sorts the errors as well as they '
            'themselves would)'
        )
    return text


def _beside(drawn: Sequence[Picture | None]) -> Iterator[Block]:
    pictures = [picture for picture in drawn if picture is not None]
    if pictures:
        yield Beside(pictures)


def _frames(report: RecordingReport, widest: int) -> Section:
    blocks: list[Block] = []
    for scale in dict.fromkeys(one.score.scale for one in report.kept):
        kept = [one for one in report.kept if one.score.scale == scale]
        judged = [row.method for row in _judged(report) if row.scale == scale]
        blocks += frame_blocks(kept, baseline_of(report, scale), judged, widest=widest)
    if blocks:
        blocks.insert(
            0,
            Paragraph(
                'Unknown depth is grey. Errors of all frames of a scale have the same colours. '
                'Edges are chosen by the reference alone, not by what became of them.',
                faint=True,
            ),
        )
    return Section(_FRAMES, blocks)


def _measured(report: RecordingReport) -> Iterator[Block]:
    own = report.report
    yield Paragraph(own.conditions)
    if own.broken:
        yield Heading('Broken promises')
        yield Items(own.broken)
    elif own.checked:
        yield Paragraph(f'Checked, and held: {own.checked}')
    if own.notes:
        yield Heading('Notes')
        yield Items(own.notes)
    yield Details('What the figures mean', [_definitions(own.rows)])
    if report.timing:
        yield Heading('Speed of the evaluation')
        yield Table(
            ['', 'value'],
            [[name.replace('_', ' '), f'{value:.4g}'] for name, value in report.timing.items()],
            'Frames, time that scoring took, time that the recording covers, and their ratio.',
        )
    if report.command:
        yield Heading('Command')
        yield Code(report.command)
    if report.environment:
        yield Heading('Environment')
        yield Table(
            ['', 'value'],
            [[name, value] for name, value in report.environment.items()],
            'What it was measured with.',
        )


def _definitions(rows: Sequence[Row]) -> Table:
    told = [figure for figure in FIGURES if any(figure.name in row.metrics for row in rows)]
    return Table(
        ['figure', 'definition', 'source'],
        [[figure.label, figure.formula, figure.source] for figure in told],
        'D is the output, D* the reference, both along Z; N counts the pixels that are judged, of '
        'all frames together.',
        words=True,
    )
