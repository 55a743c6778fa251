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
"""How the frames of a bag lie to each other, as /tf_static tells."""

from __future__ import annotations

from typing import Any

import numpy as np
from rosbags.typesys import Stores, get_typestore

from cdst_ros.depth.arrays import F64
from cdst_ros.recordings.bag_stream import BagStream
from cdst_ros.recordings.errors import BagError

STATIC_TOPIC = '/tf_static'
TF_MESSAGE = 'tf2_msgs/msg/TFMessage'


class StaticTransforms:
    """Frames that are fixed to each other."""

    def __init__(self) -> None:
        self._to_parent: dict[str, tuple[str, F64]] = {}

    def add(self, parent: str, child: str, matrix: F64) -> None:
        """
        Add a transform; a later one of the same child replaces it, as tf2 does.

        :param matrix: (4, 4), takes points of the child to the parent
        """
        self._to_parent[_plain(child)] = (_plain(parent), np.asarray(matrix, np.float64))

    def between(self, source: str, target: str) -> F64 | None:
        """Return (4, 4), takes points of ``source`` to ``target``; None if they are not linked."""
        ours, theirs = self._ancestors(_plain(source)), self._ancestors(_plain(target))
        for name, matrix in ours.items():
            if name in theirs:
                return np.linalg.inv(theirs[name]) @ matrix
        return None

    def __len__(self) -> int:
        return len(self._to_parent)

    def _ancestors(self, frame: str) -> dict[str, F64]:
        """Return the frame and those above it, each with what takes points of the frame there."""
        found = {frame: np.eye(4)}
        # A ring of frames is no tree, and must not hold us up.
        while frame in self._to_parent and (above := self._to_parent[frame])[0] not in found:
            found[above[0]] = above[1] @ found[frame]
            frame = above[0]
        return found


def read_static_transforms(stream: BagStream) -> StaticTransforms:
    """Return what /tf_static of a bag says; nothing where the bag has none."""
    found = StaticTransforms()
    topic = stream.topics.get(STATIC_TOPIC)
    if topic is None:
        return found
    types = get_typestore(Stores.ROS2_HUMBLE)
    for raw in stream.messages([STATIC_TOPIC]):
        try:
            message: Any = types.deserialize_cdr(raw.data, TF_MESSAGE)
        except Exception as error:
            # A damaged message meets whatever the parser happens to raise.
            stream.damage.note(f'{STATIC_TOPIC}: a message is damaged ({error})')
            continue
        for one in message.transforms:
            found.add(one.header.frame_id, one.child_frame_id, _matrix(one.transform))
    return found


def _matrix(transform: Any) -> F64:
    """
    Return the (4, 4) matrix of a geometry_msgs/Transform.

    :raises BagError: when its quaternion has no length
    """
    rotation, shift = transform.rotation, transform.translation
    q = np.array([rotation.x, rotation.y, rotation.z, rotation.w], np.float64)
    length = float(np.linalg.norm(q))
    if not length > 0:
        raise BagError(f'{STATIC_TOPIC}: a transform has a rotation of no length')
    x, y, z, w = q / length
    matrix = np.eye(4)
    matrix[:3, :3] = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )
    matrix[:3, 3] = (shift.x, shift.y, shift.z)
    return matrix


def _plain(frame: str) -> str:
    """Return a frame's name as tf2 has it, without the leading slash of old drivers."""
    return frame.lstrip('/')
