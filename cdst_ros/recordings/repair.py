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
"""The way out of damage: keep what is whole, put the rest aside."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from cdst_ros import __version__
from cdst_ros.depth.pairing import RESET_AFTER_NS
from cdst_ros.recordings.atomic import TEMPORARY, sync_folder, write_file
from cdst_ros.recordings.errors import RecordingError, RecordingWriteError
from cdst_ros.recordings.layout import (
    FRAMES_FILE,
    HEADER_FILE,
    KINDS,
    SEQUENCES_FILE,
    FrameEntry,
    RecordingHeader,
)
from cdst_ros.recordings.lock import open_alone
from cdst_ros.recordings.reader import Recording, read_entries, read_sequences
from cdst_ros.recordings.sequences import SequenceEntry
from cdst_ros.recordings.verify import image_problems

#: Where a repair puts what it takes out of a recording, in a folder of its own each time.
DAMAGED_FOLDER = 'damaged'


@dataclass
class Repair:
    """
    What a repair did.

    :param frames: in the recording now
    :param done: what was put aside or changed, a sentence each; empty: there was nothing to do
    :param aside: folder of what was put aside, None where nothing was
    """

    frames: int = 0
    done: list[str] = field(default_factory=list)
    aside: Path | None = None


def repair(path: Path | str, progress: Callable[[int, int], None] | None = None) -> Repair:
    """
    Make the recording in ``path`` sound.

    A frame without whole depth leaves it; one without whole colour or reference goes on without.
    Files and lines are never deleted: they go to a folder below ``damaged/``, with
    ``frames.jsonl`` as it was. Killed half-way, it is run again.

    :param progress: told the frames done and their number, after each
    :raises RecordingError: when it is no recording, or somebody is writing to it
    :raises RecordingWriteError: when the disk refuses
    """
    path = Path(path)
    found = Repair()
    try:
        _mend_header(path, found)
        with closing(open_alone(path)):
            _mend(path, found, progress)
    except OSError as error:
        raise RecordingWriteError(
            error.errno, f'{path} cannot be repaired: {error.strerror}; nothing was deleted'
        ) from error
    return found


def _mend_header(path: Path, found: Repair) -> None:
    file = path / HEADER_FILE
    try:
        RecordingHeader.read(path)
        return
    except RecordingError:
        # Of another format it is not damaged, and without a frame it is no recording.
        if b'"format"' in (data := file.read_bytes() if file.exists() else b''):
            raise
        if not read_entries(path).entries:
            raise
    if data:
        _put_aside(path, HEADER_FILE, found)
    header = RecordingHeader(f'cdst_ros {__version__}', source='unknown: its header was damaged')
    write_file(file, header.to_json().encode())
    found.done.append(f'{HEADER_FILE} was damaged: made anew')


def _mend(path: Path, found: Repair, progress: Callable[[int, int], None] | None) -> None:
    recording = Recording(path)
    lines = len(recording.damaged)
    whole, broken = _sift(recording, found, progress)
    entries, sequences = _in_order(whole, read_sequences(path).entries, broken, found)
    if lines:
        found.done.append(f'{_counted(lines, "damaged line")} of {FRAMES_FILE}: put aside')
    changed = lines or entries != [frame.entry for frame in recording]
    if changed:
        _put_aside(path, FRAMES_FILE, found, keep=True)
    known = {image.file for entry in entries for image in entry.images.values()}
    orphans = _put_orphans_aside(path, known, found) - broken
    if orphans:
        told = _counted(len(orphans), 'file')
        found.done.append(f'{told} of no frame: put aside')
    # The lines go last: whoever stops us before finds damage, and repairs again.
    damaged = recording.damaged_sequences
    if damaged or sequences != read_sequences(path).entries:
        _put_aside(path, SEQUENCES_FILE, found, keep=True)
        write_file(path / SEQUENCES_FILE, b''.join(entry.to_line() for entry in sequences))
        if damaged:
            told = _counted(len(damaged), 'damaged line')
            found.done.append(f'{told} of {SEQUENCES_FILE}: put aside')
    if changed:
        write_file(path / FRAMES_FILE, b''.join(entry.to_line() for entry in entries))
    found.frames = len(entries)


def _sift(
    recording: Recording, found: Repair, progress: Callable[[int, int], None] | None
) -> tuple[list[FrameEntry], set[str]]:
    """Return what is whole of the frames, and the files that are not."""
    entries: list[FrameEntry] = []
    broken: set[str] = set()
    for done, frame in enumerate(recording, start=1):
        images = dict(frame.entry.images)
        for kind in frame.entry.images:
            problems = list(image_problems(frame, kind))
            if not problems:
                continue
            found.done.append(f'{problems[0]}: {"frame" if kind == "depth" else kind} put aside')
            if kind == 'depth':
                broken |= {image.file for image in images.values()}
                images = {}
                break
            broken.add(images.pop(kind).file)
        if images:
            entries.append(replace(frame.entry, images=images))
        if progress is not None:
            progress(done, len(recording))
    return entries, broken


def _in_order(
    entries: list[FrameEntry],
    sequences: list[SequenceEntry],
    broken: set[str],
    found: Repair,
) -> tuple[list[FrameEntry], list[SequenceEntry]]:
    """Return the frames with stamps that go on; where a clock was set back a sequence begins."""
    kept: list[FrameEntry] = []
    sequences = list(sequences)
    numbers = [entry.number for entry in sequences] + [entry.sequence for entry in entries]
    following = max(numbers, default=-1) + 1
    # Of each sequence: the number that its frames have now, and its last stamp.
    now: dict[int, tuple[int, int]] = {}
    for entry in sorted(entries, key=lambda entry: entry.index):
        number, last = now.get(entry.sequence, (entry.sequence, None))
        if last is not None and entry.stamp_ns <= last:
            back = last - entry.stamp_ns
            if back < RESET_AFTER_NS:
                found.done.append(f'frame {entry.index}: its stamp is not after {last}: put aside')
                broken |= {image.file for image in entry.images.values()}
                continue
            number, following = following, following + 1
            began = f'the clock was set back by {back / 1e9:.3f} s'
            sequences.append(SequenceEntry(number, began=began, ended=True))
            found.done.append(f'frame {entry.index}: {began}: sequence {number} begins')
        now[entry.sequence] = number, entry.stamp_ns
        kept.append(replace(entry, sequence=number))
    return kept, sequences


def _put_orphans_aside(path: Path, known: set[str], found: Repair) -> set[str]:
    """Put files that no line names aside; return their names."""
    moved = set[str]()
    for kind in KINDS:
        folder = path / kind
        for file in sorted(folder.iterdir()) if folder.is_dir() else ():
            name = f'{kind}/{file.name}'
            if file.name.endswith(TEMPORARY):
                file.unlink()
            elif name not in known:
                _put_aside(path, name, found)
                moved.add(name)
    return moved


def _put_aside(path: Path, name: str, found: Repair, *, keep: bool = False) -> None:
    """
    Put a file of the recording aside.

    :param keep: leave it in its place, too
    """
    if not (path / name).exists():
        return
    if found.aside is None:
        found.aside = _new_folder(path / DAMAGED_FOLDER)
    target = found.aside / name
    target.parent.mkdir(exist_ok=True)
    if keep:
        write_file(target, (path / name).read_bytes())
    else:
        os.replace(path / name, target)
        sync_folder(target.parent)


def _new_folder(parent: Path) -> Path:
    parent.mkdir(exist_ok=True)
    number = len(list(parent.iterdir()))
    while True:
        try:
            (parent / f'{number:03d}').mkdir()
            return parent / f'{number:03d}'
        except FileExistsError:
            number += 1


def _counted(number: int, noun: str) -> str:
    return f'{number} {noun}' + ('' if number == 1 else 's')
