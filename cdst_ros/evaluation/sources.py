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
"""Where depth frames come from: a bag, a recording, a folder of images, or one image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from enum import Enum
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8, AnyArray
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.encodings import MILLIMETRES, metres
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.skipped import Skipped
from cdst_ros.recordings.bag import TOLERANCE_NS, BagReader
from cdst_ros.recordings.bag_stream import is_bag
from cdst_ros.recordings.bag_transforms import read_static_transforms
from cdst_ros.recordings.datasets.pairs import LOW, REFERENCE, Pair, find_pairs
from cdst_ros.recordings.errors import BagError, RecordingError
from cdst_ros.recordings.folder import COLOR_SUFFIX, DEPTH_SUFFIX, read_intrinsics
from cdst_ros.recordings.images import decode_color, decode_depth
from cdst_ros.recordings.layout import HEADER_FILE
from cdst_ros.recordings.reader import RecordedFrame, Recording
from cdst_ros.recordings.transforms import StaticTransforms

#: Image files that hold depth: 16-bit PNG and TIFF in units, float32 TIFF in metres.
IMAGE_SUFFIXES = ('.png', '.tif', '.tiff')


class SourceError(ValueError):
    """A source that cannot be opened, or is none; the message says what can be."""


class Kind(str, Enum):
    """What a path holds."""

    BAG = 'bag'
    RECORDING = 'recording'
    FOLDER = 'folder'
    IMAGE = 'image'


class SourceFrame(NamedTuple):
    """
    One depth image with what is known of it.

    :param name: file name of an image; number of a frame
    :param depth: (H, W) [m], NaN = unknown
    :param encoding: that it was stored in, ``16UC1`` or ``32FC1``
    :param camera: where known, and of the image's size
    :param frame_id: optical frame, empty where unknown
    :param stamp_ns: [ns], 0 where unknown
    :param log_time_ns: when a bag recorded it [ns]
    :param color: (h, w, 3) RGB, where there is some
    :param color_camera: where known
    :param color_registered: whether colour was taken in the depth image's frame
    :param to_color: (4, 4), takes points of the depth camera to that of colour, where known
    :param recorded: the frame of a recording that it is
    :param is_image: whether it is an image file, called ``name``
    :param reference: depth to compare with, (h, w) [m], where the source was opened for it
    :param reference_camera: where known, and of the reference's size
    :param reference_frame_id: optical frame, empty where unknown
    :param to_reference: (4, 4), takes points of the depth camera to that of the reference, where
        they are two and it is known
    :param pose: (4, 4), camera to world, where known
    """

    name: str
    depth: F32
    encoding: str
    camera: CameraModel | None = None
    frame_id: str = ''
    stamp_ns: int = 0
    log_time_ns: int = 0
    color: U8 | None = None
    color_camera: CameraModel | None = None
    color_registered: bool = False
    to_color: F64 | None = None
    recorded: RecordedFrame | None = None
    is_image: bool = False
    reference: F32 | None = None
    reference_camera: CameraModel | None = None
    reference_frame_id: str = ''
    to_reference: F64 | None = None
    pose: F64 | None = None


class Source(AbstractContextManager['Source'], Protocol):
    """Frames in their order; a frame that cannot be read is counted and left out."""

    kind: Kind
    skipped: Skipped

    def __len__(self) -> int:
        """Return the number of frames, skipped ones included; 0 where it is not known."""

    def __iter__(self) -> Iterator[SourceFrame]:
        """Yield the frames."""

    def close(self) -> None:
        """Let go of files."""


def kind_of(path: Path) -> Kind | None:
    """Return what ``path`` holds, None if it is nothing that frames can be read from."""
    if path.is_dir():
        if (path / HEADER_FILE).exists():
            return Kind.RECORDING
        if is_bag(path):
            return Kind.BAG
        return Kind.FOLDER if _has_pairs(path) or _image_files(path) else None
    if is_bag(path):
        return Kind.BAG
    return Kind.IMAGE if path.suffix.lower() in IMAGE_SUFFIXES else None


def open_source(
    path: Path,
    *,
    depth_scale: float = MILLIMETRES,
    color: bool = False,
    depth_topic: str | None = None,
    info_topic: str | None = None,
    color_topic: str | None = None,
    reference: bool = False,
    reference_topic: str | None = None,
    require_color: bool = True,
    tolerance_ns: int = TOLERANCE_NS,
) -> Source:
    """
    Open whatever ``path`` holds.

    :param depth_scale: metres a unit of 16-bit images and messages; recordings are in millimetres
    :param color: read colour too
    :param depth_topic: of a bag, where it has several
    :param info_topic: of a bag, where it is not beside the depth topic; empty for none
    :param color_topic: of a bag, where it has several
    :param reference: read references too, where a recording has them; pairs always have them
    :param reference_topic: of a bag, depth to compare with
    :param require_color: of a bag, leave frames without colour out; else also bags without any
        are opened
    :param tolerance_ns: of a bag, how far the stamps of one frame may lie apart [ns]
    :raises SourceError: when it is nothing that frames can be read from
    :raises BagError: when it is a bag that cannot be read
    :raises RecordingError: when it is a recording that cannot be read
    """
    if not path.exists():
        raise SourceError(f'{path} does not exist')
    kind = kind_of(path)
    if kind is Kind.BAG:
        open_bag = partial(
            BagReader,
            path,
            depth_topic=depth_topic,
            info_topic=info_topic,
            reference_topic=reference_topic,
            depth_scale=depth_scale,
            tolerance_ns=tolerance_ns,
        )
        return BagSource(
            _with_color(open_bag, color_topic, require_color) if color else open_bag()
        )
    if reference_topic is not None:
        raise SourceError(f'{path} is no bag: it has no topic {reference_topic}')
    if kind is Kind.RECORDING:
        return RecordingSource(Recording(path), color, reference)
    if kind is Kind.FOLDER and _has_pairs(path):
        return PairsSource(find_pairs(path), depth_scale, path / 'K.txt')
    if kind is not None:
        files = [path] if kind is Kind.IMAGE else _image_files(path)
        return ImagesSource(kind, files, depth_scale, color)
    raise SourceError(
        f'{path} is no bag, recording, folder of images or image: depth images are '
        f'{", ".join(IMAGE_SUFFIXES)}, bags .mcap, .db3 or a rosbag2 folder'
    )


def _with_color(
    open_bag: Callable[..., BagReader], color_topic: str | None, require_color: bool
) -> BagReader:
    """Open a bag with its colour, or without where it need not have any."""
    try:
        return open_bag(color_topic=color_topic or '', require_color=require_color)
    except BagError:
        if require_color or color_topic is not None:
            raise
        return open_bag()


class _Opened:
    """What all sources share."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.skipped = Skipped()

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> Source:
        return self  # type: ignore[return-value]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class BagSource(_Opened):
    """The frames of a bag."""

    def __init__(self, reader: BagReader) -> None:
        super().__init__(Kind.BAG)
        self.reader = reader
        #: Of /tf_static; read where two cameras are compared.
        self.transforms = StaticTransforms()
        if reader.topics.reference is not None or reader.topics.color is not None:
            self.transforms = read_static_transforms(reader.stream)

    def __len__(self) -> int:
        return len(self.reader)

    def __iter__(self) -> Iterator[SourceFrame]:
        self.skipped = Skipped()
        for number, frame in enumerate(self.reader):
            yield SourceFrame(
                name=f'{number:06d}',
                depth=frame.depth,
                encoding=frame.encoding,
                camera=_fitting(frame.camera, frame.depth),
                frame_id=frame.frame_id,
                stamp_ns=frame.stamp_ns,
                log_time_ns=frame.log_time_ns,
                color=frame.color,
                color_camera=frame.color_camera,
                color_registered=frame.color_frame_id == frame.frame_id,
                to_color=(
                    None
                    if frame.color is None
                    else self.transforms.between(frame.frame_id, frame.color_frame_id)
                ),
                reference=frame.reference,
                reference_camera=_fitting(frame.reference_camera, frame.reference),
                reference_frame_id=frame.reference_frame_id,
                to_reference=self.transforms.between(frame.frame_id, frame.reference_frame_id),
            )
        counts, damage = self.reader.counts, self.reader.damage
        if counts.damaged:
            self.skipped.note(
                f'{counts.damaged} damaged messages: {"; ".join(counts.faults)}',
                counts.depth_messages - counts.frames - counts.unpaired,
            )
        if counts.unpaired:
            companions = [t for t in self.reader.topics.names if t != self.reader.topics.depth]
            self.skipped.note(
                f'{counts.unpaired} depth messages have no message of their stamp on '
                f'{" and ".join(companions)}',
                counts.unpaired,
            )
        for note in damage.notes:
            self.skipped.note(note)
        if damage.lost:
            self.skipped.note(f'{damage.lost} messages of the topics read are lost')

    def close(self) -> None:
        """Let go of the bag."""
        self.reader.close()


class RecordingSource(_Opened):
    """The frames of a recording."""

    def __init__(self, recording: Recording, color: bool, reference: bool = False) -> None:
        super().__init__(Kind.RECORDING)
        self.recording = recording
        self._color = color
        self._reference = reference

    def __len__(self) -> int:
        return len(self.recording) + len(self.recording.damaged)

    def __iter__(self) -> Iterator[SourceFrame]:
        self.skipped = Skipped()
        for line in self.recording.damaged:
            self.skipped.add(f'frames.jsonl, line {line.number}: {line.reason}')
        for frame in self.recording:
            try:
                depth = frame.depth()
                color = frame.color() if self._color else None
                reference = frame.reference() if self._reference else None
            except RecordingError as error:
                self.skipped.add(str(error))
                continue
            has_color = color is not None
            yield SourceFrame(
                name=f'{frame.index:06d}',
                depth=depth,
                encoding='16UC1',
                camera=_fitting(frame.camera(), depth),
                frame_id=frame.frame_id(),
                stamp_ns=frame.stamp_ns,
                color=color,
                color_camera=frame.camera('color') if has_color else None,
                color_registered=has_color and frame.frame_id('color') == frame.frame_id(),
                to_color=_to_color(frame) if has_color else None,
                recorded=frame,
                reference=reference,
                reference_camera=_fitting(frame.camera('reference'), reference),
                reference_frame_id='' if reference is None else frame.frame_id('reference'),
                to_reference=_inverse(frame.extrinsics('reference')),
                pose=frame.pose,
            )


class ImagesSource(_Opened):
    """Image files; ``NAME_rgb.jpg`` is the colour of ``NAME_depth.png``, registered to it."""

    def __init__(self, kind: Kind, files: list[Path], depth_scale: float, color: bool) -> None:
        super().__init__(kind)
        self._files = files
        self._depth_scale = depth_scale
        self._color = color

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[SourceFrame]:
        self.skipped = Skipped()
        matrix = read_intrinsics(self._files[0].parent / 'K.txt')
        for file in self._files:
            try:
                pixels = read_depth_image(file)
                color = self._read_color(file) if self._color else None
            except SourceError as error:
                self.skipped.add(str(error))
                continue
            is_float = pixels.dtype == np.float32
            depth = pixels if is_float else metres(pixels, self._depth_scale)
            height, width = depth.shape
            camera = None
            if matrix is not None:
                fx, fy, cx, cy = (float(matrix[at]) for at in ((0, 0), (1, 1), (0, 2), (1, 2)))
                camera = CameraModel.from_intrinsics(fx, fy, cx, cy, width, height)
            yield SourceFrame(
                name=file.name,
                depth=depth,
                encoding='32FC1' if is_float else '16UC1',
                camera=camera,
                color=color,
                color_registered=color is not None,
                is_image=True,
            )

    def _read_color(self, file: Path) -> U8 | None:
        if not file.name.endswith(DEPTH_SUFFIX):
            return None
        color = file.with_name(file.name[: -len(DEPTH_SUFFIX)] + COLOR_SUFFIX)
        try:
            return decode_color(color.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, RecordingError) as error:
            raise SourceError(f'{color}: {error}') from error


class PairsSource(_Opened):
    """A folder of low-resolution depth with references of the same view (``datasets/pairs``)."""

    def __init__(self, pairs: list[Pair], depth_scale: float, intrinsics: Path) -> None:
        """
        Take the pairs.

        :param intrinsics: file of those of the references
        """
        super().__init__(Kind.FOLDER)
        self._pairs = pairs
        self._depth_scale = depth_scale
        self._intrinsics = intrinsics

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[SourceFrame]:
        self.skipped = Skipped()
        matrix = read_intrinsics(self._intrinsics)
        for pair in self._pairs:
            try:
                low, reference, color = pair.read(self._depth_scale)
            except RecordingError as error:
                self.skipped.add(str(error))
                continue
            camera = low_camera = None
            if matrix is not None:
                fx, fy, cx, cy = (float(matrix[at]) for at in ((0, 0), (1, 1), (0, 2), (1, 2)))
                height, width = reference.shape
                camera = CameraModel.from_intrinsics(fx, fy, cx, cy, width, height)
                share = low.shape[1] / width
                low_camera = _fitting(camera.scaled(share, GridAlignment.HALF_PIXEL), low)
            yield SourceFrame(
                name=pair.name,
                depth=low,
                encoding='16UC1',
                camera=low_camera,
                color=color,
                color_registered=color is not None,
                is_image=True,
                reference=reference,
                reference_camera=camera,
            )


def read_depth_image(file: Path) -> AnyArray:
    """
    Return the (H, W) pixels of a depth image: uint16 units, or float32 metres.

    :raises SourceError: when the file cannot be read or holds no depth
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SourceError(f'{file}: {error.strerror}') from error
    if file.suffix.lower() == '.png':
        try:
            return decode_depth(data)
        except RecordingError as error:
            raise SourceError(f'{file}: {error}') from error
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if pixels is None:
        raise SourceError(f'{file} is no image that can be read')
    if pixels.ndim != 2 or pixels.dtype not in (np.uint16, np.float32):
        raise SourceError(
            f'{file} is {pixels.dtype} of shape {pixels.shape}: depth is one channel of 16-bit '
            'units or of float32 metres'
        )
    return np.asarray(pixels)


def _image_files(folder: Path) -> list[Path]:
    """Return the depth images of a folder, by name: NAME_depth.png if there are any, else all."""
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)
    return [file for file in files if file.name.endswith(DEPTH_SUFFIX)] or files


def _has_pairs(folder: Path) -> bool:
    return (folder / LOW).is_dir() and (folder / REFERENCE).is_dir()


def _to_color(frame: RecordedFrame) -> F64 | None:
    if frame.frame_id('color') == frame.frame_id():
        return np.eye(4)
    return _inverse(frame.extrinsics('color'))


def _inverse(matrix: F64 | None) -> F64 | None:
    return None if matrix is None else np.asarray(np.linalg.inv(matrix), np.float64)


def _fitting(camera: CameraModel | None, depth: F32 | None) -> CameraModel | None:
    """Return the camera if it is one of this image."""
    if depth is None:
        return None
    height, width = depth.shape
    return camera if camera is not None and camera.matches(width, height) else None
