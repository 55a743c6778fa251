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
import hashlib
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

import numpy as np

from cdst_ros import __version__
from cdst_ros.depth.arrays import F32, F64, U8, U16
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.pairing import RESET_AFTER_NS
from cdst_ros.recordings.atomic import TEMPORARY, sync_folder, write_file
from cdst_ros.recordings.errors import RecordingError, RecordingWriteError, StampOrderError
from cdst_ros.recordings.images import EncodedImage, encode_color, encode_depth
from cdst_ros.recordings.layout import (
    HEADER_FILE,
    KINDS,
    SEQUENCES_FILE,
    FrameEntry,
    ImageEntry,
    Matrix,
    RecordingHeader,
)
from cdst_ros.recordings.lines import LineFile
from cdst_ros.recordings.lock import open_alone
from cdst_ros.recordings.reader import RecordedFrame, read_entries, read_sequences
from cdst_ros.recordings.sequences import MeasuredNoise, SequenceEntry, latest


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
    stands for a whole frame. One writer a folder: a second one is refused. Not thread-safe.

    Frames come in sequences, one a collecting session: ``begin_sequence`` begins one, ``note``
    tells what is known of it. Where nobody begins one, the first frame does, and so does a clock
    that is set back.
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
            ``append``, or when another writer has it open; says which process
        :raises RecordingWriteError: when the folder cannot be written
        """
        self.path = Path(path)
        self._threads = ThreadPoolExecutor(len(KINDS), thread_name_prefix='recording')
        header = RecordingHeader(f'cdst_ros {__version__}', rate_hz, stamps_made, source)
        try:
            self.header = self._open_folder(header, append)
            self._frames = open_alone(self.path)
            try:
                self._sequences = LineFile(self.path / SEQUENCES_FILE)
                sync_folder(self.path)
                self._recover()
            except BaseException:
                self._frames.close()
                raise
        except OSError as error:
            raise RecordingWriteError(
                error.errno,
                f'cannot write a recording in {self.path}: {error.strerror}. {_remedy(error)}',
            ) from error

    def begin_sequence(
        self,
        name: str = '',
        *,
        source: str = '',
        topics: Mapping[str, str] | None = None,
        world: str = '',
    ) -> int:
        """
        Begin a collecting session; the frames from now on belong to it.

        :param name: for people
        :param source: where its frames come from, in words
        :param topics: ROS topics by what they carry: ``depth``, ``color``, ``reference``, and
            ``depth_info``, ``color_info``, ``reference_info``
        :param world: frame that the poses are given in, such as ``map``
        :return: its number
        :raises RecordingWriteError: when the disk refuses; the session before goes on then
        """
        return self._begin(
            SequenceEntry(
                self._next_sequence,
                name=name,
                source=source,
                topics=dict(topics or {}),
                world=world,
            )
        )

    def copy_sequence(self, entry: SequenceEntry) -> int:
        """
        Begin a sequence that says what one of another recording says.

        :return: its number here
        :raises RecordingWriteError: as ``begin_sequence``
        """
        return self._begin(replace(entry, ended=False))

    def note(
        self,
        *,
        noise: MeasuredNoise | None = None,
        offered: int | None = None,
        dropped: Mapping[str, int] | None = None,
    ) -> None:
        """
        Note what is known of the sequence by now; what is left out stays as it was.

        A line is written each time, so note counts every few seconds, not every frame.

        :param noise: of the sensor, measured
        :param offered: frames that have come in this sequence
        :param dropped: frames of this sequence that were not kept, by reason
        :raises RecordingWriteError: when the disk refuses; the recording is as it was
        """
        entry = self._current()
        if noise is not None:
            entry = replace(entry, noise=noise)
        if offered is not None:
            entry = replace(entry, offered=offered)
        if dropped is not None:
            entry = replace(entry, dropped=dict(dropped))
        self._note(entry)

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

        A stamp that lies a second or more before the one before means that the clock was set
        back: the frame begins a new sequence, which says so.

        :param stamp_ns: when the depth image was taken [ns]
        :param depth: what the sensor delivered
        :param color: colour image, where there is one
        :param reference: depth of higher resolution, where there is one; of any size
        :param pose: (4, 4) camera to world
        :param extrinsics: by kind (``color``, ``reference``), (4, 4), from that image's camera
            to the depth camera
        :return: index of the frame
        :raises RecordingError: when an image is not what it should be; nothing is written
        :raises StampOrderError: when the stamp is that of the frame before, or a little earlier;
            nothing is written
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
        return self._append(entry, {kind: image.data for kind, (_, image) in encoded.items()})

    def copy(self, frame: RecordedFrame) -> int:
        """
        Record a frame as another recording has it, its files byte for byte.

        :return: index of the frame here
        :raises RecordingError: when a file is missing, or is not what was recorded; nothing is
            written
        :raises StampOrderError: as ``append``
        :raises RecordingWriteError: as ``append``
        """
        data = {kind: frame.read_bytes(kind) for kind in frame.entry.images}
        for kind, image in frame.entry.images.items():
            if hashlib.sha256(data[kind]).hexdigest() != image.sha256:
                raise RecordingError(
                    f'frame {frame.index}: {image.file} is not what was recorded (checksum)'
                )
        images = {
            kind: replace(image, file=self._file(kind))
            for kind, image in frame.entry.images.items()
        }
        return self._append(replace(frame.entry, index=self._next, images=images), data)

    def __len__(self) -> int:
        """Return the number of frames in the recording, those before this writer included."""
        return self._count

    @property
    def image_bytes(self) -> int:
        """Return the size of the recording's images [bytes]."""
        return self._image_bytes

    @property
    def sequence(self) -> SequenceEntry | None:
        """The sequence that is being written, None before the first."""
        return self._sequence

    def close(self) -> None:
        """End the sequence and let go of the recording; another writer may go on with it."""
        try:
            # Without room for its end a sequence counts as cut off, which is what it is.
            with suppress(RecordingWriteError):
                self._end()
        finally:
            self._threads.shutdown()
            self._sequences.close()
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

    def _recover(self) -> None:
        """Cut what a kill left after the last whole lines, and find the next free numbers."""
        lines = read_entries(self.path)
        self._frames.cut(lines.whole_bytes)
        sequences = read_sequences(self.path)
        self._sequences.cut(sequences.whole_bytes)
        self._count = len(lines.entries)
        # A damaged line still owns its files, so its number is not given out again.
        highest = max((entry.index for entry in lines.entries), default=-1)
        self._next = max(highest + 1, len(lines.entries) + len(lines.damaged))
        known = latest(sequences.entries, {entry.sequence for entry in lines.entries})
        self._next_sequence = max(known, default=-1) + 1 + len(sequences.damaged)
        self._sequence: SequenceEntry | None = None
        self._last_stamp_ns: int | None = None
        self._image_bytes = 0
        for kind in KINDS:
            for file in (self.path / kind).iterdir():
                if file.name.endswith(TEMPORARY):
                    file.unlink()
                else:
                    self._image_bytes += file.stat().st_size

    def _current(self) -> SequenceEntry:
        """Return the sequence that is being written, begun if there is none."""
        if self._sequence is None:
            self.begin_sequence(source=self.header.source)
            assert self._sequence is not None
        return self._sequence

    def _begin(self, entry: SequenceEntry) -> int:
        self._end()
        number = self._next_sequence
        self._note(replace(entry, number=number, started_ns=entry.started_ns or time.time_ns()))
        self._next_sequence += 1
        self._last_stamp_ns = None
        return number

    def _end(self) -> None:
        if self._sequence is not None and not self._sequence.ended:
            self._note(replace(self._sequence, ended=True))

    def _note(self, entry: SequenceEntry) -> None:
        try:
            self._sequences.append(entry.to_line())
        except OSError as error:
            raise self._write_error(f'what is known of sequence {entry.number}', error) from error
        self._sequence = entry

    def _sequence_for(self, stamp_ns: int) -> SequenceEntry:
        """Return the sequence that a frame of this stamp belongs to."""
        current, last = self._current(), self._last_stamp_ns
        if last is None or stamp_ns > last:
            return current
        back = last - stamp_ns
        if back < RESET_AFTER_NS:
            raise StampOrderError(
                f'a frame of stamp {stamp_ns} is refused: it is not after {last}, that of the '
                'frame before it. A frame that comes twice or late is left out; a clock that is '
                f'set back by {RESET_AFTER_NS / 1e9:g} s or more begins a new sequence.'
            )
        self._begin(
            replace(
                current,
                began=f'the clock was set back by {back / 1e9:.3f} s',
                started_ns=0,
                offered=None,
                dropped={},
                ended=False,
            )
        )
        return self._current()

    def _append(self, entry: FrameEntry, data: Mapping[str, bytes]) -> int:
        entry = replace(entry, sequence=self._sequence_for(entry.stamp_ns).number)
        try:
            self._write_images({image.file: data[k] for k, image in entry.images.items()})
            self._frames.append(entry.to_line())
        except OSError as error:
            for image in entry.images.values():
                with suppress(OSError):
                    (self.path / image.file).unlink(missing_ok=True)
            raise self._write_error(f'frame {self._next}', error) from error
        self._next += 1
        self._count += 1
        self._image_bytes += sum(map(len, data.values()))
        self._last_stamp_ns = entry.stamp_ns
        return entry.index

    def _write_images(self, files: Mapping[str, bytes]) -> None:
        """Write the images of a frame side by side: the disk waits once for all of them."""
        writing = [
            self._threads.submit(write_file, self.path / file, data)
            for file, data in files.items()
        ]
        wait(writing)  # all of them, so that none comes to the disk after a refusal
        try:
            while writing:
                writing.pop().result()
        finally:
            writing.clear()  # or an error would hold on to them, they to it, and both to us

    def _file(self, kind: str) -> str:
        return f'{kind}/{self._next:06d}{KINDS[kind]}'

    def _image_entry(self, kind: str, picture: Picture, image: EncodedImage) -> ImageEntry:
        return ImageEntry(
            file=self._file(kind),
            width=image.width,
            height=image.height,
            sha256=hashlib.sha256(image.data).hexdigest(),
            frame_id=picture.frame_id,
            camera=picture.camera,
        )

    def _write_error(self, what: str, error: OSError) -> RecordingWriteError:
        return RecordingWriteError(
            error.errno,
            f'{what} could not be written to {self.path}: {error.strerror}. '
            f'The {len(self)} frames before it are safe. {_remedy(error)}',
        )


def _remedy(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return 'Free some space, or go on in a folder on another disk.'
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return 'Make the folder writable for this user, or go on in another one.'
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return 'Put the folder back as it was, or go on in another one.'
    return 'Mend the disk and go on.'


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
