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
"""``cdst-ros adapt``: make a model better on the sensor of a recording."""

from __future__ import annotations

import shutil
import signal
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdst_ros.cli.failure import fail, told_plainly
from cdst_ros.cli.train import REMEDY

if TYPE_CHECKING:
    from cdst_ros.learning.job import Job, Order
    from cdst_ros.learning.workshop import Workshop

#: How often to look how far a job is, and whether its process has gone [s].
_LOOK_S, _AGAIN_S = 0.2, 5.0


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command('adapt')(adapt)


def adapt(
    recording: Annotated[
        Path,
        typer.Argument(help='Recording of the trainer node, or of `cdst-ros record import`.'),
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar='[KEY=VALUE]...', help='Values for the training.'),
    ] = None,
    *,
    start: Annotated[
        str, typer.Option('--from', help='Model to start from: shipped, or an ONNX file.')
    ] = 'lite_x4',
    out: Annotated[
        Path | None, typer.Option(help='ONNX file to write; by default NAME.onnx here.')
    ] = None,
    work: Annotated[
        Path | None, typer.Option(help='Folder to work in; by default RECORDING.adapt here.')
    ] = None,
    name: Annotated[
        str | None, typer.Option(help='Name of the new model; by default made of both.')
    ] = None,
    config: Annotated[str, typer.Option(help='Training configuration.')] = 'adapt',
    steps: Annotated[int, typer.Option(min=1, help='Steps of training.')] = 1500,
    threads: Annotated[
        int, typer.Option(min=1, help='Threads to use; a small network gains little from more.')
    ] = 1,
    held_out: Annotated[
        float, typer.Option(min=0.05, max=0.9, help='Share of the frames to judge on.')
    ] = 0.2,
    gap: Annotated[float, typer.Option(min=0.0, help='Seconds left out between.')] = 2.0,
    frames: Annotated[int, typer.Option(min=1, help='Frames to judge on, at most.')] = 60,
    sensor: Annotated[
        str,
        typer.Option(
            metavar='PROFILE',
            help='Sensor profile, a name or a file, that tells what the recording does not; by '
            'default that of the model.',
        ),
    ] = '',
) -> None:
    """
    Go on with the training of a model on a recording, and judge what comes of it.

    Trains on the first part, judges on the last against the model that it started from and the
    classical methods, and writes the new model and a report. Run again after an interruption, it
    goes on where it was. Copy the one ONNX file into the robot's folder of offers: there it is
    judged again, and offered.

    Example: `cdst-ros adapt kitchen --from lite_x4_stereo --steps 5000 --out kitchen.onnx`
    """
    if not all(find_spec(library) for library in ('torch', 'lightning', 'onnx')):
        fail(f'training needs torch, lightning and onnx: {REMEDY}')
    from cdst_ros.learning.color import told_of_color
    from cdst_ros.learning.job import LOG, REPORT_HTML, Order
    from cdst_ros.learning.naming import adapted_name
    from cdst_ros.learning.stages import WITH_COLOR
    from cdst_ros.learning.workshop import can_go_on
    from cdst_ros.superres.engine import ModelError
    from cdst_ros.superres.store import find_model
    from cdst_ros.synthetic import lasting_name

    with told_plainly(ModelError, ValueError, OSError):
        _require_recording(recording)
        base = find_model(start)
        order = Order(
            recording=str(recording.resolve()),
            base=str(base),
            name=name or adapted_name(base, recording),
            config=config,
            overrides=tuple(overrides or ()),
            steps=steps,
            threads=threads,
            priority='normal',
            held_out=held_out,
            gap_s=gap,
            judge_frames=frames,
            sensor=lasting_name(sensor),
        )
        job = _minded(order, work or Path(f'{recording.resolve().name}.adapt'))
        status = job.status()
        if status.state != 'finished':
            again = 'goes on from its last checkpoint' if can_go_on(job) else 'begins anew'
            fail(f'{status.reason or status.state}; see {job / LOG}. Run again, it {again}')
        model = out or Path(f'{job.order().name}.onnx')
        shutil.copyfile(job.model(), model)
    if config == WITH_COLOR:
        typer.echo(told_of_color(job))
    typer.echo(str(job.result()['sentence']))
    typer.echo(f'model: {model}; report: {job / REPORT_HTML}')


def _require_recording(path: Path) -> None:
    """Refuse what is no recording, and say how one is made of it."""
    from cdst_ros.evaluation.sources import Kind, kind_of
    from cdst_ros.learning.job import JobError

    if not path.exists():
        raise JobError(f'there is no folder {path}: give the one that a recording lies in')
    kind = kind_of(path)
    if kind is Kind.RECORDING:
        return
    what = 'is a bag' if kind is Kind.BAG else 'holds no recording'
    folder = f'{path.resolve().stem}_recording'
    raise JobError(
        f'{path} {what}: make a recording of a bag, or of a folder of images, first. '
        f'cdst-ros record import {path} {folder}, then cdst-ros adapt {folder}'
    )


def _minded(order: Order, work: Path) -> Job:
    """Have the job done, or the one that was interrupted or failed; return it."""
    from cdst_ros.learning.job import JobError
    from cdst_ros.learning.workshop import Workshop

    workshop = Workshop(work.resolve())
    present = workshop.at_work()
    if present is not None:
        changed = _changed(present.order(), order)
        if changed:
            raise JobError(
                f'{work} holds a training that was interrupted, with another '
                f'{" and ".join(changed)}: run the line of then to go on with it, or give another '
                'folder by --work'
            )
    # However we are asked to end, the training ends with us, and goes on when we are run again.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    job = workshop.resume() or _taken_up(workshop, order) or workshop.start(order)
    try:
        _show(workshop, job)
    except KeyboardInterrupt:
        typer.echo('interrupted; run it again to go on', err=True)
        workshop.stop(job)
        raise typer.Exit(130) from None
    return job


def _taken_up(workshop: Workshop, order: Order) -> Job | None:
    """Have the last job go on where it failed, if that is of use."""
    job = workshop.failed_before(order)
    if job is None:
        return None
    typer.echo(f'it failed before, and goes on: {job.status().reason}', err=True)
    return workshop.take_up(job, order)


def _changed(before: Order, now: Order) -> list[str]:
    """Return in which of the arguments, in words, two orders differ."""
    names = {
        'recording': 'recording',
        'config': '--config',
        'overrides': 'KEY=VALUE',
        'steps': '--steps',
        'threads': '--threads',
        'held_out': '--held-out',
        'gap_s': '--gap',
        'judge_frames': '--frames',
        'sensor': '--sensor',
        'base': '--from',
    }
    differing = before.differing(now)
    return [said for name, said in names.items() if name in differing]


def _show(workshop: Workshop, job: Job) -> None:
    """Show how far the job is until it has ended."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn('{task.description:<12}'), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task('starting', total=None)
        looked_s = time.monotonic()
        while not (status := job.status()).ended:
            told = job.progress() if status.stage == 'train' else {}
            bars.update(
                task,
                description=workshop.waits_for_room(job) or status.stage or 'starting',
                completed=told.get('step', 0),
                total=told.get('steps'),
            )
            time.sleep(_LOOK_S)
            # A process that was just started takes a moment to be seen at work.
            if time.monotonic() > looked_s + _AGAIN_S:
                looked_s = time.monotonic()
                workshop.resume()
            workshop.is_minded()  # takes note of one that has ended
