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
"""Writes recordings, so that a kill at any moment loses at most the frame in hand."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

from cdst_ros import __version__
from cdst_ros.depth.arrays import F32, F64, U8, U16
from cdst_ros.depth.camera import CameraModel
from cdst_ros.recordings.atomic import TEMPORARY, sync_folder, write_file
from cdst_ros.recordings.errors import RecordingError, RecordingWriteError
from cdst_ros.recordings.images import EncodedImage, encode_color, encode_depth
from cdst_ros.recordings.layout import (
    FRAMES_FILE,
    HEADER_FILE,
    KINDS,
    FrameEntry,
    ImageEntry,
    Matrix,
    RecordingHeader,
)
from cdst_ros.recordings.reader import read_entries


@dataclass(frozen=True)
class Picture:
    """
    An image to record.

    :param image: depth and reference: float32 [m] or uint16 [mm] or the bytes of a 16-bit PNG;
        colour: uint8 RGB or the bytes of a JPEG
    :param frame_id: optical frame that it was taken in
    :param camera: the camera that took it, where known
    """

    image: F32 | U16 | U8 | bytes
    frame_id: str = ''
    camera: CameraModel | None = None


class RecordingWriter:
    """
    Appends frames to a recording.

    The files of a frame reach the disk before its line does, so every line that can be read
    stands for a whole frame. One writer a folder: a second one is refused.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        rate_hz: float | None = None,
        stamps_made: bool = False,
        source: str = '',
        append: bool = False,
    ) -> None:
        """
        Open a recording for writing.

        :param path: folder, made if it is missing
        :param rate_hz: frames a second, where known
        :param stamps_made: the stamps are not measured but made at ``rate_hz``
        :param source: where the frames come from, in words
        :param append: go on with the recording that is there; its header is kept
        :raises RecordingError: when the folder holds something else, or a recording and not
            ``append``, or when another writer has it open
        :raises RecordingWriteError: when the folder cannot be written
        """
        self.path = Path(path)
        header = RecordingHeader(f'cdst_ros {__version__}', rate_hz, stamps_made, source)
        try:
            self.header = self._open_folder(header, append)
            self._frames = (self.path / FRAMES_FILE).open('ab', buffering=0)
            self._lock()
            try:
                sync_folder(self.path)
                self._recover()
            except BaseException:
                self._frames.close()
                raise
        except OSError as error:
            raise RecordingWriteError(
                error.errno, f'cannot write a recording in {self.path}: {error.strerror}'
            ) from error

    def append(
        self,
        stamp_ns: int,
        depth: Picture,
        color: Picture | None = None,
        reference: Picture | None = None,
        *,
        pose: F64 | None = None,
        extrinsics: Mapping[str, F64] | None = None,
    ) -> int:
        """
        Record a frame; once this returns, it survives a power cut.

        :param stamp_ns: when the depth image was taken [ns]
        :param depth: what the sensor delivered
        :param color: colour image, where there is one
        :param reference: depth of higher resolution, where there is one
        :param pose: (4, 4) camera to world
        :param extrinsics: by kind (``color``, ``reference``), (4, 4), from that image's camera
            to the depth camera
        :return: index of the frame
        :raises RecordingError: when an image is not what it should be; nothing is written
        :raises RecordingWriteError: when the disk refuses (full, gone, read-only); the frames
            before it are safe, and the writer can go on once there is room
        """
        pictures = {'depth': depth, 'color': color, 'reference': reference}
        encoded = {
            kind: (picture, _encode(kind, picture))
            for kind, picture in pictures.items()
            if picture is not None
        }
        entry = FrameEntry(
            index=self._next,
            stamp_ns=int(stamp_ns),
            images={k: self._image_entry(k, p, image) for k, (p, image) in encoded.items()},
            pose=None if pose is None else _row_major(pose),
            extrinsics={kind: _row_major(m) for kind, m in (extrinsics or {}).items()},
        )
        try:
            for kind, (_, image) in encoded.items():
                write_file(self.path / entry.images[kind].file, image.data)
            self._append_line(entry.to_line())
        except OSError as error:
            self._forget(entry)
            raise self._write_error(error) from error
        self._next += 1
        self._count += 1
        return entry.index

    def __len__(self) -> int:
        """Return the number of frames in the recording, those before this writer included."""
        return self._count

    def close(self) -> None:
        """Let go of the recording; another writer may go on with it."""
        self._frames.close()

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _open_folder(self, header: RecordingHeader, append: bool) -> RecordingHeader:
        self.path.mkdir(parents=True, exist_ok=True)
        names = {entry.name for entry in self.path.iterdir()}
        if HEADER_FILE in names:
            if not append:
                raise RecordingError(
                    f'{self.path} holds a recording already: choose another folder, or append.'
                )
            header = RecordingHeader.read(self.path)
        elif names - {HEADER_FILE + TEMPORARY}:
            raise RecordingError(
                f'{self.path} holds other files and no recording: choose an empty or a new folder.'
            )
        else:
            write_file(self.path / HEADER_FILE, header.to_json().encode())
        for kind in KINDS:
            (self.path / kind).mkdir(exist_ok=True)
        return header

    def _lock(self) -> None:
        """Hold the recording alone; the kernel lets go of it however this process ends."""
        try:
            fcntl.flock(self._frames, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._frames.close()
            raise RecordingError(
                f'another process is writing to {self.path}: end it, or choose another folder.'
            ) from None

    def _recover(self) -> None:
        """Cut what a kill left after the last whole line, and find the next free index."""
        lines = read_entries(self.path)
        self._whole_bytes = lines.whole_bytes
        if lines.torn_bytes:
            self._frames.truncate(lines.whole_bytes)
            os.fsync(self._frames.fileno())
        self._count = len(lines.entries)
        # A damaged line still owns its files, so its number is not given out again.
        highest = max((entry.index for entry in lines.entries), default=-1)
        self._next = max(highest + 1, len(lines.entries) + len(lines.damaged))
        for kind in KINDS:
            for leftover in (self.path / kind).glob('*' + TEMPORARY):
                leftover.unlink()

    def _image_entry(self, kind: str, picture: Picture, image: EncodedImage) -> ImageEntry:
        return ImageEntry(
            file=f'{kind}/{self._next:06d}{KINDS[kind]}',
            width=image.width,
            height=image.height,
            sha256=hashlib.sha256(image.data).hexdigest(),
            frame_id=picture.frame_id,
            camera=picture.camera,
        )

    def _append_line(self, line: bytes) -> None:
        rest = memoryview(line)
        while rest:
            rest = rest[self._frames.write(rest) :]
        os.fsync(self._frames.fileno())
        self._whole_bytes += len(line)

    def _forget(self, entry: FrameEntry) -> None:
        """Undo what was written of a frame that could not be finished."""
        with suppress(OSError):
            self._frames.truncate(self._whole_bytes)
        for image in entry.images.values():
            with suppress(OSError):
                (self.path / image.file).unlink(missing_ok=True)

    def _write_error(self, error: OSError) -> RecordingWriteError:
        remedy = 'Mend the disk and go on.'
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            remedy = 'Free some space, or go on in a folder on another disk.'
        return RecordingWriteError(
            error.errno,
            f'frame {self._next} could not be written to {self.path}: {error.strerror}. '
            f'The {len(self)} frames before it are safe. {remedy}',
        )


def _encode(kind: str, picture: Picture) -> EncodedImage:
    convert = encode_color if kind == 'color' else encode_depth
    try:
        encoded = convert(picture.image)
    except RecordingError as error:
        raise RecordingError(f'the {kind} image is refused: {error}') from error
    camera = picture.camera
    if camera is not None and not camera.matches(encoded.width, encoded.height):
        raise RecordingError(
            f'the {kind} image is {encoded.width}x{encoded.height}, its camera info says '
            f'{camera.width}x{camera.height}: they do not belong together.'
        )
    return encoded


def _row_major(matrix: F64) -> Matrix:
    values = np.asarray(matrix, dtype=np.float64)
    if values.shape != (4, 4) or not np.isfinite(values).all():
        raise RecordingError(
            f'poses and extrinsics are 4x4 matrices of finite values, got {values.tolist()}'
        )
    return tuple(values.ravel().tolist())
