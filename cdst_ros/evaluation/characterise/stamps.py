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
"""When the messages of a recording were stamped and recorded, without decoding their images."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.typesys import Stores, get_typestore

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.messages import NANOSECONDS
from cdst_ros.evaluation.report import Progress
from cdst_ros.recordings.bag_message import RawMessage
from cdst_ros.recordings.bag_stream import BagStream
from cdst_ros.recordings.bag_topics import CAMERA_INFO
from cdst_ros.recordings.reader import Recording

#: Different cameras of a topic that are kept.
_CAMERAS = 4


@dataclass
class Stamps:
    """
    The messages of one topic, in the order they were recorded.

    :param topic: its name
    :param stamps: of the headers [ns]
    :param logs: when they were recorded [ns]; empty where nobody noted it
    :param sums: checksums of the contents without their headers
    :param frame_ids: of the headers, and how many messages have each
    :param cameras: of a camera_info topic: those that differ, the first few
    :param camera_changes: how often a camera_info differs from the one before
    :param made: stamps were made at import, not measured
    """

    topic: str
    stamps: list[int] = field(default_factory=list)
    logs: list[int] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)
    frame_ids: dict[str, int] = field(default_factory=dict)
    cameras: list[CameraModel] = field(default_factory=list)
    camera_changes: int = 0
    made: bool = False

    def add(self, stamp_ns: int, log_time_ns: int | None, checksum: int, frame_id: str) -> None:
        """Note a message."""
        self.stamps.append(stamp_ns)
        if log_time_ns is not None:
            self.logs.append(log_time_ns)
        self.sums.append(checksum)
        self.frame_ids[frame_id] = self.frame_ids.get(frame_id, 0) + 1

    def add_camera(self, camera: CameraModel) -> None:
        """Note the camera of the message just added."""
        if len(self.sums) > 1 and self.sums[-1] != self.sums[-2]:
            self.camera_changes += 1
        if camera not in self.cameras and len(self.cameras) < _CAMERAS:
            self.cameras.append(camera)


def stamps_of_bag(path: Path, topics: list[str], progress: Progress) -> dict[str, Stamps]:
    """
    Return the stamps of topics; damaged messages are left out.

    Of images only the header is looked at and a checksum taken, so that it costs little more than
    reading the file.
    """
    found = {topic: Stamps(topic) for topic in topics}
    types = get_typestore(Stores.ROS2_HUMBLE)
    with BagStream(path) as stream:
        total = sum(stream.topics[topic].messages for topic in topics if topic in stream.topics)
        for number, raw in enumerate(stream.messages(topics)):
            if number % 50 == 0:
                progress(number, total, 'stamps')
            _note(found[raw.topic], raw, types)
    return found


def stamps_of_recording(recording: Recording) -> Stamps:
    """Return the stamps of a recording's depth images."""
    stamps = Stamps('depth', made=recording.stamps_made)
    for frame in recording:
        entry = frame.image('depth')
        stamps.add(frame.stamp_ns, None, hash(entry.sha256), entry.frame_id)
    return stamps


def _note(stamps: Stamps, raw: RawMessage, types: Any) -> None:
    try:
        stamp, frame_id, end = _header(raw.data)
    except (struct.error, UnicodeDecodeError, ValueError):
        return
    checksum = zlib.crc32(memoryview(raw.data)[end:])
    camera = None
    if raw.msgtype == CAMERA_INFO:
        try:
            camera = CameraModel.from_message(types.deserialize_cdr(raw.data, raw.msgtype))
        except Exception:
            # as BagReader has it, a message that does not parse is damaged, whatever is raised
            return
    stamps.add(stamp, raw.log_time_ns, checksum, frame_id)
    if camera is not None:
        stamps.add_camera(camera)


def _header(data: bytes) -> tuple[int, str, int]:
    """
    Return stamp [ns], frame and end of the std_msgs/Header that a message in CDR begins with.

    Four bytes of encapsulation, the second of which tells the byte order (OMG DDSI-RTPS 2.5,
    section 10.5), then seconds, nanoseconds and the string's length with its final zero.
    """
    order = '<' if data[1] & 1 else '>'
    sec, nanosec, length = struct.unpack_from(f'{order}iII', data, 4)
    end = 16 + length
    if end > len(data):
        raise ValueError('cut off')
    return sec * NANOSECONDS + nanosec, bytes(data[16 : end - 1]).decode(), end


def nearest_offsets(stamps: list[int], others: list[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return, for each stamp, how much later the nearest of the others is [ns], (N,)."""
    if not stamps or not others:
        return np.empty(0, np.int64)
    theirs = np.sort(np.asarray(others, np.int64))
    mine = np.asarray(stamps, np.int64)
    after = np.clip(np.searchsorted(theirs, mine), 1, max(len(theirs) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(theirs) - 1)
    later, earlier = theirs[after] - mine, theirs[before] - mine
    return np.asarray(np.where(np.abs(later) < np.abs(earlier), later, earlier))
