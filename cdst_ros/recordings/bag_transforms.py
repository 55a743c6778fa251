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
"""Reads from a bag how its frames lie to each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from rosbags.typesys import Stores, get_typestore

from cdst_ros.depth.messages import stamp_ns
from cdst_ros.recordings.bag_stream import BagStream
from cdst_ros.recordings.transforms import (
    MOVING_TOPIC,
    STATIC_TOPIC,
    TF_MESSAGE,
    MovingTransforms,
    StaticTransforms,
    matrix_of,
    rotation_and_shift,
)


def read_static_transforms(stream: BagStream) -> StaticTransforms:
    """
    Return what /tf_static of a bag says; nothing where the bag has none.

    :raises BagError: when a rotation has no length
    """
    found = StaticTransforms()
    for one in _transforms(stream, STATIC_TOPIC):
        found.add(one.header.frame_id, one.child_frame_id, matrix_of(one.transform))
    return found


def read_moving_transforms(stream: BagStream) -> MovingTransforms:
    """
    Return what /tf and /tf_static of a bag say; nothing where the bag has none.

    :raises BagError: when a rotation of /tf_static has no length; one of /tf is noted as damage
    """
    found = MovingTransforms(read_static_transforms(stream))
    for one in _transforms(stream, MOVING_TOPIC):
        rotation, shift = rotation_and_shift(one.transform)
        if not np.linalg.norm(rotation) > 0 or not np.isfinite((*rotation, *shift)).all():
            stream.damage.note(f'{MOVING_TOPIC}: a transform of {one.child_frame_id} is none')
            continue
        found.add(one.header.frame_id, one.child_frame_id, stamp_ns(one.header), shift, rotation)
    return found


def _transforms(stream: BagStream, topic: str) -> Iterator[Any]:
    """Yield the transforms of a topic."""
    if topic not in stream.topics:
        return
    types = get_typestore(Stores.ROS2_HUMBLE)
    for raw in stream.messages([topic]):
        try:
            message: Any = types.deserialize_cdr(raw.data, TF_MESSAGE)
        except Exception as error:
            # A damaged message meets whatever the parser happens to raise.
            stream.damage.note(f'{topic}: a message is damaged ({error})')
            continue
        yield from message.transforms
