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
"""What the guard found, on a page."""

from __future__ import annotations

from collections.abc import Iterator

from cdst_ros.evaluation.guard.comparison import Stand
from cdst_ros.evaluation.guard.decision import Decision
from cdst_ros.evaluation.guard.finding import Finding
from cdst_ros.evaluation.html.page import (
    BETTER,
    EVEN,
    WORSE,
    Block,
    Cell,
    Fact,
    Heading,
    Items,
    Mark,
    Paragraph,
    Table,
)
from cdst_ros.evaluation.metrics.catalogue import FIGURES

TITLE = 'Whether it may be offered'
_FIGURES = {figure.name: figure for figure in FIGURES}
_NAMES = {
    'cross_scale': 'Across scales (G1)',
    'fused_frames': 'By fused frames (G2)',
    'matched': 'Matched synthetic frames (G3)',
}


def guard_blocks(decision: Decision) -> Iterator[Block]:
    """Yield what a decision rests on."""
    yield Paragraph(decision.sentence)
    for finding in decision.findings:
        yield Heading(_NAMES.get(finding.name, finding.name))
        if finding.stands:
            yield _table(finding)
        told = [finding.sentence, f'It cannot see: {finding.blind}']
        yield Items([*told, finding.advice] if finding.advice else told)


def guard_fact(decision: Decision) -> Fact:
    """Return the decision as one of the numbers that are seen first."""
    seconds = f'{decision.seconds:.0f} s' if decision.seconds == decision.seconds else ''
    mark = Mark('offered', 'good') if decision.offered else Mark('refused', 'bad')
    return Fact('The guard', 'yes' if decision.offered else 'no', seconds, mark)


def _table(finding: Finding) -> Table:
    rows: list[list[Cell | str]] = [
        [_FIGURES[name].label, *_cells(stand)] for name, stand in finding.stands.items()
    ]
    outcome = finding.outcome.value.replace('_', ' ')
    caption = f'{finding.frames} frames: {outcome}. Negative is better.'
    return Table(['figure', 'runs now', 'new', 'harm [%]'], rows, caption)


def _cells(stand: Stand) -> list[Cell]:
    figure = _FIGURES[stand.name]
    if not stand.judged:
        return [Cell(figure.told(stand.old)), Cell(figure.told(stand.new)), Cell('-')]
    mark = BETTER if stand.better else WORSE if stand.worse else EVEN
    below = f'{100 * stand.low:+.1f} to {100 * stand.high:+.1f}'
    harm = Cell(f'{100 * stand.harm:+.1f}', below, mark)
    return [Cell(figure.told(stand.old)), Cell(figure.told(stand.new)), harm]
