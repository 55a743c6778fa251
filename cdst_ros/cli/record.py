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
"""``cdst-ros record``: import, list and verify recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdst_ros.cli.failure import told_plainly
from cdst_ros.cli.progress import progress_bar

if TYPE_CHECKING:
    from cdst_ros.recordings.summary import Summary

#: Frames left out that are named one by one.
_NAMED = 10


def register(app: typer.Typer) -> None:
    """Add the verb."""
    verbs = typer.Typer(
        help='Import, list and verify recordings of depth and colour.', no_args_is_help=True
    )
    verbs.command('import')(import_)
    verbs.command('list')(list_)
    verbs.command('verify')(verify)
    app.add_typer(verbs, name='record')


def import_(
    source: Annotated[Path, typer.Argument(help='Folder of NAME_depth.png and NAME_rgb.jpg.')],
    destination: Annotated[Path, typer.Argument(help='Folder to make; it must be new or empty.')],
    rate: Annotated[
        float, typer.Option(min=0.001, help='Frames a second; the stamps are made at this rate.')
    ] = 30.0,
    frame_id: Annotated[
        str, typer.Option(help='Optical frame that the images were taken in.')
    ] = 'camera_depth_optical_frame',
) -> None:
    """
    Import a plain folder of images as a recording.

    The folder holds NAME_depth.png (16-bit, millimetres, 0 = unknown), optionally NAME_rgb.jpg of
    the same view, K.txt (3x3 intrinsics) and poses.txt (16 values a line). A frame that cannot be
    read is left out and told; the files of the others are kept as they are.

    Example: `cdst-ros record import photos/ walk/ --rate 10`
    """
    from cdst_ros.recordings.errors import RecordingError, RecordingWriteError
    from cdst_ros.recordings.folder import import_folder

    with told_plainly(RecordingError, RecordingWriteError), progress_bar('Importing') as progress:
        result = import_folder(source, destination, rate, frame_id=frame_id, progress=progress)
    typer.echo(f'{result.frames} frames recorded in {destination}, stamps made at {rate:g} Hz')
    if result.skipped:
        typer.echo(f'{len(result.skipped)} frames left out:')
        for name, reason in list(result.skipped.items())[:_NAMED]:
            typer.echo(f'  {name}: {reason}')
        if len(result.skipped) > _NAMED:
            typer.echo(f'  and {len(result.skipped) - _NAMED} more')


def list_(
    folder: Annotated[Path, typer.Argument(help='A recording, or a folder of recordings.')],
) -> None:
    """
    Say what recordings hold.

    Example: `cdst-ros record list recordings/`
    """
    from rich.console import Console

    from cdst_ros.cli.failure import fail
    from cdst_ros.recordings.errors import RecordingError
    from cdst_ros.recordings.summary import find_recordings, summarise

    with told_plainly(RecordingError):
        found = [summarise(path) for path in find_recordings(folder)]
    if not found:
        fail(
            f'{folder} holds no recording. Import a plain folder with "cdst-ros record import '
            'SRC DST".'
        )
    Console().print(_table(found))


def verify(
    recording: Annotated[Path, typer.Argument(help='The recording.')],
) -> None:
    """
    Read every file of a recording; check sums, sizes and stamps.

    Ends with exit code 1 when something is damaged. What a kill left behind is noted and is no
    damage.

    Example: `cdst-ros record verify walk/`
    """
    from cdst_ros.recordings.errors import RecordingError
    from cdst_ros.recordings.verify import verify as verify_recording

    with told_plainly(RecordingError), progress_bar('Verifying') as progress:
        found = verify_recording(recording, progress)
    for note in found.notes:
        typer.echo(f'note: {note}')
    for problem in found.problems:
        typer.secho(f'damaged: {problem}', fg=typer.colors.RED)
    if not found.sound:
        typer.echo(f'{len(found.problems)} problems in {found.frames} frames of {recording}')
        raise typer.Exit(1)
    typer.echo(f'{recording} is sound: {found.frames} frames')


def _table(summaries: list[Summary]) -> object:
    from rich.table import Table

    table = Table('recording', 'frames', 'seconds', 'rate', 'images', 'camera', 'poses', 'MB')
    for one in summaries:
        images = ', '.join(f'{kind} {"/".join(sizes)}' for kind, sizes in one.sizes.items())
        rate = '-' if one.rate_hz is None else f'{one.rate_hz:.3g} Hz'
        damaged = f' (+{one.damaged} damaged)' if one.damaged else ''
        table.add_row(
            one.path.name,
            f'{one.frames}{damaged}',
            f'{one.seconds:.1f}',
            f'{rate}, made' if one.stamps_made else rate,
            images or '-',
            f'{one.cameras}/{one.frames}',
            f'{one.poses}/{one.frames}',
            f'{one.bytes / 1e6:.1f}',
        )
    return table
