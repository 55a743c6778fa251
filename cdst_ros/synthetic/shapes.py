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
"""The bodies that scenes are made of: boxes, quadric solids and quadric sheets."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from cdst_ros.depth.arrays import F64

_UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, eq=False)
class Shape:
    """
    A box, or the part of a quadric inside it.

    In local coordinates the box is ``|x_k| <= half_k``. Without a quadric the shape is that box.
    With one it is the solid ``[x 1] Q [x 1]^T <= 0`` inside the box, flat where the box cuts it,
    or, as a ``shell``, the surface ``[x 1] Q [x 1]^T = 0`` alone, seen from both sides. A solid's
    quadric must be convex: its upper-left 3x3 block has no negative eigenvalue.

    :param centre: origin of the local coordinates in the world [m], (3,)
    :param rotation: local axes in the world, as columns, (3, 3)
    :param half: half the edges of the box [m], (3,)
    :param quadric: (4, 4), symmetric, in local metres, or None
    :param shell: whether it is the surface alone
    :param cut: the axes on which the box cuts the quadric; on the others the quadric ends first
    :param material: index into the materials of a scene
    """

    centre: F64
    rotation: F64
    half: F64
    quadric: F64 | None = None
    shell: bool = False
    cut: tuple[int, ...] = (0, 1, 2)
    material: int = 0

    def __post_init__(self) -> None:
        if np.any(self.half <= 0):
            raise ValueError(f'a shape needs a box with positive half edges, got {self.half}')
        if self.shell and self.quadric is None:
            raise ValueError('a shell is a piece of a quadric: give it one')

    def moved(self, rotation: F64, offset: ArrayLike) -> Shape:
        """Return it rotated about the world's origin, then shifted by ``offset`` [m]."""
        return replace(
            self,
            centre=rotation @ self.centre + np.asarray(offset, dtype=np.float64),
            rotation=rotation @ self.rotation,
        )

    def corners(self) -> F64:
        """Return the corners of its box in the world [m], (8, 3)."""
        return np.asarray(self.centre + (_SIGNS * self.half) @ self.rotation.T)


#: Corner i of a unit box has the signs of the binary digits of i.
_SIGNS = np.array([[x, y, z] for z in (-1.0, 1.0) for y in (-1.0, 1.0) for x in (-1.0, 1.0)])


def box(
    centre: ArrayLike, half: ArrayLike, rotation: F64 | None = None, material: int = 0
) -> Shape:
    """Return an oriented box; a thin one serves as board, door or poster."""
    return Shape(_vector(centre), _rotation(rotation), _vector(half), material=material)


def ellipsoid(
    centre: ArrayLike, radii: ArrayLike, rotation: F64 | None = None, material: int = 0
) -> Shape:
    """Return an ellipsoid with the given half axes [m]; equal ones make a sphere."""
    r = _vector(radii)
    quadric = np.diag([*(1 / r**2), -1.0])
    return Shape(_vector(centre), _rotation(rotation), r, quadric, cut=(), material=material)


def sphere(centre: ArrayLike, radius: float, material: int = 0) -> Shape:
    """Return a sphere of the given radius [m]."""
    return ellipsoid(centre, (radius, radius, radius), material=material)


def cylinder(
    start: ArrayLike, end: ArrayLike, radius: float, material: int = 0, *, shell: bool = False
) -> Shape:
    """Return a round rod between the centres of its two ends [m]; hollow and open as a shell."""
    a, b = _vector(start), _vector(end)
    length = float(np.linalg.norm(b - a))
    half = np.array([radius, radius, length / 2])
    quadric = np.diag([1 / radius**2, 1 / radius**2, 0.0, -1.0])
    return Shape((a + b) / 2, along(b - a), half, quadric, shell, (2,), material)


def lampshade(
    bottom: ArrayLike, height: float, radius_bottom: float, radius_top: float, material: int = 0
) -> Shape:
    """Return an upright open cone frustum, a shell, standing on the centre ``bottom`` [m]."""
    mean, slope = (radius_bottom + radius_top) / 2, (radius_top - radius_bottom) / height
    # x^2 + y^2 = (mean + slope z)^2, z from the middle
    quadric = np.diag([1.0, 1.0, -(slope**2), -(mean**2)])
    quadric[2, 3] = quadric[3, 2] = -mean * slope
    widest = max(radius_bottom, radius_top)
    half = np.array([widest, widest, height / 2])
    centre = _vector(bottom) + np.array([0.0, 0.0, height / 2])
    return Shape(centre, np.eye(3), half, quadric, True, (2,), material)


def bowl(bottom: ArrayLike, height: float, radius: float, material: int = 0) -> Shape:
    """Return an upright open paraboloid, a shell, with its rim ``height`` above ``bottom`` [m]."""
    # x^2 + y^2 = radius^2 (z / height), z from the bottom = half the height below the centre
    gain = radius**2 / height
    quadric = np.diag([1.0, 1.0, 0.0, -gain * height / 2])
    quadric[2, 3] = quadric[3, 2] = -gain / 2
    centre = _vector(bottom) + np.array([0.0, 0.0, height / 2])
    half = np.array([radius, radius, height / 2])
    return Shape(centre, np.eye(3), half, quadric, True, (2,), material)


def sheet(
    centre: ArrayLike,
    size: ArrayLike,
    curvature: ArrayLike,
    rotation: F64 | None = None,
    material: int = 0,
) -> Shape:
    """
    Return a curved leaf ``z = (k_x x^2 + k_y y^2) / 2`` over a rectangle.

    :param size: half edges of the rectangle [m], 2
    :param curvature: k_x and k_y [1/m]; equal signs make a dish, opposite ones a saddle
    """
    (x, y), (kx, ky) = _vector(size), _vector(curvature)
    quadric = np.diag([kx / 2, ky / 2, 0.0, 0.0])
    quadric[2, 3] = quadric[3, 2] = -0.5
    lift = (abs(kx) * x**2 + abs(ky) * y**2) / 2
    half = np.array([x, y, max(lift, 1e-3)])
    return Shape(_vector(centre), _rotation(rotation), half, quadric, True, (0, 1), material)


def yaw(angle: float) -> F64:
    """Return the rotation by ``angle`` [rad] about the world's z axis."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def tilt(angle: float) -> F64:
    """Return the rotation by ``angle`` [rad] about the x axis."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def along(direction: ArrayLike) -> F64:
    """Return a rotation that takes the z axis to ``direction``."""
    z = _vector(direction)
    z = z / np.linalg.norm(z)
    x = np.cross(_UP, z)
    length = float(np.linalg.norm(x))
    x = x / length if length > 1e-9 else np.array([1.0, 0.0, 0.0])
    return np.column_stack([x, np.cross(z, x), z])


def random_rotation(rng: np.random.Generator) -> F64:
    """Return a rotation drawn uniformly (a normalised Gaussian quaternion, Shoemake 1992)."""
    q = rng.standard_normal(4)
    w, x, y, z = q / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def _vector(values: ArrayLike) -> F64:
    return np.array(values, dtype=np.float64)


def _rotation(rotation: F64 | None) -> F64:
    return np.eye(3) if rotation is None else rotation
