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
"""Two cameras beside each other, and what they see."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8, Bool
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.lens import Lens
from cdst_ros.synthetic import CameraPath, Scene, indoor_scene, render


def camera(width: int, height: int, focal: float) -> CameraModel:
    """Return an ideal camera whose axis goes through the middle of its image."""
    return CameraModel.from_intrinsics(
        focal, focal, (width - 1) / 2, (height - 1) / 2, width, height
    )


def beside(right: float = 0.0, down: float = 0.0, degrees: float = 0.0) -> F64:
    """Return what takes points of the depth camera to a colour camera beside it."""
    angle, matrix = np.radians(degrees), np.eye(4)
    matrix[0, [0, 2]], matrix[2, [0, 2]] = (
        (np.cos(angle), np.sin(angle)),
        (-np.sin(angle), np.cos(angle)),
    )
    matrix[:3, 3] = -right, -down, 0.0
    return matrix


def looks(count: int) -> Iterator[tuple[Scene, F64]]:
    """Yield two poses in each of several rooms."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        scene = indoor_scene(rng)
        path = CameraPath.through(scene, rng)
        for seconds in (0.0, 2.5):
            yield scene, path.pose(seconds)


def taken(
    scene: Scene, pose: F64, low: CameraModel, color: CameraModel, to_color: F64
) -> tuple[F32, U8]:
    """Return what a depth camera and a colour camera beside it see."""
    depth = render(scene, low, pose, color=False).depth
    return depth, render(scene, color, pose @ np.linalg.inv(to_color)).color


def picture(height: int, width: int, seed: int = 0) -> U8:
    """Return colour with detail, (height, width, 3), and no sharper than a lens draws it."""
    noise = np.random.default_rng(seed).uniform(0, 255, (height, width, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return np.clip((smooth - 127) * 6 + 127, 0, 255).astype(np.uint8)


def truly_seen(
    scene: Scene, pose: F64, depth: F32, cameras: tuple[CameraModel, CameraModel], to_color: F64
) -> Bool:
    """Return which pixels of exact depth the colour camera sees, by a finer exact render."""
    grid, color_camera = cameras
    finer = color_camera.scaled(4, GridAlignment.HALF_PIXEL)
    theirs = render(scene, finer, pose @ np.linalg.inv(to_color), color=False).depth
    v, u = np.nonzero(np.isfinite(depth))
    points = grid.back_project_pixels(np.stack([u, v], 1), depth[v, u])
    points = points @ to_color[:3, :3].T + to_color[:3, 3]
    columns, rows = np.rint(finer.project(points)).astype(int).T
    inside = (columns >= 0) & (columns < finer.width) & (rows >= 0) & (rows < finer.height)
    seen = np.zeros(depth.shape, bool)
    v, u, z = v[inside], u[inside], points[inside, 2]
    seen[v, u] = z - theirs[rows[inside], columns[inside]] < np.maximum(0.05, 0.05 * z)
    return seen


def bent(k1: float) -> CameraModel:
    """Return a camera with lens distortion."""
    ideal = camera(320, 240, 230.0)
    return CameraModel(320, 240, 'plumb_bob', (k1, 0.02, 0.001, -0.001, 0.0), ideal.k, p=ideal.p)


def through(lens: CameraModel, straight: CameraModel, color: U8) -> U8:
    """Return a picture of a straight camera as a lens that bends draws it."""
    at = _sources(lens, straight)
    return np.asarray(
        cv2.remap(color, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )


@lru_cache
def _sources(lens: CameraModel, straight: CameraModel) -> F32:
    """Return where in the straight picture each pixel of the lens looks, (H, W, 2)."""
    v, u = np.mgrid[: lens.height, : lens.width].astype(np.float64)
    rays = Lens.of(lens, 'colour').rays(np.stack([u.ravel(), v.ravel()], axis=1))
    at = straight.project(np.column_stack([rays, np.ones(len(rays))]))
    return at.reshape(lens.height, lens.width, 2).astype(np.float32)
