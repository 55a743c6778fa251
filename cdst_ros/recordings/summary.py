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
"""What a recording holds, without reading an image."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.layout import HEADER_FILE, KINDS
from cdst_ros.recordings.reader import Recording
from cdst_ros.recordings.sequences import SequenceEntry


class SequenceSummary(NamedTuple):
    """
    A sequence in a line.

    :param entry: what is known of it
    :param frames: frames of it
    :param seconds: from its first stamp to the last [s]
    """

    entry: SequenceEntry
    frames: int
    seconds: float


@dataclass(frozen=True)
class Summary:
    """
    A recording in a line.

    :param path: its folder
    :param frames: frames whose line can be read
    :param seconds: of its sequences, from the first stamp to the last [s]
    :param rate_hz: frames a second, where known
    :param stamps_made: the stamps were made, not measured
    :param sizes: by kind, the sizes of its images as ``640x480``, the commonest first
    :param cameras: frames whose depth camera is known
    :param poses: frames whose pose is known
    :param damaged: lines that cannot be read
    :param bytes: of all its files
    :param sequences: the collecting sessions
    :param fingerprint: what tells it from every other
    """

    path: Path
    frames: int
    seconds: float
    rate_hz: float | None
    stamps_made: bool
    sizes: dict[str, list[str]]
    cameras: int
    poses: int
    damaged: int
    bytes: int
    sequences: tuple[SequenceSummary, ...]
    fingerprint: str


def summarise(path: Path | str) -> Summary:
    """
    Summarise the recording in ``path``.

    :raises RecordingError: when it is no recording, or of an unknown format
    """
    recording = Recording(path)
    sizes: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    for frame in recording:
        for kind, image in frame.entry.images.items():
            sizes[kind][f'{image.width}x{image.height}'] += 1
    sequences = tuple(
        SequenceSummary(sequence.entry, len(sequence), sequence.seconds)
        for sequence in recording.sequences
    )
    return Summary(
        path=recording.path,
        frames=len(recording),
        seconds=sum(sequence.seconds for sequence in sequences),
        rate_hz=recording.rate_hz,
        stamps_made=recording.stamps_made,
        sizes={
            kind: [s for s, _ in found.most_common()] for kind, found in sizes.items() if found
        },
        cameras=sum(frame.camera() is not None for frame in recording),
        poses=sum(frame.pose is not None for frame in recording),
        damaged=len(recording.damaged),
        bytes=_size(recording.path),
        sequences=sequences,
        fingerprint=recording.fingerprint,
    )


def _size(folder: Path) -> int:
    """Return the size of all files below a folder [bytes]; somebody may be writing there."""
    total = 0
    for path in folder.rglob('*'):
        with suppress(FileNotFoundError):
            found = path.stat()
            total += found.st_size if stat.S_ISREG(found.st_mode) else 0
    return total


def find_recordings(path: Path | str) -> Iterator[Path]:
    """
    Yield ``path`` if it is a recording, else the recordings right below it, by name.

    :raises RecordingError: when ``path`` is no folder
    """
    path = Path(path)
    if not path.is_dir():
        raise RecordingError(f'{path} is no folder')
    if (path / HEADER_FILE).exists():
        yield path
        return
    yield from sorted(file.parent for file in path.glob(f'*/{HEADER_FILE}'))
