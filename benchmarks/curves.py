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
"""Figures of a training's curves."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path


def last_figures(folder: Path) -> dict[str, float]:
    """Return the newest value of every figure in a run's folder."""
    figures: dict[str, float] = {}
    for row in _rows(folder):
        figures.update(row)
    figures.pop('step', None)
    return figures


def mean_figures(folder: Path, prefixes: Sequence[str], since: int = 0) -> dict[str, float]:
    """Return the mean from step ``since`` on of the figures whose names begin so."""
    seen: dict[str, list[float]] = {}
    for row in _rows(folder):
        for key, value in row.items():
            if key.startswith(tuple(prefixes)) and row['step'] >= since:
                seen.setdefault(key, []).append(value)
    return {key: sum(values) / len(values) for key, values in seen.items()}


def _rows(folder: Path) -> Iterator[dict[str, float]]:
    files = sorted(folder.glob('curves/*/metrics.csv'), key=_first_step)
    for file in files:
        for row in csv.DictReader(file.open(encoding='utf-8')):
            yield {key: float(value) for key, value in row.items() if value}


def _first_step(file: Path) -> int:
    return int(file.parent.name.rpartition('_')[2])
