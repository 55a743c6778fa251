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
What a robot's costmap is told by low-resolution, bicubic and our depth: cells, poles, a picture.

Rooms with thin poles are seen by a camera 0.4 m above the floor. The points of each depth image
between the heights that a costmap marks go into 5 cm cells, as Nav2's obstacle and voxel layers
mark them: one point is enough, or ``--voxels`` of a column. The truth is the exact depth at the
higher resolution.

- found: share of the cells of the truth that are marked
- phantom: marked cells a view that neither are nor touch one of the truth: obstacles in free space
- poles: share of the poles in view that have a marked cell within one cell
- points: marked a view, for the load
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from report import publish

from cdst_ros.depth.arrays import F32, F64, U8, Bool
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import Settings, SuperResolution
from cdst_ros.synthetic import Scene, degrade, indoor_scene, load_profile, look, render
from cdst_ros.synthetic.shapes import Shape, cylinder

SCALE = 4
#: Of the low-resolution image [px].
WIDTH, HEIGHT, FOCAL = 160, 120, 115.0
CELL_M = 0.05
#: Height of a voxel, where a cell needs several [m].
VOXEL_M = 0.1
#: What is marked: heights above the floor, and distances [m].
HEIGHTS_M = (0.10, 1.50)
RANGES_M = (0.3, 5.0)
#: Where the camera is [m]: above the floor.
CAMERA_M = 0.4
POLES = 8
#: Radius of the poles, thinnest and thickest [m].
RADII_M = (0.005, 0.015)
#: The map reaches so far ahead and to each side [m].
AHEAD_M, ASIDE_M = 5.0, 3.0
PAPER, TRUE, MISSED, PHANTOM = (255, 255, 255), (70, 60, 50), (60, 170, 250), (60, 40, 220)


@dataclass(frozen=True, eq=False)
class Sight:
    """One view: exact depth, what the sensor makes of it, the poles, and who looks."""

    exact: F32
    low: F32
    poles: F64
    high_camera: CameraModel
    pose: F64
    floor: float


@dataclass
class Count:
    """What a method's cells come to over all views."""

    found: int = 0
    wanted: int = 0
    phantom: int = 0
    poles: int = 0
    in_view: int = 0
    points: int = 0
    views: int = field(default=0)

    def add(self, marked: Bool, truth: Bool, sight: Sight, points: int) -> None:
        """Count a view."""
        near = cv2.dilate(marked.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        allowed = cv2.dilate(truth.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        self.found += int((marked & truth).sum())
        self.wanted += int(truth.sum())
        self.phantom += int((marked & ~allowed).sum())
        for pole in visible_poles(sight, truth):
            self.in_view += 1
            self.poles += bool(near[pole])
        self.points += points
        self.views += 1

    def row(self, name: str) -> list[object]:
        """Return the row of the table."""
        return [
            name,
            f'{100 * self.found / self.wanted:.1f} %',
            f'{self.phantom / self.views:.1f}',
            f'{self.poles} of {self.in_view}',
            f'{self.points / self.views:.0f}',
        ]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--model', default='lite_x4', help='of scale 4')
    parser.add_argument('--profile', default='generic', help='sensor profile')
    parser.add_argument('--scenes', type=int, default=12)
    parser.add_argument('--seed', type=int, default=100)
    parser.add_argument('--max-sigma', type=float, default=0.05, help='[m]')
    parser.add_argument('--voxels', type=int, default=1, help='full ones that mark a cell')
    parser.add_argument('--picture', type=Path, help='draw the first view here (.png)')
    parser.add_argument('--out', type=Path, help='.md or .json')
    options = parser.parse_args()
    engine = open_engine(options.model)
    bicubic = SuperResolution(open_engine(None, 'bicubic', scale=SCALE), Settings(bounded=False))
    ours = SuperResolution(engine, Settings())
    sure = SuperResolution(engine, Settings(max_sigma=options.max_sigma))
    counts: dict[str, Count] = {}
    for number in range(options.scenes):
        sight = seen(options.seed + number, options.profile)
        outputs = {
            'low resolution': sight.low,
            'bicubic': bicubic(sight.low).depth.copy(),
            options.model: ours(sight.low).depth.copy(),
            f'{options.model}, max_sigma {options.max_sigma:g}': sure(sight.low).depth.copy(),
        }
        truth, _ = cells(sight, sight.exact)
        maps = {name: cells(sight, depth, options.voxels) for name, depth in outputs.items()}
        maps['low resolution, and that'] = _both(maps['low resolution'], list(maps.values())[-1])
        for name, (marked, points) in maps.items():
            counts.setdefault(name, Count()).add(marked, truth, sight, points)
        if number == 0 and options.picture:
            shown = {name: maps[name][0] for name in outputs}
            picture = drawn(sight, truth, shown)
            cv2.imwrite(str(options.picture), picture)
    publish(
        f'Costmap cells of {options.scenes} views with thin poles, {options.profile} sensor',
        ('depth', 'cells found', 'phantom cells a view', 'poles found', 'points a view'),
        [count.row(name) for name, count in counts.items()],
        f'{WIDTH}x{HEIGHT} to {SCALE * WIDTH}x{SCALE * HEIGHT}; cells of {CELL_M:g} m, heights '
        f'{HEIGHTS_M[0]:g} to {HEIGHTS_M[1]:g} m, to {RANGES_M[1]:g} m; poles '
        f'{2e3 * RADII_M[0]:g} to {2e3 * RADII_M[1]:g} mm thick; '
        f'{options.voxels} full voxels of {VOXEL_M:g} m mark a cell.',
        options.out,
    )


def seen(seed: int, profile: str) -> Sight:
    """Return what a camera sees of a room with poles in front of it."""
    rng = np.random.default_rng(seed)
    scene = indoor_scene(rng)
    floor = float(scene.room.centre[2] - scene.room.half[2])
    pose = standing(rng, scene, floor)
    scene, poles = with_poles(rng, scene, pose, floor)
    low = CameraModel.from_intrinsics(
        FOCAL, FOCAL, WIDTH / 2 - 0.5, HEIGHT / 2 - 0.5, WIDTH, HEIGHT
    )
    high = low.scaled(SCALE, GridAlignment.HALF_PIXEL)
    exact = render(scene, high, pose, incidence=True)
    depth = degrade(
        exact.depth, SCALE, rng, load_profile(profile), incidence=exact.incidence, focal=FOCAL
    )
    return Sight(exact.depth, depth, poles, high, pose, floor)


def standing(rng: np.random.Generator, scene: Scene, floor: float) -> F64:
    """Return a pose near the floor that looks into free space."""
    best, best_free = look((0, 0, floor + CAMERA_M), 0.0), -1.0
    for _ in range(200):
        spot = scene.room.world(rng.uniform(-0.8, 0.8, 3) * scene.room.half)
        spot[2] = floor + CAMERA_M
        yaw = rng.uniform(-np.pi, np.pi)
        ahead = np.array([np.cos(yaw), np.sin(yaw), 0.0])
        path = spot + ahead * np.linspace(0, 3.5, 15)[:, None]
        free = float(scene.clearance(path).min())
        if free > best_free:
            best, best_free = look(spot, yaw), free
    return best


def with_poles(
    rng: np.random.Generator, scene: Scene, pose: F64, floor: float
) -> tuple[Scene, F64]:
    """Return the scene with upright poles in view, and where they stand, (N, 2)."""
    shapes: list[Shape] = []
    places = []
    for distance in np.linspace(1.2, 4.5, POLES):
        aside = rng.uniform(-0.5, 0.5) * distance
        spot = pose[:3, 3] + pose[:3, 2] * distance + pose[:3, 0] * aside
        start, end = (np.array([spot[0], spot[1], floor + z]) for z in (0.0, 1.4))
        if scene.room.reach(pose[:3, 3], spot - pose[:3, 3]) <= 1.05:
            continue
        shapes.append(cylinder(start, end, rng.uniform(*RADII_M)))
        places.append(spot[:2])
    found = Scene(scene.room, scene.shapes + tuple(shapes), scene.style, scene.light)
    return found, np.array(places).reshape(-1, 2)


def cells(sight: Sight, depth: F32, voxels: int = 1) -> tuple[Bool, int]:
    """
    Return the cells that a depth image marks, (ahead, aside), and by how many points.

    :param voxels: of a column, that have to hold a point
    """
    factor = depth.shape[1] / sight.high_camera.width
    camera = sight.high_camera.scaled(factor, GridAlignment.HALF_PIXEL)
    points = camera.back_project(depth).reshape(-1, 3)
    points = points[np.isfinite(points).all(axis=1)]
    heights = (points @ sight.pose[:3, :3].T + sight.pose[:3, 3])[:, 2] - sight.floor
    away = np.linalg.norm(points, axis=1)
    wanted = (heights >= HEIGHTS_M[0]) & (heights <= HEIGHTS_M[1])
    wanted &= (away >= RANGES_M[0]) & (away < RANGES_M[1])
    rows, columns = _cell(points[wanted, 2], points[wanted, 0])
    shape = (round(AHEAD_M / CELL_M), round(2 * ASIDE_M / CELL_M))
    inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    levels = np.floor(heights[wanted] / VOXEL_M).astype(int)
    full = np.zeros((*shape, round(HEIGHTS_M[1] / VOXEL_M) + 1), np.bool_)
    full[rows[inside], columns[inside], levels[inside]] = True
    return full.sum(axis=2) >= voxels, int(wanted.sum())


def _both(one: tuple[Bool, int], other: tuple[Bool, int]) -> tuple[Bool, int]:
    """Return what two sources mark together."""
    return one[0] | other[0], one[1] + other[1]


def visible_poles(sight: Sight, truth: Bool) -> list[tuple[int, int]]:
    """Return the cells of the poles that the exact depth marks."""
    near = cv2.dilate(truth.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    found = []
    for pole in sight.poles:
        offset = np.array([*pole, sight.pose[2, 3]]) - sight.pose[:3, 3]
        row, column = _cell(offset @ sight.pose[:3, 2], offset @ sight.pose[:3, 0])
        place = (int(row), int(column))
        if (
            all(0 <= at < size for at, size in zip(place, truth.shape, strict=True))
            and near[place]
        ):
            found.append(place)
    return found


def drawn(sight: Sight, truth: Bool, maps: dict[str, Bool]) -> U8:
    """Return the cells side by side: the robot is below, in the middle."""
    panels = [panel('truth', truth, truth, sight)]
    panels += [panel(name, marked, truth, sight) for name, marked in maps.items()]
    gap = np.full((panels[0].shape[0], 12, 3), 255, np.uint8)
    row: list[U8] = [part for one in panels for part in (one, gap)][:-1]
    picture = np.concatenate(row, axis=1)
    legend = np.full((44, picture.shape[1], 3), 255, np.uint8)
    entries = ((TRUE, 'marked'), (MISSED, 'missed'), (PHANTOM, 'phantom'))
    for place, (colour, text) in enumerate(entries):
        x = 12 + 170 * place
        cv2.rectangle(legend, (x, 12), (x + 18, 30), colour, -1)
        _write(legend, text, (x + 26, 28))
    cv2.circle(legend, (12 + 170 * 3 + 9, 21), 9, TRUE, 1, cv2.LINE_AA)
    _write(legend, f'pole in view; a cell is {100 * CELL_M:g} cm', (12 + 170 * 3 + 26, 28))
    return np.concatenate([picture, legend], axis=0)


def panel(name: str, marked: Bool, truth: Bool, sight: Sight) -> U8:
    """Return one map."""
    allowed = cv2.dilate(truth.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    image = np.full((*truth.shape, 3), PAPER, np.uint8)
    image[truth & ~marked] = MISSED
    image[marked & allowed] = TRUE
    image[marked & ~allowed] = PHANTOM
    zoom = 4
    large = cv2.resize(image[::-1], None, fx=zoom, fy=zoom, interpolation=cv2.INTER_NEAREST)
    for row, column in visible_poles(sight, truth):
        middle = (zoom * column + zoom // 2, zoom * (truth.shape[0] - row) - zoom // 2)
        cv2.circle(large, middle, 9, TRUE, 1, cv2.LINE_AA)
    cv2.rectangle(large, (0, 0), (large.shape[1] - 1, large.shape[0] - 1), (200, 200, 200), 1)
    title = np.full((34, large.shape[1], 3), 255, np.uint8)
    _write(title, name, (4, 24))
    return np.concatenate([title, large], axis=0)


def _write(image: U8, text: str, place: tuple[int, int]) -> None:
    cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, TRUE, 1, cv2.LINE_AA)


def _cell(ahead: F64, aside: F64) -> tuple[F64, F64]:
    """Return row and column of the cells of points."""
    rows = np.floor(np.asarray(ahead) / CELL_M).astype(int)
    columns = np.floor((np.asarray(aside) + ASIDE_M) / CELL_M).astype(int)
    return rows, columns


if __name__ == '__main__':
    main()
