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
"""What ``cdst-ros demo --learn`` shows."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cdst_ros.cli.failure import FAILURE, fail, told_plainly
from cdst_ros.cli.train import REMEDY

if TYPE_CHECKING:
    from rich.table import Table

    from cdst_ros.nodes.learning_demo import LearningDemo

#: Figures that are compared, and how they are called.
_FIGURES = (('rmse_cm', 'RMSE [cm]'), ('edge_rmse_cm', 'at edges [cm]'))


def show(
    demo: LearningDemo,
    bar: Callable[[], AbstractContextManager[Callable[[str, int, int], None]]],
    json_file: Path | None,
) -> None:
    """Run the demo of learning, and print the score before and after; 1 when it is not better."""
    if find_spec('torch') is None:
        fail(f'learning needs torch: {REMEDY}')
    from rich.console import Console

    from cdst_ros.nodes.learning_demo import run_learning_demo
    from cdst_ros.nodes.watch import RunError
    from cdst_ros.superres.engine import EngineError, ModelError

    with told_plainly(RunError, ModelError, EngineError, ValueError, OSError), bar() as progress:
        report = run_learning_demo(demo, os.environ, progress)
    console = Console()
    console.print(_table(demo, report))
    console.print(f'Offer: {report["offer"]["says"]}')
    console.print(f'{report["seconds"]:.0f} s in all')
    if report['folder']:
        typer.echo(f'kept: {report["folder"]}')
    if json_file is not None:
        with told_plainly(OSError):
            json_file.write_text(json.dumps(report, indent=2) + '\n', encoding='utf-8')
    if not score(report, 'after') < score(report, 'before'):
        fail('the score is not better than before', FAILURE)


def score(report: dict[str, Any], when: str) -> float:
    """Return the RMSE of the model [cm] ``before`` or ``after``."""
    return float(report[when]['rmse_cm']['model'])


def _table(demo: LearningDemo, report: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table(
        title=f'The live stream of a {demo.profile} sensor, in a room that was not learned from'
    )
    table.title_justify = 'left'
    table.add_column('')
    for _, head in _FIGURES:
        table.add_column(head, justify='right')
    table.add_column('frames scored', justify='right')
    rows = [
        (f'before: {report["before"]["model"]}', 'before', 'model'),
        (f'after: {report["after"]["model"]}', 'after', 'model'),
        ('bilinear', 'after', 'bilinear'),
    ]
    for label, when, method in rows:
        told = report[when]
        cells = [f'{told[figure][method]:.2f}' for figure, _ in _FIGURES]
        style = 'bold' if when == 'after' and method == 'model' else None
        table.add_row(label, *cells, str(told['scored_frames']), style=style)
    return table
