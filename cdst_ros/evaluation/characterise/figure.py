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
"""A measured figure with what it rests on, and the sections that figures are told in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

#: What is said of a figure that the recording cannot tell.
NOT_TOLD = 'not told by this recording'
#: Unit of shares.
SHARE = 'share'


@dataclass(frozen=True)
class Figure:
    """
    One figure.

    :param name: key in JSON, such as ``rate``
    :param label: for people
    :param value: None where the recording does not tell it
    :param unit: ``SHARE`` for shares, 0 to 1, told in per cent; empty for pure numbers
    :param evidence: how many observations it rests on
    :param of: what they are, such as ``pixels``
    :param low: end of the 95 % interval, where there is one
    :param high: likewise
    :param note: why it is not told, or what to know about it
    """

    name: str
    label: str
    value: float | None
    unit: str = ''
    evidence: int = 0
    of: str = ''
    low: float | None = None
    high: float | None = None
    note: str = ''

    @property
    def told(self) -> bool:
        """Whether the recording tells it."""
        return self.value is not None

    @property
    def text(self) -> str:
        """The value with its unit, or that it is not told."""
        if self.value is None:
            return NOT_TOLD
        if self.unit == SHARE:
            return f'{plain_number(100 * self.value)} %'
        unit = f' {self.unit}' if self.unit else ''
        return f'{plain_number(self.value)}{unit}'

    @property
    def interval(self) -> str:
        """The interval, empty where there is none."""
        if self.low is None or self.high is None:
            return ''
        factor = 100 if self.unit == SHARE else 1
        return f'[{plain_number(factor * self.low)}, {plain_number(factor * self.high)}]'

    def to_json(self) -> dict[str, Any]:
        """Return the figure as JSON values."""
        values: dict[str, Any] = {'value': self.value, 'unit': self.unit}
        if self.low is not None:
            values['interval'] = [self.low, self.high]
        values.update(evidence=self.evidence, of=self.of)
        if self.note:
            values['note'] = self.note
        return values


def untold(  # noqa: PLR0917 (the order of Figure)
    name: str, label: str, note: str, unit: str = '', evidence: int = 0, of: str = ''
) -> Figure:
    """Return a figure that the recording does not tell; ``note`` says why."""
    return Figure(name, label, None, unit, evidence, of, note=note)


def plain_number(value: float) -> str:
    """Return a number with as many digits as people read: 3 significant, and no exponent."""
    if value == 0 or not math.isfinite(value):
        return f'{value:g}'
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f'{value:.{min(digits, 6)}f}'
    return text.rstrip('0').rstrip('.') if '.' in text else text


@dataclass(frozen=True)
class Table:
    """
    Figures by band.

    :param name: key in JSON
    :param columns: with units
    :param rows: numbers, or words; NaN where nothing tells
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[float | str, ...], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the table as JSON values; what is not known is null."""
        rows = [
            [None if isinstance(cell, float) and not math.isfinite(cell) else cell for cell in row]
            for row in self.rows
        ]
        return {'title': self.title, 'columns': list(self.columns), 'rows': rows}


@dataclass(frozen=True)
class Section:
    """
    Figures that belong together.

    :param name: key in JSON
    :param notes: sentences that hold for all of it
    """

    name: str
    title: str
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Figure:
        """
        Return a figure by its name.

        :raises KeyError: when the section has none of it
        """
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(f'{self.name} has no figure {name!r}')

    def to_json(self) -> dict[str, Any]:
        """Return the section as JSON values."""
        values: dict[str, Any] = {figure.name: figure.to_json() for figure in self.figures}
        if self.tables:
            values['tables'] = {table.name: table.to_json() for table in self.tables}
        if self.notes:
            values['notes'] = list(self.notes)
        return values
