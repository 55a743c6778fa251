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
"""Parts a recording, such as for training and for testing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.merge import Copied, Progress, copy_frames
from cdst_ros.recordings.reader import RecordedFrame, RecordedSequence, Recording
from cdst_ros.recordings.writer import RecordingWriter

#: The frames of a part, by the number of their sequence.
Part = dict[int, list[RecordedFrame]]


def split_by_sequence(
    sequences: Sequence[RecordedSequence], shares: Mapping[str, float]
) -> dict[str, Part]:
    """
    Give whole sequences to parts, so that none sees a scene of another.

    The longest goes first, each to the part that lacks most of its share; every part gets one.

    :param shares: of the frames, by the part's name
    :raises RecordingError: when there are fewer sequences than parts
    """
    filled = sorted((s for s in sequences if len(s)), key=len, reverse=True)
    if len(filled) < len(shares):
        raise RecordingError(
            f'{len(filled)} sequences with frames cannot be given to {len(shares)} parts: split '
            'by time, or record more sequences.'
        )
    total = sum(map(len, filled)) / sum(shares.values())
    lack = {name: share * total for name, share in shares.items()}
    parts: dict[str, Part] = {name: {} for name in shares}
    for place, sequence in enumerate(filled):
        empty = [name for name in parts if not parts[name]]
        names = empty if len(filled) - place <= len(empty) else list(parts)
        taker = max(names, key=lambda name: lack[name])
        lack[taker] -= len(sequence)
        parts[taker][sequence.number] = list(sequence)
    return parts


def split_by_time(
    sequences: Sequence[RecordedSequence], shares: Mapping[str, float], gap_s: float
) -> dict[str, Part]:
    """
    Cut every sequence into stretches of time, one a part, in the order of ``shares``.

    Between two stretches the frames of ``gap_s`` are left out: what a camera sees now it still
    sees a moment later, and a test must not know what was trained on. A sequence that is shorter
    than its gaps goes to the first part whole.

    :param shares: of the time that is left, by the part's name
    :raises RecordingError: when a part gets no frame
    """
    parts: dict[str, Part] = {name: {} for name in shares}
    whole = sum(shares.values())
    gap_ns = gap_s * 1e9
    for sequence in sequences:
        stamps = [frame.stamp_ns for frame in sequence]
        if not stamps:
            continue
        span = stamps[-1] - stamps[0] - gap_ns * (len(shares) - 1)
        start = float(stamps[0])
        for place, (name, share) in enumerate(shares.items()):
            last = span <= 0 or place == len(shares) - 1
            end = float('inf') if last else start + share / whole * span
            taken = [frame for frame in sequence if start <= frame.stamp_ns < end]
            if taken:
                parts[name][sequence.number] = taken
            start = end + gap_ns
    empty = [name for name, part in parts.items() if not part]
    if empty:
        raise RecordingError(
            f'no frame is left for {" and ".join(empty)}: the sequences are too short for a gap '
            f'of {gap_s:g} s. Make it smaller, or split by sequence.'
        )
    return parts


def write_parts(
    recording: Recording,
    parts: Mapping[str, Part],
    destination: Path | str,
    how: str,
    progress: Progress | None = None,
) -> dict[str, Copied]:
    """
    Copy each part to a recording of its name below ``destination``.

    :param how: the parts were made, in words; their headers say it
    :raises RecordingError: when a part's folder cannot be used
    :raises RecordingWriteError: when the disk refuses
    """
    entries = {sequence.number: sequence.entry for sequence in recording.sequences}
    total = sum(len(frames) for part in parts.values() for frames in part.values())
    copied: dict[str, Copied] = {}
    before = 0
    for name, part in parts.items():
        copied[name] = Copied()

        def moved(done: int, of: int, before: int = before) -> None:
            if progress is not None:
                progress(before + done, of)

        with RecordingWriter(
            Path(destination) / name,
            rate_hz=recording.header.rate_hz,
            stamps_made=recording.stamps_made,
            source=f'{name} of {recording.path.resolve().name}, {how}',
        ) as writer:
            for number, frames in part.items():
                writer.copy_sequence(entries[number])
                copied[name].sequences += 1
                copy_frames(frames, writer, copied[name], total, moved)
        before += copied[name].seen
    return copied
