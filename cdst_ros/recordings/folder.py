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
"""
Imports a plain folder of images as a recording.

The folder holds ``NAME_depth.png`` (16-bit, millimetres, 0 = unknown) and, optionally, for every
one of them ``NAME_rgb.jpg`` of the same view (registered; of the depth's size or of its
shape); ``K.txt``, the 3x3 intrinsics of the depth images; and ``poses.txt``, a line a depth image
in the order of their names, the 16 values of the camera-to-world matrix, row by row.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cdst_ros.depth.arrays import F64
from cdst_ros.depth.camera import CameraModel
from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.images import decode_color, decode_depth
from cdst_ros.recordings.writer import Picture, RecordingWriter

DEPTH_SUFFIX = '_depth.png'
COLOR_SUFFIX = '_rgb.jpg'
#: A colour image shows the depth image's view only if it has its shape, give or take 1 %.
_SHAPE_TOLERANCE = 0.01


@dataclass
class ImportResult:
    """
    What an import did.

    :param frames: frames recorded
    :param skipped: by the name of the frame left out, why
    """

    frames: int = 0
    skipped: dict[str, str] = field(default_factory=dict)


def import_folder(
    source: Path | str,
    destination: Path | str,
    rate_hz: float,
    *,
    frame_id: str = 'camera_depth_optical_frame',
    append: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> ImportResult:
    """
    Import the images of ``source``, sorted by name, as a recording in ``destination``.

    Stamps are made at ``rate_hz``, and the recording says so; the first is one period, for 0 means
    unset in ROS. A frame with a missing,
    damaged or misfit image is left out, keeping its place in time, and its reason is returned.

    :param rate_hz: frames a second
    :param frame_id: optical frame to note for the images
    :param append: go on with the recording that is there
    :param progress: told the frames done and their number, after each
    :raises RecordingError: when there is nothing to import, or every frame is bad, or the
        intrinsics or poses do not fit; nothing is written then
    :raises RecordingWriteError: when the disk refuses
    """
    source = Path(source)
    if not rate_hz > 0:
        raise RecordingError(f'the rate is {rate_hz} Hz: give a rate above 0, such as 30')
    files = _depth_files(source)
    poses = _poses(source / 'poses.txt', len(files))
    reader = _FolderReader(files, read_intrinsics(source / 'K.txt'), frame_id)
    result = ImportResult()
    with ExitStack() as stack:
        writer: RecordingWriter | None = None
        for number, file in enumerate(files):
            try:
                depth, color = reader.read(file)
            except RecordingError as error:
                result.skipped[_name(file)] = str(error)
            else:
                if writer is None:
                    # With the first good frame, so that a bad folder leaves nothing behind.
                    name = source.resolve().name
                    writer = RecordingWriter(
                        destination,
                        rate_hz=rate_hz,
                        stamps_made=True,
                        source=f'folder {name}',
                        append=append,
                    )
                    stack.enter_context(writer)
                    writer.begin_sequence(name, source=f'folder {name}')
                pose = None if poses is None else poses[number]
                stamp_ns = round((number + 1) * 1e9 / rate_hz)
                writer.append(stamp_ns, depth, color, pose=pose)
                result.frames += 1
            if progress is not None:
                progress(number + 1, len(files))
    if not result.frames:
        name, reason = next(iter(result.skipped.items()))
        raise RecordingError(
            f'none of the {len(files)} frames in {source} can be imported; {name}: {reason}'
        )
    return result


class _FolderReader:
    """Reads the images of a frame and refuses those that do not fit the rest."""

    def __init__(self, files: Sequence[Path], matrix: F64 | None, frame_id: str) -> None:
        self._size = _commonest_size(files)
        self._has_color = any(_color_file(file).exists() for file in files)
        self._frame_id = frame_id
        self._camera = None
        if matrix is not None:
            fx, fy, cx, cy = matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]
            self._camera = CameraModel.from_intrinsics(
                float(fx), float(fy), float(cx), float(cy), *self._size
            )

    def read(self, file: Path) -> tuple[Picture, Picture | None]:
        """Return the depth image in ``file`` and the colour image beside it."""
        data = _read(file)
        height, width = decode_depth(data).shape
        if (width, height) != self._size:
            raise RecordingError(
                f'{file.name} is {width}x{height}, most others are {self._size[0]}x{self._size[1]}'
            )
        depth = Picture(data, self._frame_id, self._camera)
        return depth, self._color(_color_file(file)) if self._has_color else None

    def _color(self, file: Path) -> Picture:
        data = _read(file)
        height, width = decode_color(data).shape[:2]
        if abs(width * self._size[1] / (height * self._size[0]) - 1) > _SHAPE_TOLERANCE:
            raise RecordingError(
                f'{file.name} is {width}x{height}, which is not the shape of '
                f'{self._size[0]}x{self._size[1]} depth'
            )
        same_size = (width, height) == self._size
        return Picture(data, self._frame_id, self._camera if same_size else None)


def _depth_files(source: Path) -> list[Path]:
    if not source.is_dir():
        raise RecordingError(f'{source} is no folder')
    files = sorted(source.glob('*' + DEPTH_SUFFIX))
    if not files:
        raise RecordingError(
            f'{source} holds no *{DEPTH_SUFFIX}: name each depth image NAME{DEPTH_SUFFIX} '
            f'(16-bit, millimetres) and its colour image, if there is one, NAME{COLOR_SUFFIX}.'
        )
    return files


def _name(file: Path) -> str:
    return file.name[: -len(DEPTH_SUFFIX)]


def _color_file(file: Path) -> Path:
    return file.with_name(_name(file) + COLOR_SUFFIX)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise RecordingError(f'{file.name} is missing') from None
    except OSError as error:
        raise RecordingError(f'{file.name}: {error.strerror}') from error


def _commonest_size(files: Sequence[Path]) -> tuple[int, int]:
    """Return the (width, height) [px] that most PNG headers state; (0, 0) if none states any."""
    sizes = Counter(size for file in files if (size := _png_size(file)) is not None)
    return sizes.most_common(1)[0][0] if sizes else (0, 0)


def _png_size(file: Path) -> tuple[int, int] | None:
    """Return the size in the header of a PNG (PNG specification, 11.2.2 IHDR)."""
    with file.open('rb') as stream:
        opening = stream.read(24)
    if len(opening) < 24 or opening[12:16] != b'IHDR':
        return None
    width, height = struct.unpack('>II', opening[16:24])
    return width, height


def read_intrinsics(file: Path) -> F64 | None:
    """
    Return the 3x3 intrinsics in a text file [px], or None where there is no such file.

    :raises RecordingError: when the file holds something else
    """
    values = _numbers(file)
    if values is None:
        return None
    if (
        values.shape != (3, 3)
        or not np.isfinite(values).all()
        or min(values[0, 0], values[1, 1]) <= 0
    ):
        raise RecordingError(
            f'{file} does not hold the 3x3 intrinsics of a camera, "fx 0 cx", "0 fy cy", "0 0 1": '
            'correct it, or remove it to import without intrinsics.'
        )
    return values


def _poses(file: Path, frames: int) -> F64 | None:
    values = _numbers(file)
    if values is None:
        return None
    if values.shape != (frames, 16) or not np.isfinite(values).all():
        raise RecordingError(
            f'{file} does not hold 16 finite values a line for each of the {frames} depth images '
            f'(it has {values.shape[0]} lines of {values.shape[1]}): correct it, or remove it to '
            'import without poses.'
        )
    return values.reshape(frames, 4, 4)


def _numbers(file: Path) -> F64 | None:
    """Return the table of numbers in a text file, or None where there is no such file."""
    if not file.exists():
        return None
    try:
        return np.loadtxt(file, dtype=np.float64, ndmin=2)
    except (ValueError, OSError) as error:
        raise RecordingError(f'{file} is no table of numbers: {error}') from error
