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
"""
What a page is made of, and how it becomes HTML.

Every block has a ``kind``, the name of its macro in ``templates/blocks.html``. Texts are plain:
they are escaped, so that names of topics and files may hold what they like.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

import cdst_ros
from cdst_ros.evaluation.html.libraries import check_libraries
from cdst_ros.recordings.atomic import write_file


class Mark(NamedTuple):
    """
    A judgement: told by its sign and its word, and by colour besides.

    :param word: such as ``better``
    :param tone: ``good``, ``bad``, ``mixed`` or ``even``
    """

    word: str
    tone: str


BETTER, WORSE, EVEN = Mark('better', 'good'), Mark('worse', 'bad'), Mark('even', 'even')
MIXED = Mark('mixed', 'mixed')


@dataclass(frozen=True)
class Picture:
    """
    An image inside the page.

    :param uri: ``data:`` URI
    :param width: [CSS px] that it has by itself
    :param height: [CSS px]
    :param alt: what it shows, for who cannot see it
    :param pixelated: whether its pixels stay squares when it is enlarged
    :param caption: under it, may be empty
    :param narrow: whether it is of use however small; others are scrolled on narrow screens
    """

    kind: ClassVar[str] = 'picture'
    uri: str
    width: int
    height: int
    alt: str
    pixelated: bool = False
    caption: str = ''
    narrow: bool = False


@dataclass(frozen=True)
class Paragraph:
    """
    A paragraph.

    :param faint: whether it is an aside
    """

    kind: ClassVar[str] = 'paragraph'
    text: str
    faint: bool = False


@dataclass(frozen=True)
class Items:
    """A list."""

    kind: ClassVar[str] = 'items'
    texts: Sequence[str]


@dataclass(frozen=True)
class Code:
    """Text to copy, such as a command."""

    kind: ClassVar[str] = 'code'
    text: str


@dataclass(frozen=True)
class Cell:
    """
    A cell of a table.

    :param text: its value
    :param below: in small print under it, such as an interval
    :param mark: how it is to be taken
    :param strong: whether it is the best of its column
    """

    text: str
    below: str = ''
    mark: Mark | None = None
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """
    A table; the first cell of a row is its heading.

    :param columns: headings; the first column is of words, the others of numbers, right-aligned
    :param rows: a cell for each column, as text where nothing else is to be said of it
    :param caption: what the table says
    :param highlighted: places of rows that matter most
    :param words: whether the other columns are of words, too; those of two columns always are
    """

    kind: ClassVar[str] = 'table'
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    caption: str
    highlighted: Sequence[int] = ()
    words: bool = False

    @property
    def cells(self) -> list[list[Cell]]:
        """The rows, every cell a ``Cell``."""
        return [[c if isinstance(c, Cell) else Cell(c) for c in row] for row in self.rows]


@dataclass(frozen=True)
class Panel:
    """
    A picture of several that are compared.

    :param label: over it
    :param note: in small print under the label
    """

    picture: Picture
    label: str
    note: str = ''


@dataclass(frozen=True)
class Bar:
    """
    The legend of a colour scale.

    :param ramp: the colours from left to right
    :param label: what they tell, with its unit
    :param ticks: values at equal steps from the left end to the right one
    :param unknown: the colour of what is unknown, where the pictures have some
    """

    ramp: Picture
    label: str
    ticks: Sequence[str]
    unknown: Picture | None = None


@dataclass(frozen=True)
class Panels:
    """
    Pictures side by side, in rows of ``columns``; half as many where the screen is narrow.

    :param panels: row by row; None leaves a place empty
    :param columns: of the wide layout
    :param caption: what is compared
    :param bars: the scales of their colours
    """

    kind: ClassVar[str] = 'panels'
    panels: Sequence[Panel | None]
    columns: int
    caption: str = ''
    bars: Sequence[Bar] = ()


@dataclass(frozen=True)
class Beside:
    """Charts and what is said of them side by side, as many as there is room for."""

    kind: ClassVar[str] = 'beside'
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Details:
    """What only some readers want: closed until it is asked for, open in print."""

    kind: ClassVar[str] = 'details'
    summary: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Heading:
    """
    A heading within a section.

    :param level: 3 or 4
    """

    kind: ClassVar[str] = 'heading'
    text: str
    level: int = 3


Block = Paragraph | Items | Code | Table | Picture | Panels | Beside | Details | Heading


class Fact(NamedTuple):
    """
    A number that is seen first.

    :param label: what it is
    :param value: with its unit
    :param note: compared to what, its interval
    :param mark: how it is to be taken
    """

    label: str
    value: str
    note: str = ''
    mark: Mark | None = None


@dataclass(frozen=True)
class Section:
    """A part of the page, which its contents lead to."""

    title: str
    blocks: Sequence[Block]

    @property
    def anchor(self) -> str:
        """Its id in the page: one word of small letters."""
        return re.sub(r'[^a-z0-9]+', '-', self.title.lower()).strip('-')


@dataclass(frozen=True)
class Page:
    """
    A page.

    :param title: of the page and of the browser's tab
    :param verdict: the one sentence that a reader in a hurry takes along
    :param sections: of different titles
    :param subtitle: what the page is about: source, day, command
    :param facts: few
    :param mark: how the verdict is to be taken
    """

    title: str
    verdict: str
    sections: Sequence[Section]
    subtitle: str = ''
    facts: Sequence[Fact] = ()
    mark: Mark | None = None


def render_page(page: Page) -> str:
    """
    Return the HTML of a page.

    :raises ValueError: when two sections have one title
    :raises MissingLibraryError: where Jinja2 or matplotlib are missing
    """
    check_libraries()
    from jinja2 import Environment, PackageLoader, StrictUndefined

    anchors = [section.anchor for section in page.sections]
    if len(set(anchors)) < len(anchors):
        raise ValueError(f'sections of a page need titles of their own: {anchors}')
    environment = Environment(
        loader=PackageLoader('cdst_ros.evaluation.html', 'templates'),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters['tied'] = _tied
    template = environment.get_template('page.html')
    return str(template.render(page=page, version=cdst_ros.__version__))


def _tied(text: str) -> str:
    """Return a text in which no line breaks between a number and its unit."""
    return re.sub(r'(?<=\d) (?=(?:%|[cm]?m|ms|px|Hz|s)(?!\w))', '\N{NO-BREAK SPACE}', text)


def write_page(page: Page, path: Path) -> None:
    """
    Write a page into one file, which is never seen half written.

    :raises OSError: when it cannot be written
    :raises MissingLibraryError: where Jinja2 or matplotlib are missing
    """
    write_file(path, render_page(page).encode())
