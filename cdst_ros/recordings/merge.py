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
"""Makes one recording of several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.reader import RecordedFrame, Recording
from cdst_ros.recordings.writer import RecordingWriter

#: Told the frames done and their number.
Progress = Callable[[int, int], None]


@dataclass
class Copied:
    """
    What was copied.

    :param seen: frames looked at
    :param frames: frames recorded
    :param sequences: sequences recorded
    :param left_out: what was not copied and why, a sentence each
    """

    seen: int = 0
    frames: int = 0
    sequences: int = 0
    left_out: list[str] = field(default_factory=list)


def merge(
    sources: Sequence[Path | str],
    destination: Path | str,
    *,
    append: bool = False,
    progress: Progress | None = None,
) -> Copied:
    """
    Copy the sequences of ``sources``, in this order, to a recording in ``destination``.

    Files are copied byte for byte. A damaged frame is left out and told.

    :param append: go on with the recording that is there
    :raises RecordingError: when one of them is no recording, two share frames, or the
        destination cannot be used; nothing is written then
    :raises RecordingWriteError: when the disk refuses
    """
    recordings = [Recording(path) for path in sources]
    _refuse_doubles(recordings, Path(destination) if append else None)
    rates = {recording.header.rate_hz for recording in recordings}
    names = ', '.join(recording.path.resolve().name for recording in recordings)
    copied = Copied()
    total = sum(map(len, recordings))
    with RecordingWriter(
        destination,
        rate_hz=rates.pop() if len(rates) == 1 else None,
        stamps_made=any(recording.stamps_made for recording in recordings),
        source=f'merged from {names}',
        append=append,
    ) as writer:
        for recording in recordings:
            copied.left_out += [
                f'{recording.path}: frames.jsonl, line {line.number}: {line.reason}'
                for line in recording.damaged
            ]
            for sequence in recording.sequences:
                writer.copy_sequence(sequence.entry)
                copied.sequences += 1
                copy_frames(sequence, writer, copied, total, progress)
    return copied


def copy_frames(
    frames: Iterable[RecordedFrame],
    writer: RecordingWriter,
    copied: Copied,
    total: int,
    progress: Progress | None,
) -> None:
    """Copy frames to the sequence that is being written, and count them."""
    for frame in frames:
        try:
            writer.copy(frame)
        except RecordingError as error:
            copied.left_out.append(str(error))
        else:
            copied.frames += 1
        copied.seen += 1
        if progress is not None:
            progress(copied.seen, total)


def _refuse_doubles(recordings: list[Recording], destination: Path | None) -> None:
    """Refuse two recordings that share frames: training would see them twice, or in a test."""
    owners: dict[tuple[int, str], Path] = {}
    present = [] if destination is None else [Recording(destination)]
    for recording in [*present, *recordings]:
        frames = {(f.stamp_ns, f.image('depth').sha256) for f in recording}
        shared = frames & owners.keys()
        if shared:
            raise RecordingError(
                f'{recording.path} shares {len(shared)} frames with {owners[shared.pop()]}: leave '
                'one of the two out.'
            )
        owners.update(dict.fromkeys(frames, recording.path))
