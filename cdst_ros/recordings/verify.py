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
"""Checks a recording: every file whole, every size right, every stamp after the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cdst_ros.recordings.atomic import TEMPORARY
from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.images import decode_color, decode_depth
from cdst_ros.recordings.layout import FRAMES_FILE, KINDS, SEQUENCES_FILE
from cdst_ros.recordings.reader import RecordedFrame, Recording


@dataclass
class Verification:
    """
    What ``verify`` found.

    :param frames: frames whose line could be read
    :param problems: what is damaged, a sentence each
    :param notes: what a kill left behind, which harms nothing
    :param fingerprint: what tells the recording from every other
    """

    frames: int
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fingerprint: str = ''

    @property
    def sound(self) -> bool:
        """Whether nothing is damaged."""
        return not self.problems


def verify(path: Path | str, progress: Callable[[int, int], None] | None = None) -> Verification:
    """
    Read every file of the recording in ``path``.

    :param progress: told the frames done and their number, after each
    :raises RecordingError: when it is no recording, or of an unknown format
    """
    recording = Recording(path)
    found = Verification(len(recording), fingerprint=recording.fingerprint)
    for name, lines in (
        (FRAMES_FILE, recording.damaged),
        (SEQUENCES_FILE, recording.damaged_sequences),
    ):
        found.problems += [f'{name}, line {line.number}: {line.reason}' for line in lines]
    if recording.torn_bytes:
        found.notes.append(
            f'frames.jsonl ends in {recording.torn_bytes} bytes of a line that was being written; '
            'the next writer removes them'
        )
    found.notes += [
        f'sequence {sequence.number} was not ended: it is being written, or was cut off'
        for sequence in recording.sequences
        if not sequence.entry.ended
    ]
    found.problems += _order_problems(recording)
    for done, frame in enumerate(recording, start=1):
        for kind in frame.entry.images:
            found.problems += image_problems(frame, kind)
        if progress is not None:
            progress(done, len(recording))
    found.notes += _leftovers(recording)
    return found


def _order_problems(recording: Recording) -> Iterator[str]:
    """Say where stamps go back; those of another sequence may, for its clock may be another."""
    before: RecordedFrame | None = None
    for frame in recording:
        if before is not None:
            if frame.index <= before.index:
                yield f'frame {frame.index} comes after frame {before.index}'
            if frame.sequence == before.sequence and frame.stamp_ns <= before.stamp_ns:
                yield (
                    f'frame {frame.index}: its stamp {frame.stamp_ns} is not after '
                    f'{before.stamp_ns}, that of frame {before.index}: the clock was set back'
                )
        before = frame


def image_problems(frame: RecordedFrame, kind: str) -> Iterator[str]:
    """Yield what is wrong with an image of a frame, a sentence each."""
    image = frame.image(kind)
    try:
        data = frame.read_bytes(kind)
    except RecordingError as error:
        reason = error.__cause__.strerror if isinstance(error.__cause__, OSError) else error
        yield f'frame {frame.index}: {image.file} cannot be read: {reason}'
        return
    if hashlib.sha256(data).hexdigest() != image.sha256:
        yield f'frame {frame.index}: {image.file} is not what was recorded (checksum)'
    try:
        pixels = decode_color(data) if kind == 'color' else decode_depth(data)
    except RecordingError as error:
        yield f'frame {frame.index}: {image.file} holds {error}'
        return
    height, width = pixels.shape[:2]
    if (width, height) != (image.width, image.height):
        yield (
            f'frame {frame.index}: {image.file} is {width}x{height}, its line says '
            f'{image.width}x{image.height}'
        )
    if image.camera is not None and not image.camera.matches(width, height):
        yield (
            f'frame {frame.index}: {image.file} is {width}x{height}, its camera '
            f'{image.camera.width}x{image.camera.height}'
        )


def _leftovers(recording: Recording) -> Iterator[str]:
    known = {image.file for frame in recording for image in frame.entry.images.values()}
    for kind in KINDS:
        folder = recording.path / kind
        for file in sorted(folder.iterdir()) if folder.is_dir() else ():
            if file.name.endswith(TEMPORARY):
                yield f'{kind}/{file.name} was being written'
            elif f'{kind}/{file.name}' not in known:
                yield f'{kind}/{file.name} belongs to no line'
