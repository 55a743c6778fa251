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
"""``cdst-ros demo``: the whole graph over real DDS, scored, on any machine."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cdst_ros.cli.failure import FAILURE, USAGE, fail, told_plainly

if TYPE_CHECKING:
    from rich.table import Table

_SIZE = re.compile(r'(\d+)x(\d+)')


class Reliability(str, Enum):
    """What the listener asks of the output's publisher."""

    RELIABLE = 'reliable'
    BEST_EFFORT = 'best_effort'


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command('demo')(demo)


#: What `--learn` goes by; another option with it would be ignored.
_OF_LEARNING = frozenset(
    {'learn', 'size', 'model', 'profile', 'steps', 'frames', 'folder', 'json_file'}
)


def demo(
    context: typer.Context,
    *,
    duration: Annotated[float, typer.Option(min=0.1, help='Seconds to play.')] = 10.0,
    size: Annotated[
        str, typer.Option(metavar='WxH', help='Size of the synthetic depth camera.')
    ] = '160x120',
    model: Annotated[
        str, typer.Option(help='Name of a shipped model, or path of a .onnx file.')
    ] = 'lite_x4',
    engine: Annotated[
        str,
        typer.Option(help='auto, tensorrt, openvino, onnxruntime, or a classical method.'),
    ] = 'auto',
    precision: Annotated[str, typer.Option(help='f32, or what the engine offers.')] = 'f32',
    scale: Annotated[
        int | None, typer.Option(min=1, help='For classical methods; a model has its own.')
    ] = None,
    source: Annotated[
        str, typer.Option(help='synthetic, or the path of a recording or a bag.')
    ] = 'synthetic',
    degrade: Annotated[
        str | None,
        typer.Option(
            help='How input and truth come of recorded depth: none, valid_median_x2, '
            'valid_median_x4, hololens_x2. By default by the valid-median, where a recording '
            'has no reference.'
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help='Number of the synthetic scene.')] = 10,
    profile: Annotated[
        str | None,
        typer.Option(
            help='Synthetic sensor: generic, ideal, tof, stereo, ..., or a file. By default '
            'generic, and stereo with --learn.'
        ),
    ] = None,
    rate: Annotated[float, typer.Option(min=0.1, help='Frames a second.')] = 30.0,
    reliability: Annotated[
        Reliability, typer.Option(help='What the listener asks for.')
    ] = Reliability.RELIABLE,
    json_file: Annotated[
        Path | None, typer.Option('--json', metavar='FILE', help='Write the figures here.')
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar='FILE', help='Draw the comparison here.')
    ] = Path('cdst_demo.png'),
    learn: Annotated[
        bool,
        typer.Option(
            '--learn',
            help='Run the whole loop instead: score, collect with a reference, train, accept, and '
            'score again.',
        ),
    ] = False,
    steps: Annotated[int, typer.Option(min=1, help='With --learn: steps of training.')] = 300,
    frames: Annotated[int, typer.Option(min=60, help='With --learn: frames to collect.')] = 120,
    folder: Annotated[
        Path | None, typer.Option(help='With --learn: keep what is learned here.')
    ] = None,
) -> None:
    """
    Run camera, super-resolution and a listener over real DDS, and score the output.

    Three processes: a camera that plays a synthetic scene (or a recording, or a bag), the superres
    node, and an evaluator that counts, times, and compares with the truth and with classical
    methods. It ends by itself.

    Examples: `cdst-ros demo --size 320x240 --json demo.json`; `cdst-ros demo --learn`
    """
    from cdst_ros.nodes.demo import Demo, run_demo
    from cdst_ros.nodes.watch import RunError
    from cdst_ros.superres.engine import EngineError, ModelError

    width, height = _parse_size(size)
    # However we are asked to end, we leave by an exception, so that no process stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if learn:
        _check_of_learning(context)
        from cdst_ros.cli.learning_demo import show
        from cdst_ros.nodes.learning_demo import LearningDemo

        show(
            LearningDemo(
                profile=profile or 'stereo',
                model=model,
                width=width,
                height=height,
                frames=frames,
                steps=steps,
                folder=folder,
            ),
            _bar,
            json_file,
        )
        return
    wanted = Demo(
        duration_s=duration,
        width=width,
        height=height,
        model=model,
        engine=engine,
        precision=precision,
        scale=scale,
        source=source,
        degrade=degrade,
        seed=seed,
        profile=profile or 'generic',
        rate_hz=rate,
        reliability=reliability.value,
        picture=picture,
    )
    with told_plainly(RunError, ModelError, EngineError, ValueError, OSError), _bar() as progress:
        report = run_demo(wanted, os.environ, progress)
    _print(report)
    if json_file is not None:
        with told_plainly(OSError):
            json_file.write_text(json.dumps(report, indent=2) + '\n', encoding='utf-8')
    if not report['frames_out']:
        fail('no frame came out', FAILURE)


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == 'COMMANDLINE'


def _check_of_learning(context: typer.Context) -> None:
    """Refuse what was given beside `--learn` and says nothing to it."""
    given = [
        name.replace('_', '-')
        for name in context.params
        if name not in _OF_LEARNING and _is_given(context, name)
    ]
    if given:
        fail(f'--learn does not go with --{" and --".join(sorted(given))}', USAGE)


def _parse_size(text: str) -> tuple[int, int]:
    match = _SIZE.fullmatch(text)
    if match is None:
        fail(f'--size is {text!r}: give width and height, such as 160x120', USAGE)
    return int(match.group(1)), int(match.group(2))


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """Show what is being done, and how far it is."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn('{task.description:<18}'), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task('starting', total=None)

        def show(doing: str, done: int, total: int) -> None:
            bars.update(task, description=doing, completed=done, total=total or None)

        yield show


def _print(report: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console()
    console.print(_live_table(report))
    if report['rmse_cm']:
        console.print(_score_table(report))
    else:
        console.print('No truth to score against: see --degrade.')
    if report.get('picture'):
        console.print(f'Picture: {report["picture"]}')


def _live_table(report: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table(title='Live', title_justify='left', show_header=False)
    sizes = ('x'.join(map(str, report[k])) for k in ('input_size', 'output_size') if report[k])
    rows = {
        'model': _join(report, 'model', 'engine', 'precision', 'device'),
        'size': ' to '.join(sizes),
        'frames': f'{report["frames_out"]} out of {report["frames_in"]}, '
        f'{report["dropped"]} dropped',
        'rate': _number(report['rate_hz'], 'Hz'),
    }
    latency = report['latency_ms']
    if latency:
        rows['latency'] = f'{latency["p50"]:.1f} ms median, {latency["p99"]:.1f} ms p99'
    if report['late']:
        rows['camera'] = f'{report["late"]} frames late: this machine is too busy to play them'
    rows['listener'] = f'{report["reliability"]}, {report["rmw"]}, {report["transport_profile"]}'
    if report['scored_frames']:
        broken = sum(report['broken_promises'].values())
        rows['bound and holes'] = 'kept' if not broken else f'broken in {broken} pixels'
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _score_table(report: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table(title=f'Against the truth, {report["scored_frames"]} frames')
    table.title_justify = 'left'
    table.add_column('method')
    for head in ('RMSE [cm]', 'at edges [cm]', 'known [%]'):
        table.add_column(head, justify='right')
    best = min(report['rmse_cm'], key=lambda name: report['rmse_cm'][name])
    for name, rmse in report['rmse_cm'].items():
        label = report.get('model', name) if name == 'model' else name
        figures = (rmse, report['edge_rmse_cm'][name], 100 * report['completeness'][name])
        style = 'bold' if name == best else None
        table.add_row(label, *(f'{figure:.2f}' for figure in figures), style=style)
    return table


def _join(report: dict[str, Any], *names: str) -> str:
    return ', '.join(str(report[name]) for name in names if name in report)


def _number(value: float | None, unit: str) -> str:
    return '-' if value is None else f'{value:.2f} {unit}'
