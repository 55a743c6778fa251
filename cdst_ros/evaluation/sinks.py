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
"""Where enlarged depth goes: a bag, a recording, a folder of images, or one image."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, AnyArray
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.encodings import encode
from cdst_ros.evaluation.sources import IMAGE_SUFFIXES, SourceFrame
from cdst_ros.recordings.bag_writer import BagWriter
from cdst_ros.recordings.errors import RecordingError, StampOrderError
from cdst_ros.recordings.images import decode_color
from cdst_ros.recordings.reader import RecordedFrame
from cdst_ros.recordings.writer import Picture, RecordingWriter

#: Topics of the enlarged depth in a bag, as the node publishes them.
DEPTH_TOPIC = '/depth_hr/image_raw'
INFO_TOPIC = '/depth_hr/camera_info'
_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 1)


class Sink(Protocol):
    """
    Takes enlarged frames; what it makes is whole once it is closed.

    ``notes`` tell what could not be taken along.
    """

    notes: list[str]

    def add(
        self, frame: SourceFrame, depth: F32, camera: CameraModel | None, encoding: str
    ) -> None:
        """
        Write a frame.

        :param depth: enlarged, (sH, sW) [m], NaN = unknown
        :param camera: of the enlarged image, where known
        :param encoding: ``16UC1`` or ``32FC1``
        """

    def close(self) -> None:
        """Finish."""


class ImageSink:
    """One image file: 16-bit units in a PNG, float32 metres in a TIFF."""

    def __init__(self, path: Path, depth_scale: float) -> None:
        """
        Take the file's path.

        :param depth_scale: metres a unit of a 16-bit image
        """
        self.notes: list[str] = []
        self._path = path
        self._depth_scale = depth_scale

    def add(
        self, frame: SourceFrame, depth: F32, camera: CameraModel | None, encoding: str
    ) -> None:
        """Write the frame; the file's suffix, not ``encoding``, says how."""
        suffix_encoding = '16UC1' if self._path.suffix.lower() == '.png' else '32FC1'
        pixels = encode(depth, suffix_encoding, self._depth_scale)
        write_image(self._path, pixels)

    def close(self) -> None:
        """Nothing is left to do."""


class FolderSink:
    """
    A folder of depth images, with ``K.txt`` where all frames have one camera.

    Images keep their names; frames of bags and recordings become NUMBER_depth.png (16-bit
    millimetres) or NUMBER_depth.tiff (metres).
    """

    def __init__(self, path: Path, depth_scale: float) -> None:
        """
        Make the folder.

        :param depth_scale: metres a unit of a 16-bit image
        """
        path.mkdir()
        self.notes: list[str] = []
        self._path = path
        self._depth_scale = depth_scale
        self._cameras: set[CameraModel | None] = set()

    def add(
        self, frame: SourceFrame, depth: F32, camera: CameraModel | None, encoding: str
    ) -> None:
        """Write a frame."""
        name = _file_name(frame, encoding)
        write_image(self._path / name, encode(depth, encoding, self._depth_scale))
        self._cameras.add(camera)

    def close(self) -> None:
        """Write the intrinsics."""
        if len(self._cameras) != 1:
            return
        (camera,) = self._cameras
        if camera is not None and camera.calibrated:
            fx, fy, cx, cy = camera.intrinsics()
            np.savetxt(self._path / 'K.txt', np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]))


class RecordingSink:
    """A recording of the enlarged depth, with the colour and the poses of the recording read."""

    def __init__(
        self, path: Path, *, rate_hz: float | None, stamps_made: bool, source: str
    ) -> None:
        """Start a recording in the folder ``path``."""
        self.notes: list[str] = []
        self._writer = RecordingWriter(
            path, rate_hz=rate_hz, stamps_made=stamps_made, source=source
        )

    def add(
        self, frame: SourceFrame, depth: F32, camera: CameraModel | None, encoding: str
    ) -> None:
        """Write a frame; a recording is of 16-bit millimetres, whatever ``encoding`` says."""
        extra: dict[str, Any] = {}
        color = None
        if frame.recorded is not None:
            color = self._color(frame.recorded)
            extra['pose'] = frame.recorded.pose
            extrinsics = frame.recorded.extrinsics('color')
            if extrinsics is not None:
                extra['extrinsics'] = {'color': extrinsics}
        picture = Picture(depth, frame.frame_id, camera)
        try:
            self._writer.append(frame.stamp_ns, picture, color, **extra)
        except StampOrderError:
            # What has been enlarged is kept, whatever the clock of the source did.
            self._writer.begin_sequence(source=self._writer.header.source)
            self._writer.append(frame.stamp_ns, picture, color, **extra)

    def close(self) -> None:
        """Finish the recording."""
        self._writer.close()

    def _color(self, recorded: RecordedFrame) -> Picture | None:
        if not recorded.has('color'):
            return None
        image = recorded.image('color')
        try:
            data = recorded.read_bytes('color')
            decode_color(data)
        except RecordingError as error:
            self.notes.append(f'colour left out: {error}')
            return None
        return Picture(data, image.frame_id, image.camera)


class BagSink:
    """A bag of ``DEPTH_TOPIC`` and, where cameras are known, ``INFO_TOPIC``."""

    def __init__(self, path: Path, storage: str, *, one_file: bool) -> None:
        """
        Start a bag.

        :param storage: ``.mcap`` or ``.db3``
        :param one_file: make the storage file alone, at ``path``; else a rosbag2 folder
        """
        self.notes: list[str] = []
        self._path = path
        self._storage = storage
        self._folder = path.with_name('bag') if one_file else path
        self._one_file = one_file
        self._stack = ExitStack()
        self._writer = self._stack.enter_context(BagWriter(self._folder, storage))

    def add(
        self, frame: SourceFrame, depth: F32, camera: CameraModel | None, encoding: str
    ) -> None:
        """Write the depth image and its camera, with the input's stamp, frame and log time."""
        log_time_ns = frame.log_time_ns or frame.stamp_ns
        self._writer.write_depth(
            DEPTH_TOPIC,
            depth,
            frame.stamp_ns,
            frame.frame_id,
            encoding=encoding,
            log_time_ns=log_time_ns,
        )
        if camera is not None:
            self._writer.write_camera(
                INFO_TOPIC,
                camera,
                frame.stamp_ns,
                frame.frame_id,
                log_time_ns=log_time_ns,
            )

    def close(self) -> None:
        """Finish the bag."""
        self._stack.close()
        if self._one_file:
            (self._folder / f'{self._folder.name}{self._storage}').rename(self._path)


def write_image(path: Path, pixels: AnyArray) -> None:
    """
    Write a depth image, 16-bit as PNG or float32 as TIFF.

    :raises OSError: when the disk refuses
    """
    done, data = cv2.imencode(path.suffix, pixels, _PNG if path.suffix.lower() == '.png' else ())
    if not done:
        raise ValueError(f'{path.name} cannot hold {pixels.dtype} pixels')
    path.write_bytes(data.tobytes())


def _file_name(frame: SourceFrame, encoding: str) -> str:
    suffixes = IMAGE_SUFFIXES[:1] if encoding == '16UC1' else IMAGE_SUFFIXES[1:]
    name = Path(frame.name)
    if not frame.is_image:
        return f'{name}_depth{suffixes[-1]}'
    return frame.name if name.suffix.lower() in suffixes else f'{name.stem}{suffixes[-1]}'
