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
"""Views for training: each a fresh scene, rendered once, small and quick."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F64
from cdst_ros.depth.camera import CameraModel
from cdst_ros.synthetic.clutter import blinds, bush, cable, grass, mesh
from cdst_ros.synthetic.furniture import pick_material, placed
from cdst_ros.synthetic.indoor import indoor_scene
from cdst_ros.synthetic.poses import look
from cdst_ros.synthetic.raycast import View
from cdst_ros.synthetic.scenes import Scene
from cdst_ros.synthetic.shapes import (
    Shape,
    bowl,
    box,
    cylinder,
    ellipsoid,
    lampshade,
    random_rotation,
    sheet,
)

Rng = np.random.Generator

#: The kinds of view, and their shares.
KINDS = {'room': 0.35, 'closeup': 0.35, 'grazing': 0.15, 'thin': 0.15}
#: Kinds that are drawn only when they are asked for: the shares stay as models were trained.
MORE_KINDS = ('foliage', 'wires')

#: Focal lengths of high-resolution depth cameras [px]: 640 to 1280 columns at 55 to 100 degrees.
_FOCAL = (300.0, 1100.0)
_TRIES = 8
_CLEARANCE = 0.25
#: Share of the views that are turned to a piece of furniture.
_AIMED = 0.75
#: Things are put no nearer to the camera [m].
_NEAREST = 0.35


class TrainingView(NamedTuple):
    """
    What there is to see, and where from.

    :param camera: of a part of a larger image: its principal point may lie far outside
    :param pose: camera to world, (4, 4)
    """

    scene: Scene
    camera: CameraModel
    pose: F64


def training_view(
    rng: Rng,
    height: int,
    width: int,
    *,
    kind: str | None = None,
    focal: float | None = None,
) -> TrainingView:
    """
    Return a fresh scene and a camera in it, as if cut out of a larger image at random.

    :param kind: one of ``KINDS`` or ``MORE_KINDS``; of the first, by its share, when None
    :param focal: of the camera [px]; drawn when None
    :raises ValueError: when the kind is unknown
    """
    name = kind or str(rng.choice(list(KINDS), p=list(KINDS.values())))
    if name not in _VIEWS:
        raise ValueError(f'a training crop is one of {", ".join(_VIEWS)}, not {name!r}')
    return _VIEWS[name](rng, indoor_scene(rng), _Part(height, width, focal))


class _Part(NamedTuple):
    """A part of an image: its size [px], and the focal length [px] if it is given."""

    height: int
    width: int
    focal: float | None


def _room(rng: Rng, scene: Scene, part: _Part) -> TrainingView:
    """Draw a part of a view of the room."""
    camera = _cut_out(rng, part)
    return TrainingView(scene, camera, _pose(rng, scene, camera))


def _closeup(rng: Rng, scene: Scene, part: _Part) -> TrainingView:
    """Draw bodies of every size in front of each other, up to where they fill the view."""
    camera = _cut_out(rng, part)
    pose = _pose(rng, scene, camera)
    count = int(rng.integers(8, 40))
    return TrainingView(
        _with(scene, _scattered(rng, scene, View.of(camera, pose), count)), camera, pose
    )


def _grazing(rng: Rng, scene: Scene, part: _Part) -> TrainingView:
    """Draw the floor seen from low above it, with a few things on it."""
    camera = _cut_out(rng, part)
    position = _free_position(rng, scene, 0.06, 0.5)
    pose = look(position, rng.uniform(0, 2 * math.pi), rng.uniform(-0.35, 0.0))
    count = int(rng.integers(0, 6))
    return TrainingView(
        _with(scene, _scattered(rng, scene, View.of(camera, pose), count)), camera, pose
    )


def _thin(rng: Rng, scene: Scene, part: _Part) -> TrainingView:
    """Draw poles, wires and gratings before the room."""
    camera = _cut_out(rng, part)
    pose = _pose(rng, scene, camera)
    view = View.of(camera, pose)
    shapes = [_rod(rng, scene, view) for _ in range(int(rng.integers(2, 12)))]
    if rng.random() < 0.5:
        shapes += _grating(rng, scene, view)
    return TrainingView(_with(scene, shapes), camera, pose)


def _foliage(rng: Rng, scene: Scene, part: _Part) -> TrainingView:
    """Draw leaves and blades of grass, each in front of others."""
    camera = _cut_out(rng, part)
    pose = _pose(rng, scene, camera)
    view = View.of(camera, pose)
    shapes: list[Shape] = []
    for _ in range(int(rng.integers(1, 4))):
        centre, _ = _point_in_view(rng, scene, view)
        piece = (bush if rng.random() < 0.75 else grass)(rng)
        middle = np.mean([shape.centre for shape in piece], axis=0)
        shapes += [shape.moved(np.eye(3), centre - middle) for shape in piece]
    return TrainingView(_with(scene, shapes), camera, pose)


def _wires(rng: Rng, scene: Scene, part: _Part) -> TrainingView:
    """Draw hanging cables, wire mesh and blinds before the room."""
    camera = _cut_out(rng, part)
    pose = _pose(rng, scene, camera)
    view = View.of(camera, pose)
    shapes: list[Shape] = []
    for _ in range(int(rng.integers(2, 7))):
        (start, z), (end, _) = (_point_in_view(rng, scene, view) for _ in range(2))
        radius = math.exp(rng.uniform(math.log(0.001), math.log(0.008)))
        sag = rng.uniform(0.0, 0.3) * float(np.linalg.norm(end - start))
        shapes += cable(start, end, sag, min(radius, 0.02 * z), pick_material(rng))
    if rng.random() < 0.7:
        centre, _ = _point_in_view(rng, scene, view)
        piece = (mesh if rng.random() < 0.6 else blinds)(rng)
        middle = np.mean([shape.centre for shape in piece], axis=0)
        piece = placed(
            [shape.moved(np.eye(3), -middle) for shape in piece], (0, 0, 0), rng.uniform(0, 7)
        )
        shapes += [shape.moved(np.eye(3), centre) for shape in piece]
    return TrainingView(_with(scene, shapes), camera, pose)


_VIEWS: dict[str, Callable[[Rng, Scene, _Part], TrainingView]] = {
    'room': _room,
    'closeup': _closeup,
    'grazing': _grazing,
    'thin': _thin,
    'foliage': _foliage,
    'wires': _wires,
}


def _cut_out(rng: Rng, part: _Part) -> CameraModel:
    """Return the camera of a crop somewhere in a larger image."""
    height, width = part.height, part.width
    focal = part.focal or math.exp(rng.uniform(math.log(_FOCAL[0]), math.log(_FOCAL[1])))
    columns, rows = max(width, 1.2 * focal), max(height, 0.9 * focal)
    x0, y0 = rng.uniform(0, columns - width), rng.uniform(0, rows - height)
    cx, cy = (columns - 1) / 2 - x0, (rows - 1) / 2 - y0
    return CameraModel.from_intrinsics(focal, focal, cx, cy, width, height)


def _pose(rng: Rng, scene: Scene, camera: CameraModel) -> F64:
    """Return the pose of a hand-held or robot's camera, most often with furniture in the crop."""
    position = _free_position(rng, scene, 0.3, 2.0)
    yaw, pitch = rng.uniform(0, 2 * math.pi), rng.normal(-0.2, 0.3)
    if scene.shapes and rng.random() < _AIMED:
        target = scene.shapes[int(rng.integers(len(scene.shapes)))].centre - position
        fx, fy, cx, cy = camera.intrinsics()
        # the piece is to appear in the middle of the crop, not on the optical axis
        yaw = math.atan2(target[1], target[0]) + math.atan2((camera.width - 1) / 2 - cx, fx)
        pitch = math.atan2(target[2], math.hypot(target[0], target[1]))
        pitch += math.atan2((camera.height - 1) / 2 - cy, fy)
    return look(position, yaw, pitch, rng.normal(0, 0.1))


def _free_position(rng: Rng, scene: Scene, low: float, high: float) -> F64:
    """Return a place in the room, between two heights, that is not in or at a piece [m]."""
    half = scene.room.half
    points = rng.uniform(-0.85, 0.85, (_TRIES, 3)) * half
    points[:, 2] = rng.uniform(low, min(high, 2 * half[2] - 0.2), _TRIES) - half[2]
    points = scene.room.world(points)
    free = scene.clearance(points)
    good = np.flatnonzero(free > min(_CLEARANCE, low * 0.8))
    best = int(good[0]) if len(good) else int(free.argmax())
    return np.asarray(points[best])


def _with(scene: Scene, shapes: list[Shape]) -> Scene:
    return Scene(scene.room, scene.shapes + tuple(shapes), scene.style, scene.light)


def _point_in_view(rng: Rng, scene: Scene, view: View) -> tuple[F64, float]:
    """Return a point in the room that the view sees, and its depth [m], log-uniform."""
    u, v = rng.uniform(-0.1, 1.1, 2) * (view.width, view.height)
    ray = view.rays @ np.array([u, v, 1.0])
    far = max(0.9 * scene.room.reach(view.origin, ray), 1.1 * _NEAREST)
    z = math.exp(rng.uniform(math.log(_NEAREST), math.log(far)))
    return view.origin + ray * z, z


def _scattered(rng: Rng, scene: Scene, view: View, count: int) -> list[Shape]:
    """Return bodies in view, from 2 px to most of the view in size."""
    focal = view.to_pixels[0, 0]
    widest = 0.45 * max(view.width, view.height)
    shapes = []
    for _ in range(count):
        centre, z = _point_in_view(rng, scene, view)
        radius = math.exp(rng.uniform(math.log(2.0), math.log(widest))) * z / focal
        shapes.append(_body(rng, centre, min(radius, 0.4 * z)))
    return shapes


def _body(rng: Rng, centre: F64, radius: float) -> Shape:
    """Return a body that fits a sphere of the given radius [m] about ``centre``."""
    draw = _BODIES[int(rng.integers(len(_BODIES)))]
    return draw(rng, centre, radius)


def _box(rng: Rng, centre: F64, radius: float) -> Shape:
    sides = radius * rng.uniform(0.15, 0.57, 3)
    return box(centre, sides, random_rotation(rng), pick_material(rng))


def _board(rng: Rng, centre: F64, radius: float) -> Shape:
    sides = np.array([radius * 0.7, radius * rng.uniform(0.1, 0.7), min(0.01, radius / 10)])
    return box(centre, sides, random_rotation(rng), pick_material(rng))


def _ellipsoid(rng: Rng, centre: F64, radius: float) -> Shape:
    radii = radius * rng.uniform(0.25, 1.0, 3)
    return ellipsoid(centre, radii, random_rotation(rng), pick_material(rng))


def _cylinder(rng: Rng, centre: F64, radius: float) -> Shape:
    reach = random_rotation(rng)[:, 2] * radius * rng.uniform(0.3, 0.9)
    around, hollow = radius * rng.uniform(0.1, 0.4), rng.random() < 0.3
    return cylinder(centre - reach, centre + reach, around, pick_material(rng), shell=hollow)


def _sheet(rng: Rng, centre: F64, radius: float) -> Shape:
    sides, bend = radius * rng.uniform(0.15, 0.57, 2), rng.uniform(-1.5, 1.5, 2) / radius
    return sheet(centre, sides, bend, random_rotation(rng), pick_material(rng))


def _bowl(rng: Rng, centre: F64, radius: float) -> Shape:
    height, rim = radius * rng.uniform(0.15, 0.57, 2)
    return bowl(centre, float(height), float(rim), pick_material(rng))


def _lampshade(rng: Rng, centre: F64, radius: float) -> Shape:
    height, low, high = (float(x) for x in radius * rng.uniform(0.15, 0.57, 3))
    return lampshade(centre, height, low, high, pick_material(rng))


_BODIES: tuple[Callable[[Rng, F64, float], Shape], ...] = (
    _box, _box, _board, _board, _ellipsoid, _ellipsoid, _cylinder, _cylinder, _sheet, _sheet,
    _bowl, _lampshade,
)  # fmt: skip


def _rod(rng: Rng, scene: Scene, view: View) -> Shape:
    """Return a pole or wire across the view, 1 to 30 mm in radius; every other one is upright."""
    focal = view.to_pixels[0, 0]
    centre, z = _point_in_view(rng, scene, view)
    radius = math.exp(rng.uniform(math.log(0.001), math.log(0.03)))
    length = rng.uniform(0.3, 3.0) * max(view.width, view.height) * z / focal
    lean = 0.05 if rng.random() < 0.5 else 1.0
    direction = np.array([0.0, 0.0, 1.0]) + lean * rng.standard_normal(3)
    reach = direction * (length / 2 / np.linalg.norm(direction))
    return cylinder(centre - reach, centre + reach, min(radius, 0.1 * z), pick_material(rng))


def _grating(rng: Rng, scene: Scene, view: View) -> list[Shape]:
    """Return parallel bars at equal distances, as of fences, blinds and chair backs."""
    focal = view.to_pixels[0, 0]
    centre, z = _point_in_view(rng, scene, view)
    pitch = math.exp(rng.uniform(math.log(4.0), math.log(40.0))) * z / focal
    turn = random_rotation(rng)
    length, radius = 0.5 * max(view.width, view.height) * z / focal, pitch * rng.uniform(0.08, 0.4)
    material, count = pick_material(rng), int(rng.integers(3, 14))
    bars = []
    for k in range(count):
        middle = centre + turn[:, 0] * pitch * (k - (count - 1) / 2)
        reach = turn[:, 1] * length
        bars.append(cylinder(middle - reach, middle + reach, radius, material))
    return bars
