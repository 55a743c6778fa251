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
"""How frames lie to each other, as /tf_static and /tf tell."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F64
from cdst_ros.recordings.errors import BagError

STATIC_TOPIC = '/tf_static'
MOVING_TOPIC = '/tf'
TF_MESSAGE = 'tf2_msgs/msg/TFMessage'
#: Between two poses that lie farther apart than this, where a frame was is not known [ns].
LONGEST_GAP_NS = 1_000_000_000

#: Returns the parent of a frame and the (4, 4) matrix that takes points there, where there is one.
_Above = Callable[[str], 'tuple[str, F64] | None']


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
        return _between(_plain(source), _plain(target), self._to_parent.get)

    def above(self, frame: str) -> tuple[str, F64] | None:
        """Return the parent of a frame and the (4, 4) matrix that takes points there."""
        return self._to_parent.get(_plain(frame))

    @property
    def children(self) -> set[str]:
        """Frames that have one above them."""
        return set(self._to_parent)

    @property
    def parents(self) -> set[str]:
        """Frames that have one below them."""
        return {parent for parent, _ in self._to_parent.values()}

    def __len__(self) -> int:
        return len(self._to_parent)


class _Moment(NamedTuple):
    """
    Where a frame was.

    :param parent: in this frame
    :param shift: [m]
    :param rotation: quaternion x, y, z, w of length 1
    """

    parent: str
    shift: F64
    rotation: F64


class MovingTransforms:
    """Frames that move, and those that are fixed to them."""

    def __init__(self, fixed: StaticTransforms) -> None:
        self._fixed = fixed
        self._moments: dict[str, dict[int, _Moment]] = {}
        self._stamps: dict[str, list[int]] = {}

    def add(self, parent: str, child: str, stamp: int, shift: F64, rotation: F64) -> None:
        """
        Add where a frame was.

        :param stamp: when [ns]
        :param shift: (3,) of the child's origin in the parent [m]
        :param rotation: (4,) quaternion x, y, z, w, of any length but 0
        """
        unit = rotation / np.linalg.norm(rotation)
        self._moments.setdefault(_plain(child), {})[stamp] = _Moment(_plain(parent), shift, unit)
        self._stamps.clear()

    def between(self, source: str, target: str, stamp: int) -> F64 | None:
        """
        Return (4, 4), takes points of ``source`` to ``target`` at a time.

        Between two moments a frame moves evenly, as tf2 has it; before its first and after its
        last, and in gaps of more than ``LONGEST_GAP_NS``, nobody knows where it is.

        :param stamp: when [ns]
        :return: None where they are not linked, or it is not known
        """

        def above(frame: str) -> tuple[str, F64] | None:
            if frame in self._moments:
                return self._at(frame, stamp)
            return self._fixed.above(frame)

        return _between(_plain(source), _plain(target), above)

    @property
    def roots(self) -> set[str]:
        """Frames that have none above them: such as map, or odom."""
        children = {*self._moments, *self._fixed.children}
        parents = {m.parent for moments in self._moments.values() for m in moments.values()}
        return (parents | self._fixed.parents) - children

    def __len__(self) -> int:
        return sum(map(len, self._moments.values()))

    def _at(self, frame: str, stamp: int) -> tuple[str, F64] | None:
        moments = self._moments[frame]
        if frame not in self._stamps:
            self._stamps[frame] = sorted(moments)
        stamps = self._stamps[frame]
        place = bisect_left(stamps, stamp)
        if place == len(stamps) or (place == 0 and stamps[0] != stamp):
            return None
        after = moments[stamps[place]]
        if stamps[place] == stamp:
            return after.parent, _rigid(after.shift, after.rotation)
        before = moments[stamps[place - 1]]
        gap = stamps[place] - stamps[place - 1]
        if before.parent != after.parent or gap > LONGEST_GAP_NS:
            return None
        share = (stamp - stamps[place - 1]) / gap
        shift = before.shift + share * (after.shift - before.shift)
        return after.parent, _rigid(shift, _turned(before.rotation, after.rotation, share))


def quaternion(matrix: F64) -> F64:
    """
    Return the quaternion x, y, z, w of the rotation in a (4, 4) rigid matrix.

    (Shepperd, "Quaternion from rotation matrix", J. Guidance and Control 1978: the greatest of the
    four is found first, so that none is divided by what is nearly 0.)
    """
    m = matrix[:3, :3]
    trace = float(np.trace(m))
    greatest = int(np.argmax((m[0, 0], m[1, 1], m[2, 2], trace)))
    q = np.empty(4)
    if greatest == 3:
        q[3] = 1 + trace
        q[:3] = m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]
    else:
        i, j, k = greatest, (greatest + 1) % 3, (greatest + 2) % 3
        q[i] = 1 + 2 * m[i, i] - trace
        q[j], q[k] = m[j, i] + m[i, j], m[k, i] + m[i, k]
        q[3] = m[k, j] - m[j, k]
    return np.asarray(q / np.linalg.norm(q))


def _between(source: str, target: str, above: _Above) -> F64 | None:
    ours, theirs = _ancestors(source, above), _ancestors(target, above)
    for name, matrix in ours.items():
        if name in theirs:
            return np.asarray(np.linalg.inv(theirs[name]) @ matrix)
    return None


def _ancestors(frame: str, above: _Above) -> dict[str, F64]:
    """Return the frame and those above it, each with what takes points of the frame there."""
    found = {frame: np.eye(4)}
    # A ring of frames is no tree, and must not hold us up.
    while (link := above(frame)) is not None and link[0] not in found:
        found[link[0]] = link[1] @ found[frame]
        frame = link[0]
    return found


def matrix_of(transform: Any) -> F64:
    """
    Return the (4, 4) matrix of a geometry_msgs/Transform.

    :raises BagError: when its rotation has no length
    """
    rotation, shift = rotation_and_shift(transform)
    if not np.linalg.norm(rotation) > 0:
        raise BagError(f'{STATIC_TOPIC}: a transform has a rotation of no length')
    return _rigid(shift, rotation / np.linalg.norm(rotation))


def rotation_and_shift(transform: Any) -> tuple[F64, F64]:
    """Return rotation (4,) and shift (3,) of a geometry_msgs/Transform."""
    rotation, shift = transform.rotation, transform.translation
    turn = np.array([rotation.x, rotation.y, rotation.z, rotation.w], np.float64)
    return turn, np.array([shift.x, shift.y, shift.z], np.float64)


def _turned(before: F64, after: F64, share: float) -> F64:
    """Return the rotation between two (Shoemake, "Animating Rotation", SIGGRAPH 1985)."""
    cosine = float(before @ after)
    if cosine < 0:  # the same rotation, the short way round
        after, cosine = -after, -cosine
    if cosine > 0.9995:  # where sines are too small to divide by, a straight line is as good
        mixed = before + share * (after - before)
        return np.asarray(mixed / np.linalg.norm(mixed))
    angle = np.arccos(cosine)
    weights = np.sin(((1 - share) * angle, share * angle)) / np.sin(angle)
    return np.asarray(weights[0] * before + weights[1] * after)


def _rigid(shift: F64, rotation: F64) -> F64:
    """
    Return the (4, 4) matrix of a shift and a rotation.

    :param rotation: quaternion x, y, z, w of length 1
    """
    x, y, z, w = rotation
    matrix = np.eye(4)
    matrix[:3, :3] = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )
    matrix[:3, 3] = shift
    return matrix


def _plain(frame: str) -> str:
    """Return a frame's name as tf2 has it, without the leading slash of old drivers."""
    return frame.lstrip('/')
