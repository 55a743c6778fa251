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
What a recording looks like on disk.

A recording is a folder::

    recording.json          what it is: format, creator, rate, whether the stamps were made
    sequences.jsonl         what is known of each collecting session; the last line of each stands
    frames.jsonl            one line a frame, appended after the frame's files are safe
    depth/000000.png        16-bit PNG, millimetres, 0 = unknown
    color/000000.jpg        8-bit JPEG, where there is colour
    reference/000000.png    depth of higher resolution, where there is one

Nothing else is needed to read it, and no frame's line refers to another. ``sequences.jsonl`` may
be missing, as it is in recordings of older versions: all frames are of sequence 0 then.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cdst_ros.depth.camera import CameraModel
from cdst_ros.recordings.cameras import camera_from_json, camera_to_json
from cdst_ros.recordings.errors import RecordingError

#: Version of the folder's layout that this package writes and reads.
FORMAT = 1
HEADER_FILE = 'recording.json'
FRAMES_FILE = 'frames.jsonl'
SEQUENCES_FILE = 'sequences.jsonl'
#: Folder and suffix of each kind of image that a frame may hold.
KINDS: dict[str, str] = {'depth': '.png', 'color': '.jpg', 'reference': '.png'}
#: Metres per unit of a recording's 16-bit images.
UNIT_M = 0.001

#: A 4x4 matrix, row-major.
Matrix = tuple[float, ...]


@dataclass(frozen=True)
class RecordingHeader:
    """
    What ``recording.json`` says.

    :param creator: program and version that wrote it
    :param rate_hz: frames a second, where known
    :param stamps_made: the stamps were not measured but made at ``rate_hz``
    :param source: where the frames come from, in words
    """

    creator: str
    rate_hz: float | None = None
    stamps_made: bool = False
    source: str = ''

    def to_json(self) -> str:
        """Return the text of ``recording.json``."""
        values = {'format': FORMAT, **self.__dict__}
        return json.dumps(values, indent=2) + '\n'

    @classmethod
    def read(cls, path: Path) -> RecordingHeader:
        """
        Read the header of the recording in the folder ``path``.

        :raises RecordingError: when it is no recording, damaged, or of an unknown format
        """
        file = path / HEADER_FILE
        try:
            values = json.loads(file.read_text(encoding='utf-8'))
            version = values['format']
        except FileNotFoundError:
            raise RecordingError(
                f'{path} is not a recording: it has no {HEADER_FILE}. Import a plain folder with '
                '"cdst-ros record import SRC DST".'
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RecordingError(
                f'{file} is damaged ({error}). Its frames are still in {path}: restore the file '
                f'from a recording made the same way; it needs at least {{"format": {FORMAT}}}.'
            ) from error
        if version != FORMAT:
            raise RecordingError(
                f'{file} has format {version!r}; this version reads format {FORMAT}. Use the '
                'version of cdst_ros that wrote it, or a newer one.'
            )
        return cls(
            creator=str(values.get('creator', '')),
            rate_hz=values.get('rate_hz'),
            stamps_made=bool(values.get('stamps_made', False)),
            source=str(values.get('source', '')),
        )


@dataclass(frozen=True)
class ImageEntry:
    """
    One image of a frame, as its line describes it.

    :param file: path within the recording, with ``/``
    :param width: [px]
    :param height: [px]
    :param sha256: of the file, hexadecimal
    :param frame_id: optical frame that the image was taken in
    :param camera: the camera that took it, where known
    """

    file: str
    width: int
    height: int
    sha256: str
    frame_id: str = ''
    camera: CameraModel | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the entry as JSON values."""
        values = dict(self.__dict__)
        values['camera'] = None if self.camera is None else camera_to_json(self.camera)
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> ImageEntry:
        """Return the entry that ``to_json`` wrote."""
        camera = values.get('camera')
        return cls(
            file=_inside(values['file']),
            width=int(values['width']),
            height=int(values['height']),
            sha256=str(values['sha256']),
            frame_id=str(values.get('frame_id', '')),
            camera=None if camera is None else camera_from_json(camera),
        )


@dataclass(frozen=True)
class FrameEntry:
    """
    One line of ``frames.jsonl``.

    :param index: number of the frame, from 0
    :param stamp_ns: when the depth image was taken [ns]
    :param images: by kind: ``depth`` always, ``color`` and ``reference`` where there are
    :param pose: camera to world, where known
    :param extrinsics: by kind, from that image's camera to the depth camera, where known
    :param sequence: number of the collecting session that it is of
    """

    index: int
    stamp_ns: int
    images: dict[str, ImageEntry]
    pose: Matrix | None = None
    extrinsics: dict[str, Matrix] = field(default_factory=dict)
    sequence: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the entry as JSON values."""
        values: dict[str, Any] = {
            'index': self.index,
            'stamp_ns': self.stamp_ns,
            'sequence': self.sequence,
        }
        values.update({kind: image.to_json() for kind, image in self.images.items()})
        if self.pose is not None:
            values['pose'] = list(self.pose)
        if self.extrinsics:
            values['extrinsics'] = {kind: list(m) for kind, m in self.extrinsics.items()}
        return values

    def to_line(self) -> bytes:
        """Return the line, with its end."""
        return json.dumps(self.to_json(), separators=(',', ':')).encode() + b'\n'

    @classmethod
    def from_line(cls, line: bytes) -> FrameEntry:
        """
        Return the entry that a line holds.

        :raises RecordingError: when the line is damaged
        """
        try:
            values = json.loads(line)
            images = {kind: ImageEntry.from_json(values[kind]) for kind in KINDS if kind in values}
            if 'depth' not in images:
                raise ValueError('no depth image')
            pose = values.get('pose')
            return cls(
                index=int(values['index']),
                stamp_ns=int(values['stamp_ns']),
                images=images,
                pose=None if pose is None else _matrix(pose),
                extrinsics={k: _matrix(m) for k, m in values.get('extrinsics', {}).items()},
                sequence=int(values.get('sequence', 0)),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordingError(f'damaged line ({type(error).__name__}: {error})') from error


def _inside(file: str) -> str:
    """Return a file name that stays inside the recording, whoever wrote the line."""
    parts = str(file).split('/')
    if len(parts) != 2 or parts[0] not in KINDS or parts[1] in ('', '.', '..') or '\\' in parts[1]:
        raise ValueError(f'{file!r} is no image of a recording')
    return '/'.join(parts)


def _matrix(values: Any) -> Matrix:
    matrix = tuple(float(v) for v in values)
    if len(matrix) != 16:
        raise ValueError(f'a 4x4 matrix has 16 values, got {len(matrix)}')
    return matrix
