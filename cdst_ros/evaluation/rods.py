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
"""Poles and wires in a room: what a robot runs into, and depth cameras barely see."""

from __future__ import annotations

import math

import numpy as np

from cdst_ros.synthetic import Scene
from cdst_ros.synthetic.furniture import pick_material
from cdst_ros.synthetic.shapes import Shape, cylinder

#: Thinnest and thickest radius [m]: at 2.5 m and 800 px of focal length, 1 to 8 px across.
RADII = (0.0015, 0.012)


def with_rods(rng: np.random.Generator, scene: Scene, count: int) -> Scene:
    """Return a scene with ``count`` more rods: poles from floor to ceiling, wires wall to wall."""
    rods = tuple(_rod(rng, scene, upright=number % 2 == 0) for number in range(count))
    return Scene(scene.room, scene.shapes + rods, scene.style, scene.light)


def _rod(rng: np.random.Generator, scene: Scene, *, upright: bool) -> Shape:
    half = scene.room.half
    ends = rng.uniform(-0.9, 0.9, (2, 3)) * half
    if upright:
        ends[1, :2] = ends[0, :2]
    axis = 2 if upright else int(rng.integers(2))
    ends[:, axis] = (-half[axis], half[axis])
    radius = math.exp(rng.uniform(*np.log(RADII)))
    start, end = (scene.room.world(point) for point in ends)
    return cylinder(start, end, radius, pick_material(rng))
