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

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8, U16
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.encodings import metres
from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.images import decode_color, decode_depth
from cdst_ros.recordings.layout import (
    FRAMES_FILE,
    UNIT_M,
    FrameEntry,
    ImageEntry,
    Matrix,
    RecordingHeader,
)


class DamagedLine(NamedTuple):
    """A line of ``frames.jsonl`` that cannot be read: its number from 1, and why."""

    number: int
    reason: str


class Lines(NamedTuple):
    """
    What ``frames.jsonl`` holds.

    ``whole_bytes`` end with the last whole line; ``torn_bytes`` after them are what a kill left.
    """

    entries: list[FrameEntry]
    damaged: list[DamagedLine]
    whole_bytes: int
    torn_bytes: int


def read_entries(path: Path) -> Lines:
    """
    Read the lines of the recording in ``path``; a recording without any has no frame yet.

    :raises RecordingError: when the file is there and cannot be read
    """
    file = path / FRAMES_FILE
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        data = b''
    except OSError as error:
        raise RecordingError(f'{file} cannot be read: {error.strerror}') from error
    *whole, torn = data.split(b'\n')
    entries: list[FrameEntry] = []
    damaged: list[DamagedLine] = []
    for number, line in enumerate(whole, start=1):
        try:
            entries.append(FrameEntry.from_line(line))
        except RecordingError as error:
            damaged.append(DamagedLine(number, str(error)))
    return Lines(entries, damaged, len(data) - len(torn), len(torn))


class RecordedFrame:
    """One frame of a recording; its images are read when they are asked for."""

    def __init__(self, folder: Path, entry: FrameEntry) -> None:
        self.entry = entry
        self._folder = folder

    @property
    def index(self) -> int:
        """Number of the frame in its recording."""
        return self.entry.index

    @property
    def stamp_ns(self) -> int:
        """When the depth image was taken [ns]."""
        return self.entry.stamp_ns

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
        """Return the camera that took the ``kind`` image, where both are known."""
        return self.image(kind).camera if self.has(kind) else None

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

    @property
    def rate_hz(self) -> float | None:
        """
        Frames a second: as recorded, else the median of the stamps' steps, else None.

        A recording of fewer than two frames, or of equal stamps, has no rate of its own.
        """
        if self.header.rate_hz is not None:
            return self.header.rate_hz
        steps = np.diff([entry.stamp_ns for entry in self._entries])
        typical = float(np.median(steps)) if len(steps) else 0.0
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
            return [RecordedFrame(self.path, entry) for entry in self._entries[index]]
        return RecordedFrame(self.path, self._entries[index])

    def __iter__(self) -> Iterator[RecordedFrame]:
        return (RecordedFrame(self.path, entry) for entry in self._entries)


def _square(matrix: Matrix | None) -> F64 | None:
    return None if matrix is None else np.array(matrix, dtype=np.float64).reshape(4, 4)
