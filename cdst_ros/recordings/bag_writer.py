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
"""Writes depth, colour and cameras as a rosbag2."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
from rosbags.interfaces import (
    Connection,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from cdst_ros.depth.arrays import F32, F64, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.encodings import encode, fill_image
from cdst_ros.depth.messages import NANOSECONDS
from cdst_ros.recordings.bag_message import RawMessage
from cdst_ros.recordings.bag_topics import CAMERA_INFO, COMPRESSED, IMAGE
from cdst_ros.recordings.errors import BagError
from cdst_ros.recordings.transforms import STATIC_TOPIC, TF_MESSAGE, quaternion

#: By the suffix of the storage file.
STORAGE_PLUGINS = {'.mcap': StoragePlugin.MCAP, '.db3': StoragePlugin.SQLITE3}
#: Topics that late subscribers hear, too: without transient local a played bag has no frames.
_LATCHED_TOPICS = (STATIC_TOPIC,)
_FOREVER = QosTime(9223372036, 854775807)
_LATCHED = (
    Qos(
        QosHistory.KEEP_LAST,
        1,
        QosReliability.RELIABLE,
        QosDurability.TRANSIENT_LOCAL,
        _FOREVER,
        _FOREVER,
        QosLiveliness.AUTOMATIC,
        _FOREVER,
        False,
    ),
)


class Transform(NamedTuple):
    """
    How a frame lies in another.

    :param matrix: (4, 4), takes points of the child to the parent
    """

    parent: str
    child: str
    matrix: F64


class BagWriter:
    """
    A new bag.

    Use as a context manager: leaving it finishes the bag. What an exception leaves behind depends
    on rosbags' version, so make a bag that must be whole or absent elsewhere and move it.
    """

    def __init__(self, path: Path | str, storage: str = '.mcap') -> None:
        """
        Start a bag in the folder ``path``, which must not exist.

        :param storage: ``.mcap`` or ``.db3``
        :raises BagError: when something is at ``path``, or the storage is unknown
        """
        if storage not in STORAGE_PLUGINS:
            raise BagError(
                f"bags are stored as {' or '.join(STORAGE_PLUGINS)}, not as '{storage}'"
            )
        if Path(path).exists():
            raise BagError(f'{path} exists: choose another place for the bag')
        self._types = get_typestore(Stores.ROS2_HUMBLE)
        # Version 8 writes QoS as numbers, which Humble reads, as all later distributions do.
        plugin = STORAGE_PLUGINS[storage]
        self._writer = Writer(Path(path), version=8, storage_plugin=plugin)
        self._connections: dict[str, Connection] = {}

    def write_depth(
        self,
        topic: str,
        depth: F32,
        stamp_ns: int,
        frame_id: str,
        *,
        encoding: str = '16UC1',
        log_time_ns: int | None = None,
    ) -> None:
        """
        Add a depth image.

        :param depth: (H, W) [m], NaN = unknown
        :param encoding: ``16UC1`` (millimetres) or ``32FC1`` (metres), as REP 118 has it
        :param log_time_ns: when it was recorded [ns]; None: at its stamp
        """
        image = self._types.types[IMAGE](
            header=self._header(stamp_ns, frame_id),
            height=0,
            width=0,
            encoding=encoding,
            is_bigendian=0,
            step=0,
            data=np.empty(0, np.uint8),
        )
        fill_image(image, encode(depth, encoding), encoding)  # type: ignore[arg-type]
        self.write(topic, image, stamp_ns if log_time_ns is None else log_time_ns)

    def write_color(
        self,
        topic: str,
        color: U8,
        stamp_ns: int,
        frame_id: str,
        *,
        log_time_ns: int | None = None,
    ) -> None:
        """
        Add a colour image, as ``rgb8``.

        :param color: (H, W, 3) RGB
        """
        image = self._types.types[IMAGE](
            header=self._header(stamp_ns, frame_id),
            height=color.shape[0],
            width=color.shape[1],
            encoding='rgb8',
            is_bigendian=0,
            step=3 * color.shape[1],
            data=np.ascontiguousarray(color).ravel(),
        )
        self.write(topic, image, stamp_ns if log_time_ns is None else log_time_ns)

    def write_camera(
        self,
        topic: str,
        camera: CameraModel,
        stamp_ns: int,
        frame_id: str,
        *,
        log_time_ns: int | None = None,
    ) -> None:
        """Add a camera_info."""
        region = self._types.types['sensor_msgs/msg/RegionOfInterest']
        info = self._types.types[CAMERA_INFO](
            header=self._header(stamp_ns, frame_id),
            height=camera.height,
            width=camera.width,
            distortion_model=camera.distortion_model,
            d=np.array(camera.d, np.float64),
            k=np.array(camera.k),
            r=np.array(camera.r),
            p=np.array(camera.p),
            binning_x=camera.binning_x,
            binning_y=camera.binning_y,
            roi=region(**camera.roi._asdict()),
        )
        self.write(topic, info, stamp_ns if log_time_ns is None else log_time_ns)

    def write_compressed(
        self, topic: str, image_format: str, data: bytes, stamp_ns: int, frame_id: str
    ) -> None:
        """
        Add a compressed image.

        :param image_format: as the message's ``format`` has it
        """
        image = self._types.types[COMPRESSED](
            header=self._header(stamp_ns, frame_id),
            format=image_format,
            data=np.frombuffer(data, np.uint8),
        )
        self.write(topic, image, stamp_ns)

    def write_transforms(
        self,
        topic: str,
        transforms: Iterable[Transform],
        stamp_ns: int,
        *,
        log_time_ns: int | None = None,
    ) -> None:
        """Add a message of transforms, for ``/tf`` or ``/tf_static``."""
        types = self._types.types
        made = []
        for parent, child, matrix in transforms:
            shift, rotation = matrix[:3, 3], quaternion(matrix)
            transform = types['geometry_msgs/msg/Transform'](
                translation=types['geometry_msgs/msg/Vector3'](*map(float, shift)),
                rotation=types['geometry_msgs/msg/Quaternion'](*map(float, rotation)),
            )
            header = self._header(stamp_ns, parent)
            made.append(types['geometry_msgs/msg/TransformStamped'](header, child, transform))
        message = types[TF_MESSAGE](transforms=made)
        self.write(topic, message, stamp_ns if log_time_ns is None else log_time_ns)

    def write(self, topic: str, message: Any, log_time_ns: int) -> None:
        """
        Add any message of the types that ``rosbags`` knows.

        :param log_time_ns: when it was recorded [ns]
        """
        msgtype = message.__msgtype__
        connection = self._connection(topic, msgtype)
        self._writer.write(connection, log_time_ns, self._types.serialize_cdr(message, msgtype))

    def copy(self, message: RawMessage) -> None:
        """Add a message as another bag has it, at the time when that recorded it."""
        connection = self._connection(message.topic, message.msgtype)
        self._writer.write(connection, message.log_time_ns, message.data)

    def __enter__(self) -> BagWriter:
        self._writer.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.__exit__(kind, error, trace)

    def _connection(self, topic: str, msgtype: str) -> Connection:
        connection = self._connections.get(topic)
        if connection is None:
            connection = self._writer.add_connection(
                topic,
                msgtype,
                typestore=self._types,
                offered_qos_profiles=_LATCHED if topic in _LATCHED_TOPICS else (),
            )
            self._connections[topic] = connection
        return connection

    def _header(self, stamp_ns: int, frame_id: str) -> Any:
        sec, nanosec = divmod(stamp_ns, NANOSECONDS)
        types = self._types.types
        stamp = types['builtin_interfaces/msg/Time'](sec=sec, nanosec=nanosec)
        return types['std_msgs/msg/Header'](stamp=stamp, frame_id=frame_id)
