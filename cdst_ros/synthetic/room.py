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
"""The room that a scene stands in, seen from inside, with its windows and posters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdst_ros.depth.arrays import F64

#: A room's surfaces in the order of their numbers: -x, +x, -y, +y, floor, ceiling.
FACES = ((0, -1.0), (0, 1.0), (1, -1.0), (1, 1.0), (2, -1.0), (2, 1.0))
FLOOR, CEILING = 4, 5


@dataclass(frozen=True)
class Patch:
    """
    A rectangle on a face of the room.

    :param face: index into ``FACES``
    :param centre: on the face's two axes, in their order x, y, z, from its middle [m]
    :param half: half edges [m]
    :param material: what a poster shows; of no use to a window
    """

    face: int
    centre: tuple[float, float]
    half: tuple[float, float]
    material: int = 0


@dataclass(frozen=True, eq=False)
class Room:
    """
    A box seen from inside.

    :param centre: middle of the room in the world [m], (3,)
    :param rotation: its axes in the world, as columns; z is up, (3, 3)
    :param half: half its length, width and height [m], (3,)
    :param materials: one for each of ``FACES``
    :param windows: through which nothing is measured
    :param posters: which differ in colour alone
    """

    centre: F64
    rotation: F64
    half: F64
    materials: tuple[int, ...] = (0, 0, 0, 0, 1, 2)
    windows: tuple[Patch, ...] = ()
    posters: tuple[Patch, ...] = ()

    def local(self, points: F64) -> F64:
        """Return world points in the room's own coordinates [m], (..., 3)."""
        return np.asarray((points - self.centre) @ self.rotation)

    def world(self, points: F64) -> F64:
        """Return points given in the room's own coordinates in the world [m], (..., 3)."""
        return np.asarray(points @ self.rotation.T + self.centre)

    def reach(self, origin: F64, ray: F64) -> float:
        """Return how many lengths of ``ray`` it is from ``origin`` in the room to a wall."""
        start, step = self.local(origin), ray @ self.rotation
        with np.errstate(divide='ignore', invalid='ignore'):
            return float(np.nanmin((self.half - np.sign(step) * start) / np.abs(step)))

    def patch_corners(self, patch: Patch) -> F64:
        """Return the corners of a patch in the world [m], twice over as of a flat box, (8, 3)."""
        axis, sign = FACES[patch.face]
        middle, half = np.empty(3), np.zeros(3)
        middle[axis] = sign * self.half[axis]
        middle[in_face(axis)], half[in_face(axis)] = patch.centre, patch.half
        return self.world(middle + _CORNERS * half)

    def face_corners(self, face: int) -> F64:
        """Return the corners of a face in the world [m], twice over, (8, 3)."""
        a, b = in_face(FACES[face][0])
        return self.patch_corners(Patch(face, (0.0, 0.0), (self.half[a], self.half[b])))


_CORNERS = np.array([[x, y, z] for z in (-1.0, 1.0) for y in (-1.0, 1.0) for x in (-1.0, 1.0)])


def in_face(axis: int) -> list[int]:
    """Return the two axes that span a face normal to ``axis``."""
    return [k for k in range(3) if k != axis]
