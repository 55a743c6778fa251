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
Depth frames from a rosbag2, with their camera and colour.

Reads SQLite and MCAP bags, split and compressed ones, raw and compressedDepth topics. A damaged
message costs itself only and is counted; a damaged bag yields what can be read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from rosbags.serde import SerdeError
from rosbags.typesys import Stores, get_typestore

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.compressed import decode_compressed
from cdst_ros.depth.encodings import MILLIMETRES, DepthDecodeError, decode
from cdst_ros.depth.messages import stamp_ns
from cdst_ros.depth.pairing import StampPairer
from cdst_ros.recordings.bag_message import RawMessage
from cdst_ros.recordings.bag_stream import BagStream, Damage
from cdst_ros.recordings.bag_topics import (
    COMPRESSED,
    IMAGE,
    ImageTopic,
    choose_color,
    choose_depth,
    info_topic,
)
from cdst_ros.recordings.color import ColorDecodeError, decode_color, decode_compressed_color
from cdst_ros.recordings.errors import BagError
from cdst_ros.recordings.images import JPEG_SIGNATURE

#: Colour belongs to a depth image if their stamps differ by no more [ns].
TOLERANCE_NS = 5_000_000
#: Messages of a topic that are looked at to learn its encoding; the first may be damaged.
_LOOK_AT = 10
#: Messages of a topic that may wait for their companions.
_WAITING = 30
#: What deserialising a damaged message raises.
_BROKEN = (SerdeError, struct.error, ValueError, IndexError, TypeError)

#: A message as it was recorded, and deserialised.
_Received = tuple[RawMessage, Any]


@dataclass(frozen=True)
class BagTopics:
    """
    The topics that are read.

    :param depth: raw or compressed depth
    :param depth_info: its camera_info, where the bag has it
    :param color: raw or compressed colour, where wanted
    :param color_info: its camera_info, where the bag has it
    :param reference: raw or compressed depth to compare with, where wanted
    :param reference_info: its camera_info, where the bag has it
    """

    depth: str
    depth_info: str | None = None
    color: str | None = None
    color_info: str | None = None
    reference: str | None = None
    reference_info: str | None = None

    @property
    def names(self) -> list[str]:
        """The topics that are there."""
        return [topic for field_ in fields(self) if (topic := getattr(self, field_.name))]


def _roles(topics: BagTopics) -> dict[str, list[str]]:
    """Return what each topic is read as: one camera_info may serve depth and colour."""
    roles: dict[str, list[str]] = {}
    for field_ in fields(topics):
        topic = getattr(topics, field_.name)
        if topic is not None:
            roles.setdefault(topic, []).append(field_.name)
    return roles


class BagFrame(NamedTuple):
    """
    A depth image of a bag with what belongs to it.

    :param stamp_ns: of the depth message's header [ns]
    :param log_time_ns: when it was recorded [ns]
    :param frame_id: of the depth message's header
    :param encoding: ``16UC1`` (also for mono16) or ``32FC1``
    :param depth: (H, W) [m], NaN = unknown
    :param camera: None where the bag has no camera_info for the topic; of rectified images without
        distortion (``CameraModel.on_topic``)
    :param color: (h, w, 3) RGB, None where it is not read or has not come
    :param color_frame_id: of the colour message's header
    :param color_camera: likewise
    :param reference: (h, w) [m], NaN = unknown, None where it is not read
    :param reference_stamp_ns: of the reference message's header [ns]
    :param reference_frame_id: likewise
    :param reference_camera: None where the bag has no camera_info for it
    :param color_jpeg: the colour image as it came, where it came as a JPEG
    """

    stamp_ns: int
    log_time_ns: int
    frame_id: str
    encoding: str
    depth: F32
    camera: CameraModel | None
    color: U8 | None
    color_frame_id: str
    color_camera: CameraModel | None
    reference: F32 | None = None
    reference_stamp_ns: int = 0
    reference_frame_id: str = ''
    reference_camera: CameraModel | None = None
    color_jpeg: bytes | None = None


@dataclass
class BagCounts:
    """
    What became of a bag's messages, so far.

    :param depth_messages: depth messages found
    :param frames: frames yielded
    :param damaged: messages that could not be decoded, and the frames they cost
    :param unpaired: depth messages without a camera_info (or colour, if it is required) of their
        stamp
    :param faults: what was wrong with the damaged messages, each text once
    """

    depth_messages: int = 0
    frames: int = 0
    damaged: int = 0
    unpaired: int = 0
    faults: list[str] = field(default_factory=list)

    def add_damaged(self, topic: str, error: Exception) -> None:
        """Count a damaged message."""
        self.damaged += 1
        fault = f'{topic}: {error}'
        if fault not in self.faults and len(self.faults) < 5:
            self.faults.append(fault)


class BagReader:
    """
    The depth frames of a bag, in its order; iterate as often as you like.

    ``counts`` are those of the latest iteration.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        depth_topic: str | None = None,
        info_topic: str | None = None,
        color_topic: str | None = None,
        require_color: bool = False,
        reference_topic: str | None = None,
        depth_scale: float = MILLIMETRES,
        tolerance_ns: int = TOLERANCE_NS,
    ) -> None:
        """
        Open a bag: a rosbag2 folder, or one ``.mcap`` or ``.db3`` file.

        :param depth_topic: to be read; None: the only one there is
        :param info_topic: camera_info of the depth images; None: the one beside the depth topic;
            empty: none is read
        :param color_topic: to be read; None: no colour; empty: the only one there is
        :param require_color: depth without colour makes no frame
        :param reference_topic: another depth topic, without which depth makes no frame; None: none
        :param depth_scale: metres a unit of 16-bit depth
        :param tolerance_ns: how far stamps of one frame may lie apart [ns]
        :raises BagError: when it cannot be read, or it is not clear which topics to read; the
            message lists them
        """
        self.path = Path(path)
        self.counts = BagCounts()
        self._stream = BagStream(self.path)
        self._types = get_typestore(Stores.ROS2_HUMBLE)
        self._depth_scale = depth_scale
        self._tolerance_ns = tolerance_ns
        self._require_color = require_color
        try:
            self.topics = self._choose(depth_topic, info_topic, color_topic, reference_topic)
            self._roles = _roles(self.topics)
        except BaseException:
            self.close()
            raise

    @property
    def damage(self) -> Damage:
        """What could not be read of the bag's files, so far."""
        return self._stream.damage

    @property
    def stream(self) -> BagStream:
        """The raw messages."""
        return self._stream

    def __len__(self) -> int:
        """
        Return how many frames there are at most, as the bag says; 0 where damage hides it.

        Those are its depth messages, or its references where there are fewer.
        """
        needed = (self.topics.depth, self.topics.reference)
        return min(self._stream.topics[topic].messages for topic in needed if topic)

    def __iter__(self) -> Iterator[BagFrame]:
        """
        Yield the frames.

        :raises BagError: at the end, when there was depth and no frame could be made of it
        """
        self.counts = BagCounts()
        pairer = self._pairer()
        readable = 0
        for raw in self._stream.messages(list(self._roles)):
            is_depth = raw.topic == self.topics.depth
            self.counts.depth_messages += is_depth
            message = self._deserialise(raw)
            if message is None:
                continue
            readable += is_depth
            for role in self._roles[raw.topic]:
                found = pairer.push(role, stamp_ns(message.header), (raw, message))
                while found is not None:
                    yield from self._frames(found)
                    found = pairer.pop()
        while (found := pairer.pop(wait=False)) is not None:
            yield from self._frames(found)
        self.counts.unpaired = readable - pairer.counts.delivered
        if self.counts.depth_messages and not self.counts.frames:
            raise BagError(self._explain_nothing())

    def close(self) -> None:
        """Let go of the bag."""
        self._stream.close()

    def __enter__(self) -> BagReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _choose(
        self,
        depth_topic: str | None,
        info: str | None,
        color: str | None,
        reference_topic: str | None,
    ) -> BagTopics:
        images = list(self._images())
        topics = self._stream.topics.values()
        name = str(self.path)
        reference = choose_depth(images, reference_topic, name) if reference_topic else None
        others = [image for image in images if reference is None or image.base != reference.base]
        depth = choose_depth(others, depth_topic, name)
        chosen = BagTopics(
            depth.name,
            info_topic(depth, topics) if info is None else info or None,
            reference=reference.name if reference else None,
            reference_info=info_topic(reference, topics) if reference else None,
        )
        if chosen.depth_info is not None and chosen.depth_info not in self._stream.topics:
            raise BagError(f'{name} has no topic {chosen.depth_info}')
        if color is None:
            return chosen
        image = choose_color(images, color or None, name)
        return replace(chosen, color=image.name, color_info=info_topic(image, topics))

    def _images(self) -> Iterator[ImageTopic]:
        """Look at the image topics' first messages to learn what they carry."""
        for topic in self._stream.topics.values():
            if topic.msgtype not in (IMAGE, COMPRESSED):
                continue
            encoding = ''
            for raw in islice(self._stream.messages([topic.name]), _LOOK_AT):
                try:
                    message = self._types.deserialize_cdr(raw.data, raw.msgtype)
                except _BROKEN:
                    continue
                encoding = _encoding(message)
                break
            yield ImageTopic(topic, encoding)

    def _pairer(self) -> StampPairer[_Received]:
        roles = [role for roles in self._roles.values() for role in roles]
        lead = ['depth', *(role for role in roles if role != 'depth')]
        optional = {'color_info', 'color', 'reference_info'}
        optional -= {'color'} if self._require_color else set()
        optional = optional.intersection(roles)
        # The bag tells that they are there: the first frame, too, is to have its colour.
        return StampPairer(lead, self._tolerance_ns, _WAITING, optional, expected=optional)

    def _deserialise(self, raw: RawMessage) -> Any | None:
        try:
            return self._types.deserialize_cdr(raw.data, raw.msgtype)
        except _BROKEN as error:
            self.counts.add_damaged(raw.topic, error)
            return None

    def _frames(self, found: dict[str, _Received]) -> Iterator[BagFrame]:
        """Yield the frame that a set of messages makes, if its depth is whole."""
        raw, message = found['depth']
        depth = self._depth(raw, message)
        reference = self._depth(*found['reference']) if 'reference' in found else None
        if depth is None or (reference is None and 'reference' in found):
            return
        color = self._color(*found['color']) if 'color' in found else None
        if color is None and self._require_color:
            return
        header = found['reference'][1].header if 'reference' in found else None
        self.counts.frames += 1
        yield BagFrame(
            stamp_ns=stamp_ns(message.header),
            log_time_ns=raw.log_time_ns,
            frame_id=message.header.frame_id,
            encoding='32FC1' if _encoding(message).startswith('32FC1') else '16UC1',
            depth=depth,
            camera=self._camera(found, 'depth'),
            color=color,
            color_frame_id='' if color is None else found['color'][1].header.frame_id,
            color_camera=self._camera(found, 'color'),
            reference=reference,
            reference_stamp_ns=stamp_ns(header) if header else 0,
            reference_frame_id=header.frame_id if header else '',
            reference_camera=self._camera(found, 'reference'),
            color_jpeg=None if color is None else _jpeg(found['color'][1]),
        )

    def _camera(self, found: dict[str, _Received], role: str) -> CameraModel | None:
        info, topic = found.get(f'{role}_info'), getattr(self.topics, role)
        return None if info is None else CameraModel.from_message(info[1]).on_topic(topic)

    def _depth(self, raw: RawMessage, message: Any) -> F32 | None:
        read = decode_compressed if raw.msgtype == COMPRESSED else decode
        try:
            return read(message, self._depth_scale)
        except DepthDecodeError as error:
            self.counts.add_damaged(raw.topic, error)
            return None

    def _color(self, raw: RawMessage, message: Any) -> U8 | None:
        read = decode_compressed_color if raw.msgtype == COMPRESSED else decode_color
        try:
            return read(message)
        except ColorDecodeError as error:
            self.counts.add_damaged(raw.topic, error)
            return None

    def _explain_nothing(self) -> str:
        counts, topics = self.counts, self.topics
        reasons = []
        if counts.damaged:
            reasons.append(f'{counts.damaged} messages are damaged ({counts.faults[0]})')
        if counts.unpaired:
            companions = ' and '.join(t for t in topics.names if t != topics.depth)
            remedy = 'another camera_info topic, or none, can be named: --info-topic'
            if topics.reference:
                apart = f'{self._tolerance_ns / 1e6:g} ms'
                remedy += f'; stamps may lie {apart} apart, or more with a --tolerance'
            reasons.append(
                f'{counts.unpaired} have no message of the same stamp on {companions} ({remedy})'
            )
        return (
            f'none of the {counts.depth_messages} depth messages on {topics.depth} of {self.path} '
            f'makes a frame: {"; ".join(reasons)}.'
        )


def _encoding(message: Any) -> str:
    return str(getattr(message, 'encoding', '') or getattr(message, 'format', ''))


def _jpeg(message: Any) -> bytes | None:
    data = bytes(message.data[: len(JPEG_SIGNATURE)])
    return bytes(message.data) if data == JPEG_SIGNATURE else None
