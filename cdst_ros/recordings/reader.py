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
"""Reads recordings, lazily: an image is decoded when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import overload

import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8, U16
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.encodings import metres
from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.fingerprint import fingerprint
from cdst_ros.recordings.images import decode_color, decode_depth
from cdst_ros.recordings.layout import (
    FRAMES_FILE,
    SEQUENCES_FILE,
    UNIT_M,
    FrameEntry,
    ImageEntry,
    Matrix,
    RecordingHeader,
)
from cdst_ros.recordings.lines import DamagedLine, Lines, read_lines
from cdst_ros.recordings.sequences import MeasuredNoise, SequenceEntry, latest


def read_entries(path: Path) -> Lines[FrameEntry]:
    """
    Read the frames of the recording in ``path``; one without any has no frame yet.

    :raises RecordingError: when the file is there and cannot be read
    """
    return read_lines(path / FRAMES_FILE, FrameEntry.from_line)


def read_sequences(path: Path) -> Lines[SequenceEntry]:
    """
    Read the sequences of the recording in ``path``; those of older versions note none.

    :raises RecordingError: when the file is there and cannot be read
    """
    return read_lines(path / SEQUENCES_FILE, SequenceEntry.from_line)


class RecordedFrame:
    """One frame of a recording; its images are read when they are asked for."""

    def __init__(
        self, folder: Path, entry: FrameEntry, topics: Mapping[str, str] | None = None
    ) -> None:
        """
        Take what its line tells.

        :param topics: ROS topics that its images came from, by kind, where known
        """
        self.entry = entry
        self._folder = folder
        self._topics = topics or {}

    @property
    def index(self) -> int:
        """Number of the frame in its recording."""
        return self.entry.index

    @property
    def stamp_ns(self) -> int:
        """When the depth image was taken [ns]."""
        return self.entry.stamp_ns

    @property
    def sequence(self) -> int:
        """Number of the collecting session that it is of."""
        return self.entry.sequence

    @property
    def pose(self) -> F64 | None:
        """(4, 4), camera to world, where known."""
        return _square(self.entry.pose)

    def has(self, kind: str) -> bool:
        """Return whether there is a ``depth``, ``color`` or ``reference`` image."""
        return kind in self.entry.images

    def image(self, kind: str) -> ImageEntry:
        """
        Return what is known of an image without reading it.

        :raises RecordingError: when the frame has none of this kind
        """
        try:
            return self.entry.images[kind]
        except KeyError:
            raise RecordingError(
                f'frame {self.index} of {self._folder} has no {kind} image'
            ) from None

    def camera(self, kind: str = 'depth') -> CameraModel | None:
        """
        Return the camera that took the ``kind`` image, where both are known.

        Images of a topic of rectified ones (``CameraModel.on_topic``) have no distortion left;
        those of any other topic, or of none that is known, are raw.
        """
        camera = self.image(kind).camera if self.has(kind) else None
        return None if camera is None else camera.on_topic(self._topics.get(kind, ''))

    def frame_id(self, kind: str = 'depth') -> str:
        """Return the optical frame that the ``kind`` image was taken in."""
        return self.image(kind).frame_id

    def extrinsics(self, kind: str) -> F64 | None:
        """Return (4, 4), from the camera of ``kind`` to the depth camera, where known."""
        return _square(self.entry.extrinsics.get(kind))

    def depth(self) -> F32:
        """
        Return what the sensor delivered, (H, W) [m], NaN = unknown.

        :raises RecordingError: when the file is missing or damaged
        """
        return metres(self._decode_depth('depth'), UNIT_M)

    def reference(self) -> F32 | None:
        """
        Return the depth of higher resolution, (sH, sW) [m], NaN = unknown, where there is one.

        :raises RecordingError: when the file is missing or damaged
        """
        return metres(self._decode_depth('reference'), UNIT_M) if self.has('reference') else None

    def color(self) -> U8 | None:
        """
        Return the colour image, (H, W, 3) RGB, where there is one.

        :raises RecordingError: when the file is missing or damaged
        """
        if not self.has('color'):
            return None
        data = self.read_bytes('color')
        try:
            return decode_color(data)
        except RecordingError as error:
            raise self._damaged('color', str(error)) from error

    def read_bytes(self, kind: str) -> bytes:
        """
        Return the file of the ``kind`` image as it is.

        :raises RecordingError: when it is missing or cannot be read
        """
        file = self._folder / self.image(kind).file
        try:
            return file.read_bytes()
        except OSError as error:
            raise self._damaged(kind, error.strerror or str(error)) from error

    def _decode_depth(self, kind: str) -> U16:
        data = self.read_bytes(kind)
        try:
            return decode_depth(data)
        except RecordingError as error:
            raise self._damaged(kind, str(error)) from error

    def _damaged(self, kind: str, reason: str) -> RecordingError:
        return RecordingError(
            f'frame {self.index}: {self._folder / self.image(kind).file}: {reason}. '
            f'"cdst-ros record verify {self._folder}" lists all damage.'
        )


class RecordedSequence(Sequence[RecordedFrame]):
    """The frames of one collecting session, in their order, and what is known of it."""

    def __init__(self, entry: SequenceEntry, frames: list[RecordedFrame]) -> None:
        self.entry = entry
        self._frames = frames

    @property
    def number(self) -> int:
        """Number of the sequence in its recording."""
        return self.entry.number

    @property
    def noise(self) -> MeasuredNoise | None:
        """The sensor's noise, where it was measured."""
        return self.entry.noise

    @property
    def seconds(self) -> float:
        """From the first stamp to the last [s]."""
        stamps = [frame.stamp_ns for frame in self._frames]
        return (max(stamps) - min(stamps)) / 1e9 if stamps else 0.0

    def __len__(self) -> int:
        return len(self._frames)

    @overload
    def __getitem__(self, index: int) -> RecordedFrame: ...

    @overload
    def __getitem__(self, index: slice) -> list[RecordedFrame]: ...

    def __getitem__(self, index: int | slice) -> RecordedFrame | list[RecordedFrame]:
        return self._frames[index]


class Recording(Sequence[RecordedFrame]):
    """
    A recording, as a sequence of its frames in the order they were taken in.

    A line cut by a kill is ignored; other damaged lines are left out and listed in ``damaged``.
    """

    def __init__(self, path: Path | str) -> None:
        """
        Open the recording in the folder ``path``.

        :raises RecordingError: when it is no recording, or of an unknown format
        """
        self.path = Path(path)
        self.header = RecordingHeader.read(self.path)
        lines = read_entries(self.path)
        self._entries = lines.entries
        #: Lines that could not be read.
        self.damaged: list[DamagedLine] = lines.damaged
        #: Bytes of a last line that a kill cut.
        self.torn_bytes: int = lines.torn_bytes
        sequences = read_sequences(self.path)
        #: Lines of ``sequences.jsonl`` that could not be read.
        self.damaged_sequences: list[DamagedLine] = sequences.damaged
        used = {entry.sequence for entry in self._entries}
        self._sequences = latest(sequences.entries, used)

    @property
    def sequences(self) -> list[RecordedSequence]:
        """The collecting sessions, by number; one of which nothing was kept has no frames."""
        frames: dict[int, list[RecordedFrame]] = {number: [] for number in self._sequences}
        for frame in self:
            frames[frame.sequence].append(frame)
        return [
            RecordedSequence(entry, frames[number]) for number, entry in self._sequences.items()
        ]

    @property
    def fingerprint(self) -> str:
        """What tells this recording from every other: a hash of all that it holds."""
        return fingerprint(self._entries, self._sequences.values())

    @property
    def rate_hz(self) -> float | None:
        """
        Frames a second: as recorded, else the median of the stamps' steps, else None.

        A recording of fewer than two frames, or of equal stamps, has no rate of its own.
        """
        if self.header.rate_hz is not None:
            return self.header.rate_hz
        steps = [
            after.stamp_ns - before.stamp_ns
            for before, after in zip(self._entries, self._entries[1:], strict=False)
            if before.sequence == after.sequence
        ]
        typical = float(np.median(steps)) if steps else 0.0
        return 1e9 / typical if typical > 0 else None

    @property
    def stamps_made(self) -> bool:
        """Whether the stamps were not measured but made at ``rate_hz``."""
        return self.header.stamps_made

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> RecordedFrame: ...

    @overload
    def __getitem__(self, index: slice) -> list[RecordedFrame]: ...

    def __getitem__(self, index: int | slice) -> RecordedFrame | list[RecordedFrame]:
        if isinstance(index, slice):
            return [self._frame(entry) for entry in self._entries[index]]
        return self._frame(self._entries[index])

    def __iter__(self) -> Iterator[RecordedFrame]:
        return map(self._frame, self._entries)

    def _frame(self, entry: FrameEntry) -> RecordedFrame:
        return RecordedFrame(self.path, entry, self._sequences[entry.sequence].topics)


def _square(matrix: Matrix | None) -> F64 | None:
    return None if matrix is None else np.array(matrix, dtype=np.float64).reshape(4, 4)
