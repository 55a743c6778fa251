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
"""``cdst-ros record``: import, list, verify, merge, split and export recordings."""

from __future__ import annotations

from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdst_ros.cli import options
from cdst_ros.cli.failure import told_plainly
from cdst_ros.cli.progress import progress_bar

if TYPE_CHECKING:
    from cdst_ros.recordings.bag_import import BagChoice
    from cdst_ros.recordings.merge import Copied
    from cdst_ros.recordings.reader import RecordedSequence
    from cdst_ros.recordings.summary import Summary

#: What was left out, or put aside, that is named one by one.
_NAMED = 10
_FOLDERS, _BAGS = 'Of a folder of images', 'Of a bag'


class By(str, Enum):
    """How a recording is split."""

    SEQUENCE = 'sequence'
    TIME = 'time'


class Storage(str, Enum):
    """How a bag is stored."""

    MCAP = 'mcap'
    SQLITE3 = 'sqlite3'


_SUFFIXES = {Storage.MCAP: '.mcap', Storage.SQLITE3: '.db3'}


def register(app: typer.Typer) -> None:
    """Add the verb."""
    verbs = typer.Typer(
        help='Recordings of depth and colour: import, list, verify, merge, split, export.',
        no_args_is_help=True,
    )
    verbs.command('import')(import_)
    verbs.command('list')(list_)
    verbs.command('verify')(verify)
    verbs.command('merge')(merge)
    verbs.command('split')(split)
    verbs.command('export')(export)
    app.add_typer(verbs, name='record')


def import_(
    source: Annotated[
        Path,
        typer.Argument(
            help='rosbag2 folder, .mcap or .db3 file, or folder of NAME_depth.png and '
            'NAME_rgb.jpg.'
        ),
    ],
    destination: Annotated[Path, typer.Argument(help='Folder to make; it must be new or empty.')],
    *,
    append: Annotated[
        bool, typer.Option('--append', help='Go on with the recording that is there.')
    ] = False,
    depth_topic: Annotated[str | None, options.depth_topic(_BAGS)] = None,
    info_topic: Annotated[str | None, options.info_topic(_BAGS)] = None,
    color_topic: Annotated[
        str | None,
        typer.Option(help='If the bag has several; "" reads none.', rich_help_panel=_BAGS),
    ] = None,
    reference_topic: Annotated[
        str | None,
        typer.Option(help='Depth of higher resolution, where there is.', rich_help_panel=_BAGS),
    ] = None,
    world: Annotated[
        str,
        typer.Option(
            help='Frame to take poses in from /tf, such as map or odom.  [default: no poses]',
            show_default=False,
            rich_help_panel=_BAGS,
        ),
    ] = '',
    depth_scale: Annotated[
        float, typer.Option(help='Metres a unit of 16-bit depth.', rich_help_panel=_BAGS)
    ] = 0.001,
    tolerance: Annotated[
        float,
        typer.Option(
            min=0, help='Images of a frame lie at most so far apart [ms].', rich_help_panel=_BAGS
        ),
    ] = 5.0,
    every: Annotated[
        int,
        typer.Option(
            min=1,
            help='Keep every N-th frame: neighbours teach little.',
            metavar='N',
            rich_help_panel=_BAGS,
        ),
    ] = 1,
    rate: Annotated[
        float,
        typer.Option(
            min=0.001,
            help='Frames a second; the stamps are made at this rate.',
            rich_help_panel=_FOLDERS,
        ),
    ] = 30.0,
    frame_id: Annotated[
        str,
        typer.Option(
            help='Optical frame that the images were taken in.', rich_help_panel=_FOLDERS
        ),
    ] = 'camera_depth_optical_frame',
) -> None:
    """
    Import a bag, or a plain folder of images, as a recording.

    Of a bag: raw, compressed and compressedDepth topics, each frame with its camera_info; JPEG
    colour is kept byte for byte. Extrinsics come from /tf_static, poses from /tf (--world).

    A folder holds NAME_depth.png (16-bit, millimetres, 0 = unknown), optionally NAME_rgb.jpg of
    the same view, K.txt (3x3 intrinsics) and poses.txt (16 values a line); its files are kept as
    they are. A frame that cannot be read is left out and told.

    Example: `cdst-ros record import walk.mcap walk/ --world odom`
    """
    from cdst_ros.recordings.bag_import import BagChoice
    from cdst_ros.recordings.bag_stream import is_bag
    from cdst_ros.recordings.errors import BagError, RecordingError, RecordingWriteError

    with told_plainly(BagError, RecordingError, RecordingWriteError):
        if source.exists() and is_bag(source):
            choice = BagChoice(
                depth_topic, info_topic, color_topic, reference_topic,
                world, depth_scale, round(tolerance * 1e6), every,
            )  # fmt: skip
            _import_bag(source, destination, choice, append)
        else:
            _import_folder(source, destination, rate, frame_id, append)


def _import_bag(source: Path, destination: Path, choice: BagChoice, append: bool) -> None:
    from cdst_ros.recordings.bag_import import import_bag

    with progress_bar('Importing') as progress:
        result = import_bag(source, destination, choice, append=append, progress=progress)
    topics = result.topics
    poses = f', {result.posed} with a pose in "{choice.world}"' if choice.world else ''
    typer.echo(
        f'{result.frames} frames recorded in {destination}, {result.colored} with colour{poses}'
    )
    for kind in ('depth', 'color', 'reference'):
        info = getattr(topics, f'{kind}_info')
        if (topic := getattr(topics, kind)) is not None:
            typer.echo(f'  {kind}: {topic}' + (f' with {info}' if info else ', no camera_info'))
    for reason, count in result.left_out.items():
        typer.echo(f'left out: {count}: {reason}')
    for note in result.notes:
        typer.echo(f'note: {note}')


def _import_folder(
    source: Path, destination: Path, rate: float, frame_id: str, append: bool
) -> None:
    from cdst_ros.recordings.folder import import_folder

    with progress_bar('Importing') as progress:
        result = import_folder(
            source, destination, rate, frame_id=frame_id, append=append, progress=progress
        )
    typer.echo(f'{result.frames} frames recorded in {destination}, stamps made at {rate:g} Hz')
    if result.skipped:
        typer.echo(f'{len(result.skipped)} frames left out:')
        _name([f'{name}: {reason}' for name, reason in result.skipped.items()])


def list_(
    folder: Annotated[Path, typer.Argument(help='A recording, or a folder of recordings.')],
) -> None:
    """
    Say what recordings hold; of a single one, its sequences too.

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
            f'{folder} holds no recording. Import a bag or a plain folder with "cdst-ros record '
            'import SRC DST".'
        )
    Console().print(_table(found))
    if len(found) == 1:
        Console().print(_sequences_table(found[0]))
        typer.echo(f'fingerprint {found[0].fingerprint}')


def verify(
    recording: Annotated[Path, typer.Argument(help='The recording.')],
    *,
    repair: Annotated[
        bool,
        typer.Option('--repair', help='Put what is damaged aside, so that the rest is sound.'),
    ] = False,
) -> None:
    """
    Read every file of a recording; check sums, sizes and stamps.

    Ends with exit code 1 when something is damaged. What a kill left behind is noted and is no
    damage. With --repair a frame without whole depth leaves the recording, one without whole
    colour goes on without it; nothing is deleted, all goes to a folder below damaged/.

    Example: `cdst-ros record verify walk/ --repair`
    """
    from cdst_ros.recordings.errors import RecordingError, RecordingWriteError
    from cdst_ros.recordings.verify import verify as verify_recording

    with told_plainly(RecordingError, RecordingWriteError):
        if repair:
            _repair(recording)
        with progress_bar('Verifying') as progress:
            found = verify_recording(recording, progress)
    for note in found.notes:
        typer.echo(f'note: {note}')
    for problem in found.problems:
        typer.secho(f'damaged: {problem}', fg=typer.colors.RED)
    if not found.sound:
        typer.echo(f'{len(found.problems)} problems in {found.frames} frames of {recording}')
        typer.echo(f'"cdst-ros record verify {recording} --repair" keeps what is whole')
        raise typer.Exit(1)
    typer.echo(f'{recording} is sound: {found.frames} frames, fingerprint {found.fingerprint}')


def _repair(recording: Path) -> None:
    from cdst_ros.recordings.repair import repair

    with progress_bar('Repairing') as progress:
        result = repair(recording, progress)
    for sentence in result.done:
        typer.echo(f'repaired: {sentence}')
    if result.aside is not None:
        typer.echo(f'what was put aside is in {result.aside}')
    if not result.done:
        typer.echo('nothing to repair')


def merge(
    paths: Annotated[
        list[Path], typer.Argument(metavar='SOURCE... DESTINATION', help='Recordings.')
    ],
    *,
    append: Annotated[
        bool, typer.Option('--append', help='Go on with the recording that is there.')
    ] = False,
) -> None:
    """
    Make one recording of several; their sequences stay apart.

    Files are copied byte for byte; damaged frames are left out and told.

    Example: `cdst-ros record merge monday/ tuesday/ week/`
    """
    from cdst_ros.cli.failure import USAGE, fail
    from cdst_ros.recordings.errors import RecordingError, RecordingWriteError
    from cdst_ros.recordings.merge import merge as merge_recordings

    *sources, destination = paths
    if not sources:
        fail('name the recordings and, last, the folder to make', USAGE)
    with (
        told_plainly(RecordingError, RecordingWriteError),
        progress_bar('Merging') as progress,
    ):
        copied = merge_recordings(sources, destination, append=append, progress=progress)
    _tell_copied(copied, destination)


def split(
    source: Annotated[Path, typer.Argument(help='The recording.')],
    destination: Annotated[Path, typer.Argument(help='Folder to make train/ and test/ in.')],
    *,
    by: Annotated[
        By | None,
        typer.Option(
            help='sequence: a part gets whole ones; time: each is cut, train first.  '
            '[default: sequence, if there are enough]',
            show_default=False,
        ),
    ] = None,
    test: Annotated[float, typer.Option(min=0.01, max=0.99, help='Share of test/.')] = 0.2,
    validation: Annotated[
        float, typer.Option(min=0, max=0.9, help='Share of validation/; 0: none.')
    ] = 0.0,
    gap: Annotated[
        float, typer.Option(min=0, help='Seconds left out between parts, by time.')
    ] = 2.0,
) -> None:
    """
    Split a recording for training and testing.

    Whole sequences are the fair test: frames of one look alike. A recording of one sequence is
    cut by time, with a gap in which what was seen last leaves the view.

    Example: `cdst-ros record split walk/ parts/ --by time --test 0.3 --gap 3`
    """
    from cdst_ros.cli.failure import USAGE, fail
    from cdst_ros.recordings import split as splitting
    from cdst_ros.recordings.errors import RecordingError, RecordingWriteError
    from cdst_ros.recordings.reader import Recording

    if test + validation >= 1:
        fail(f'test {test:g} and validation {validation:g} leave nothing to train on', USAGE)
    shares = {'train': 1 - test - validation, 'validation': validation, 'test': test}
    shares = {name: share for name, share in shares.items() if share > 0}
    with told_plainly(RecordingError, RecordingWriteError):
        recording = Recording(source)
        sequences = recording.sequences
        if _way(by, sequences, len(shares)) is By.TIME:
            parts = splitting.split_by_time(sequences, shares, gap)
            how = f'by time, {gap:g} s apart'
        else:
            parts = splitting.split_by_sequence(sequences, shares)
            how = 'by sequence'
        with progress_bar('Splitting') as progress:
            copied = splitting.write_parts(recording, parts, destination, how, progress)
    for name, part in copied.items():
        _tell_copied(part, destination / name)
    kept = sum(part.seen for part in copied.values())
    apart = f'; {len(recording) - kept} frames of the gaps left out' if 'time' in how else ''
    typer.echo(f'split {how}{apart}')


def _way(by: By | None, sequences: list[RecordedSequence], parts: int) -> By:
    filled = sum(1 for sequence in sequences if len(sequence))
    return by or (By.SEQUENCE if filled >= parts else By.TIME)


def export(
    source: Annotated[Path, typer.Argument(help='The recording.')],
    destination: Annotated[
        Path, typer.Argument(help='rosbag2 folder to make, or one .mcap or .db3 file.')
    ],
    *,
    storage: Annotated[Storage, typer.Option(help='Of a folder.')] = Storage.MCAP,
    compressed: Annotated[
        bool,
        typer.Option('--compressed', help='compressedDepth and JPEG, on topics below theirs.'),
    ] = False,
    sequence: Annotated[
        int | None, typer.Option(min=0, help='Number of the one to write.  [default: all]')
    ] = None,
) -> None:
    """
    Write a recording as a bag, on the topics it came from.

    With camera_info, /tf_static (how the cameras lie to each other) and /tf (poses). The bag is
    whole or absent.

    Example: `cdst-ros record export walk/ walk.mcap && ros2 bag play walk.mcap`
    """
    from cdst_ros.recordings.bag_export import export_bag
    from cdst_ros.recordings.errors import BagError, RecordingError, RecordingWriteError

    with (
        told_plainly(BagError, RecordingError, RecordingWriteError),
        progress_bar('Exporting') as progress,
    ):
        result = export_bag(
            source,
            destination,
            storage=_SUFFIXES[storage],
            compressed=compressed,
            sequence=sequence,
            progress=progress,
        )
    typer.echo(f'{result.frames} frames written to {destination}')
    for topic, count in sorted(result.topics.items()):
        typer.echo(f'  {topic}: {count} messages')
    _tell_left_out(result.left_out)


def _tell_copied(copied: Copied, destination: Path) -> None:
    of = '1 sequence' if copied.sequences == 1 else f'{copied.sequences} sequences'
    typer.echo(f'{copied.frames} frames of {of} recorded in {destination}')
    _tell_left_out(copied.left_out)


def _tell_left_out(reasons: list[str]) -> None:
    if reasons:
        typer.echo(f'{len(reasons)} left out:')
        _name(reasons)


def _name(reasons: list[str]) -> None:
    for reason in reasons[:_NAMED]:
        typer.echo(f'  {reason}')
    if len(reasons) > _NAMED:
        typer.echo(f'  and {len(reasons) - _NAMED} more')


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


def _sequences_table(summary: Summary) -> object:
    from rich.table import Table

    table = Table('sequence', 'name', 'frames', 'seconds', 'noise at 1 m', 'dropped', 'what else')
    for one in summary.sequences:
        entry = one.entry
        reasons = ', '.join(f'{count} {reason}' for reason, count in entry.dropped.items())
        offered = '' if entry.offered is None else f' of {entry.offered} offered'
        noise = entry.noise
        table.add_row(
            str(entry.number),
            entry.name or '-',
            f'{one.frames}{offered}',
            f'{one.seconds:.1f}',
            '-' if noise is None else f'{sum(asdict(noise.model).values()) * 1000:.2g} mm',
            reasons or '-',
            '; '.join(filter(None, [entry.began, '' if entry.ended else 'not ended'])) or '-',
        )
    return table
