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
"""Writes cards, and the table of all: Markdown and pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdst_ros.evaluation.cards.card import Card, listed
from cdst_ros.evaluation.cards.places import RIGHT_WITHIN, Values, told
from cdst_ros.evaluation.cards.worst import draw_case
from cdst_ros.evaluation.html.libraries import MissingLibraryError
from cdst_ros.evaluation.metrics.catalogue import FIGURES, Figure
from cdst_ros.evaluation.published import CAVEAT, published_rows
from cdst_ros.evaluation.scoreboard import MEASURED
from cdst_ros.superres.engines import CLASSICAL_ENGINES

if TYPE_CHECKING:
    from jinja2 import Environment

#: Speed beside accuracy, beside the index.
PICTURE = 'speed.svg'
_TEMPLATES = Path(__file__).parent / 'templates'


def write_card(card: Card, folder: Path, frames: int | None) -> Path:
    """
    Write a card and its pictures; return the file.

    :param frames: that the results were limited to
    :raises MissingLibraryError: without Jinja2
    """
    environment = _environment()
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f'{card.metadata.name}-worst-*.jpg'):
        old.unlink()
    for case in card.cases:
        draw_case(case, card.model.path, frames, folder / card.picture(case))
    file = folder / f'{card.metadata.name}.md'
    file.write_text(_render(environment, 'card.md.j2', card=card), encoding='utf-8')
    return file


def write_index(cards: Sequence[Card], folder: Path, command: str) -> Path:
    """
    Write the table of all cards; return the file.

    :param command: that writes them again
    :raises MissingLibraryError: without Jinja2
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / 'README.md'
    picture = folder / PICTURE
    text = _render(
        _environment(),
        'index.md.j2',
        cards=sorted(cards, key=lambda card: (card.model.scale, card.model.name)),
        command=command,
        picture=picture.name if picture.exists() else '',
    )
    file.write_text(text, encoding='utf-8')
    return file


def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError:
        raise MissingLibraryError(
            'model cards need Jinja2, which is not installed: pip install -e ".[report]" in the '
            'checkout, or apt install python3-jinja2'
        ) from None
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,
    )
    environment.filters.update(listed=listed, rounded=_rounded, percent=_percent)
    environment.globals.update(
        told=told,
        classical=CLASSICAL_ENGINES,
        right_within=RIGHT_WITHIN,
        caveat=CAVEAT,
        measured=MEASURED,
        published=_published,
        pair=_pair,
        with_interval=_with_interval,
    )
    return environment


def _render(environment: Environment, template: str, **values: Any) -> str:
    """Return a text; what conditions leave of blanks and empty lines is taken out."""
    text = environment.get_template(template).render(**values)
    return re.sub(r'\n{3,}', '\n\n', re.sub(r' +$', '', text, flags=re.MULTILINE))


def _published(scale: int) -> list[tuple[str, float]]:
    """Return what papers print for Middlebury-6 at a scale: method and mean MAD."""
    rows = [row for row in published_rows() if row.scale == scale]
    return [(row.method, row.scores['mad']['mean']) for row in rows]


def _pair(name: str, bounded: Values, free: Values) -> str:
    figure = next(figure for figure in FIGURES if figure.name == name)
    return ', '.join(told(figure, values.get(name)) for values in (bounded, free))


def _with_interval(figure: Figure, row: Values) -> str:
    low, high = row['intervals'].get(figure.name, (None, None))
    text = told(figure, row['metrics'].get(figure.name))
    return text if low is None else f'{text} [{told(figure, low)}, {told(figure, high)}]'


def _rounded(value: float | None, digits: int = 1) -> str:
    """Return a number, or a dash where there is none."""
    return '-' if value is None else f'{value:.{digits}f}'


def _percent(value: float | None, digits: int = 0) -> str:
    """Return a share in percent, or a dash where there is none."""
    return '-' if value is None else f'{100 * value:.{digits}f}'
