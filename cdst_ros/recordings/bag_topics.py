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
"""Which topics of a bag are the depth camera's, found by what they carry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from cdst_ros.recordings.bag_message import Topic
from cdst_ros.recordings.errors import BagError, NoColorError, SeveralTopicsError

IMAGE = 'sensor_msgs/msg/Image'
COMPRESSED = 'sensor_msgs/msg/CompressedImage'
CAMERA_INFO = 'sensor_msgs/msg/CameraInfo'
COMPRESSED_DEPTH_SUFFIX = '/compressedDepth'
_DEPTH_ENCODINGS = ('16UC1', '32FC1')
#: 16-bit grey is depth or infrared; the topic's name tells.
_MAYBE_DEPTH_ENCODINGS = ('mono16',)
_COLOR_ENCODINGS = ('rgb8', 'bgr8', 'rgba8', 'bgra8', '8UC3')


class ImageTopic(NamedTuple):
    """
    A topic that carries images.

    :param topic: as the bag lists it
    :param encoding: of its first message; the format, where it is compressed
    """

    topic: Topic
    encoding: str

    @property
    def name(self) -> str:
        """Name of the topic."""
        return self.topic.name

    @property
    def compressed(self) -> bool:
        """Whether its messages are compressed."""
        return self.topic.msgtype == COMPRESSED

    @property
    def base(self) -> str:
        """Name of the raw topic, which image_transport's compressed topics hang below."""
        return self.name.rsplit('/', 1)[0] if self.compressed else self.name

    @property
    def is_depth(self) -> bool:
        """Whether it carries depth."""
        if self.compressed:
            return self.name.endswith(COMPRESSED_DEPTH_SUFFIX) or (
                'compressedDepth' in self.encoding
            )
        return self.encoding in _DEPTH_ENCODINGS or (
            self.encoding in _MAYBE_DEPTH_ENCODINGS and 'depth' in self.name.lower()
        )

    @property
    def is_color(self) -> bool:
        """Whether it carries colour."""
        if self.compressed:
            return not self.is_depth and ('jp' in self.encoding or 'png' in self.encoding)
        return self.encoding in _COLOR_ENCODINGS

    def __str__(self) -> str:
        what = 'depth' if self.is_depth else 'colour' if self.is_color else 'other'
        return (
            f'{self.name} ({what}: {self.encoding or "unknown"}, {self.topic.messages} messages)'
        )


def choose_depth(images: Iterable[ImageTopic], wanted: str | None, bag: str) -> ImageTopic:
    """
    Return the depth topic to read: the one ``wanted``, or the only one there is.

    A raw topic and its compressed one are one camera; the raw one is taken.

    :raises BagError: when there is none, or several; lists what there is
    """
    images = list(images)
    if wanted is not None:
        return _named(images, wanted, bag)
    candidates = _cameras(image for image in images if image.is_depth)
    if len(candidates) == 1:
        return candidates[0]
    fault = 'has several depth topics' if candidates else 'has no depth topic'
    remedy = (
        'Name the one to read (--depth-topic)'
        if candidates
        else 'Depth is 16UC1 or 32FC1, raw or compressedDepth: record the raw depth topic'
    )
    kind = SeveralTopicsError if candidates else BagError
    raise kind(f'{bag} {fault}: {_listed(candidates or images)}. {remedy}.')


def choose_color(images: Iterable[ImageTopic], wanted: str | None, bag: str) -> ImageTopic:
    """
    Return the colour topic to read: the one ``wanted``, or the only one there is.

    :raises NoColorError: when there is none; lists what there is
    :raises BagError: when there are several
    """
    images = list(images)
    if wanted is not None:
        return _named(images, wanted, bag)
    candidates = _cameras(image for image in images if image.is_color)
    if len(candidates) == 1:
        return candidates[0]
    fault = 'several colour topics' if candidates else 'no colour topic'
    kind = BagError if candidates else NoColorError
    raise kind(
        f'{bag} has {fault}: {_listed(candidates or images)}. Name the one to read '
        '(--color-topic), or use a method that needs no colour.'
    )


def info_topic(image: ImageTopic, topics: Iterable[Topic]) -> str | None:
    """Return the camera_info topic beside an image topic, by image_transport's convention."""
    name = image.base.rsplit('/', 1)[0] + '/camera_info'
    found = (topic.name for topic in topics if topic.msgtype == CAMERA_INFO)
    return name if name in found else None


def _cameras(images: Iterable[ImageTopic]) -> list[ImageTopic]:
    """Return one topic a camera: the raw one, where it has a compressed one too."""
    images = list(images)
    raw = {image.name for image in images if not image.compressed}
    return [image for image in images if not (image.compressed and image.base in raw)]


def _named(images: list[ImageTopic], wanted: str, bag: str) -> ImageTopic:
    for image in images:
        if wanted.lstrip('/') == image.name.lstrip('/'):
            return image
    raise BagError(f'{bag} has no image topic {wanted}. It has: {_listed(images)}.')


def _listed(images: list[ImageTopic]) -> str:
    return ', '.join(str(image) for image in images) or 'no image topics at all'
