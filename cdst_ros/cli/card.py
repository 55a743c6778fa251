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
"""``cdst-ros card``: measure models by every protocol, and write their cards."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cdst_ros.cli.failure import FAILURE, USAGE, fail, told_plainly
from cdst_ros.cli.progress import Show, progress_bar

if TYPE_CHECKING:
    from cdst_ros.evaluation.cards.card import Training
    from cdst_ros.evaluation.cards.results import Model, Task
    from cdst_ros.evaluation.report import Progress


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command('card')(card)


def card(
    model: Annotated[
        list[str] | None,
        typer.Argument(help='Shipped models, or .onnx files.  [default: all shipped ones]'),
    ] = None,
    out: Annotated[Path, typer.Option(help='Folder of the cards.')] = Path('docs/models'),
    results: Annotated[
        Path | None,
        typer.Option(help='Folder that measurements are kept in.  [default: OUT/results]'),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar='PROTOCOL=FOLDER',
            help='Data of middlebury6, hololens_x2, replica_x4 or tartanair_x4; may be repeated. '
            'What is not given is left out.',
        ),
    ] = None,
    frames: Annotated[
        int,
        typer.Option(
            min=1, help='At most so many of each sensor; a third of each set of renders.'
        ),
    ] = 12,
    *,
    again: Annotated[
        bool, typer.Option('--again', help='Measure all again, not what is missing only.')
    ] = False,
) -> None:
    """
    Measure models by every protocol of their scale, and write a card of each.

    Measurements are kept as JSON, one file a protocol and scale, and made again only when a model
    file has changed; a run that was interrupted goes on where it was.

    Example: `cdst-ros card --data middlebury6=data/middlebury6 --data hololens_x2=data/walk`
    """
    from cdst_ros.evaluation.cards.card import card_of
    from cdst_ros.evaluation.cards.results import Results, measure_missing, plan
    from cdst_ros.evaluation.cards.writing import write_card, write_index
    from cdst_ros.evaluation.html.libraries import check_libraries
    from cdst_ros.evaluation.report import EvaluationError
    from cdst_ros.evaluation.sources import SourceError
    from cdst_ros.recordings.errors import RecordingError
    from cdst_ros.superres.engine import EngineError, ModelError

    expected = (EngineError, EvaluationError, ModelError, OSError, RecordingError, SourceError)
    with told_plainly(*expected):
        check_libraries()
        models = _models(model)
        folders = _folders(data or [])
        tasks = plan(models, folders, frames)
        kept = Results(results or out / 'results')
        with progress_bar('Measuring') as show:
            measure_missing(
                kept,
                models,
                tasks,
                again=again,
                machine=_machine(),
                progress=lambda task: _progress(show, tasks, task),
            )
        found = kept.all_of(tasks, models)
        cards = [card_of(one, kept, tasks, _training(one)) for one in models]
        for one in cards:
            typer.echo(f'{write_card(one, out, frames)}')
            for name in one.lacking:
                typer.echo(f'  without {name}: say where its data are with --data {name}=FOLDER')
        if not model:
            _draw_speed(found, models, out)
            typer.echo(f'{write_index(cards, out, _command(folders, frames))}')
        broken = [fault for values in found.values() for fault in values.get('broken', ())]
    for fault in broken:
        typer.secho(f'broken: {fault}', fg=typer.colors.RED, err=True)
    if broken:
        raise typer.Exit(FAILURE)


def _models(asked: list[str] | None) -> list[Model]:
    from cdst_ros.evaluation.cards.results import Model
    from cdst_ros.superres.store import find_model, shipped_models

    models = [Model.of(find_model(name)) for name in asked or shipped_models()]
    names = [one.name for one in models]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        fail(f'two models are called {", ".join(twice)}: give one of them at a time', USAGE)
    return models


def _folders(data: list[str]) -> dict[str, Path]:
    folders = {}
    for text in data:
        name, equals, folder = text.partition('=')
        if not (name and equals and folder):
            fail(f'{text!r}: write --data PROTOCOL=FOLDER', USAGE)
        folders[name] = Path(folder)
    return folders


def _progress(show: Show, tasks: list[Task], task: Task) -> Progress:
    """Return the progress of a task among all, which count alike."""
    place = tasks.index(task)

    def progress(done: int, total: int, what: str) -> None:
        share = done / total if total else 0.0
        show(round(100 * (place + share)), 100 * len(tasks), what or task.name)

    return progress


def _draw_speed(found: Mapping[str, dict[str, Any]], models: list[Model], out: Path) -> None:
    """Draw speed beside accuracy of the models of x4 for one sensor, where there are some."""
    from cdst_ros.evaluation.cards.speed import (
        PROTOCOL,
        SCALE,
        draw_speed,
        meant_for_others,
        note_of,
        panels_of,
    )
    from cdst_ros.evaluation.cards.writing import PICTURE

    others = meant_for_others((model.path for model in models), PROTOCOL)
    panels = panels_of(found, SCALE, PROTOCOL, others)
    if panels:
        draw_speed(panels, note_of(found, SCALE), out / PICTURE)
        typer.echo(f'{out / PICTURE}')


def _training(model: Model) -> Training | None:
    """Return what the training command of a model sets; None where it cannot be told."""
    from cdst_ros.evaluation.cards.card import Training
    from cdst_ros.superres.contract import read_metadata
    from cdst_ros.training.config import ConfigError, load_config

    words = shlex.split(read_metadata(model.path).command)
    if words[:2] != ['cdst-ros', 'train'] or len(words) < 3:
        return None
    try:
        config = load_config(words[2], [word for word in words[3:] if '=' in word])
    except ConfigError:
        return None
    sensors = {sensor.name: share for sensor, share in config.sensors.items()}
    options = ', '.join(f'{key} {value}' for key, value in config.model.options.items())
    network = f'{config.model.network} ({options})' if options else config.model.network
    views = (
        f'{config.data.sensor_share:.0%} of the views seen by a sensor; of the others '
        f'{config.data.disparity_share:.0%} disparity'
    )
    return Training(config.seed, config.max_steps, network, sensors, views)


def _machine() -> str:
    from cdst_ros.environment import cpu

    file = Path('/proc/cpuinfo')
    text = file.read_text(encoding='utf-8') if file.exists() else ''
    return cpu(text, len(os.sched_getaffinity(0))).value


def _command(data: Iterable[str], frames: int) -> str:
    """Return the command that writes the cards again, wherever the data are."""
    given = ''.join(f' --data {name}=FOLDER' for name in sorted(data))
    return f'cdst-ros card --frames {frames}{given}'
