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
"""A scene: a room and what stands in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cdst_ros.depth.arrays import F64
from cdst_ros.synthetic.room import Room
from cdst_ros.synthetic.shapes import Shape

#: Colours, textures and lights are drawn apart from the geometry, from one of so many seeds.
STYLES = 4096


@dataclass(frozen=True, eq=False)
class Scene:
    """
    A furnished room.

    :param room: its walls
    :param shapes: what stands in it
    :param style: seed of its materials; has no influence on depth
    :param light: the lamp, in the world [m], (3,)
    """

    room: Room
    shapes: tuple[Shape, ...]
    style: int
    light: F64

    def clearance(self, points: F64) -> F64:
        """
        Return how far points (N, 3) are from walls and from the boxes of shapes [m], (N,).

        Outside the room it is negative, inside a box 0.
        """
        walls = np.min(self.room.half - np.abs(self.room.local(points)), axis=-1)
        if not self.shapes:
            return np.asarray(walls)
        centres, rotations, halves = self._boxes
        local = np.einsum('snk,skl->snl', points[None] - centres[:, None], rotations)
        outside = np.maximum(np.abs(local) - halves[:, None], 0.0)
        return np.asarray(np.minimum(walls, np.linalg.norm(outside, axis=-1).min(axis=0)))

    @cached_property
    def _boxes(self) -> tuple[F64, F64, F64]:
        return (
            np.stack([shape.centre for shape in self.shapes]),
            np.stack([shape.rotation for shape in self.shapes]),
            np.stack([shape.half for shape in self.shapes]),
        )
