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
"""Colour of one camera on the pixel grid of depth, where that camera really sees it."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8, AnyArray, Bool
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.lens import Lens, LensError, bends_alike
from cdst_ros.depth.reprojection import JUMP_M, JUMP_SHARE, reproject

#: A rotation may be off by this.
_RIGID = 1e-3
#: Transforms that differ by less are the same [m].
_ALIKE = 1e-9


class RegistrationError(ValueError):
    """Colour that cannot be brought onto the grid of depth; the message says what to do."""


class Registered(NamedTuple):
    """
    Colour on the grid of depth.

    :param rgb: (H, W, 3), black where not seen
    :param seen: (H, W), where the colour camera sees the very surface that depth is of
    """

    rgb: U8
    seen: Bool


def register(
    color: U8,
    color_camera: CameraModel,
    depth: F32,
    camera: CameraModel,
    to_color: F64,
    *,
    output: CameraModel | None = None,
) -> Registered:
    """
    Return colour as the depth camera would see it.

    Every pixel of the output is taken to its place in the colour image by its depth. It is seen
    if it falls into that image and no measured surface lies before it there (z-buffer). What
    depth does not know, colour is not given to; and what depth did not measure hides nothing.
    Where colour has more than two pixels for one of the output it is smoothed before it is
    sampled; two and fewer are averaged by sampling itself, between pixel centres.

    Distortion of either lens is worked out; the camera of rectified images has none
    (``CameraModel.rectified``).

    :param color: (h, w, 3) RGB
    :param color_camera: that took it
    :param depth: (h', w') [m], NaN = unknown, of low or of high resolution
    :param camera: of ``depth``
    :param to_color: (4, 4) rigid, takes points of the depth camera to the colour camera, both
        with optical axes [m]
    :param output: camera of the grid to fill, of the same place and direction as ``camera``:
        such as ``camera.scaled(scale, alignment)``, and distorted as it is; by default the grid
        of ``depth``
    :raises RegistrationError: when an image is not of its camera, a camera is uncalibrated, the
        transform not rigid, or the lens one that cannot be worked out
    """
    color_camera, camera = color_camera.reduced(), camera.reduced()
    grid = camera if output is None else output.reduced()
    _check(color, color_camera, depth, camera, to_color)
    own, lens = lenses(camera, color_camera, to_color)
    fine = depth if grid == camera else reproject(depth, camera, grid, np.eye(4))
    rows, columns = np.nonzero(np.isfinite(fine))
    z = fine[rows, columns].astype(np.float64)
    points = own.back_project(np.stack([columns, rows], axis=1).astype(np.float64), z, grid)
    points = points @ to_color[:3, :3].T + to_color[:3, 3]
    inside, pixels = lens.project(points)
    rows, columns, points, pixels = rows[inside], columns[inside], points[inside], pixels[inside]
    free = ~_hidden(points, depth, own, grid, to_color)
    rows, columns, pixels = rows[free], columns[free], pixels[free]
    seen = np.zeros(fine.shape, bool)
    seen[rows, columns] = True
    place = np.full((*fine.shape, 2), -1, np.float32)
    place[rows, columns] = pixels
    finer = color_camera.intrinsics()[0] / grid.intrinsics()[0]
    rgb = cv2.remap(_smoothed(color, finer), place, None, cv2.INTER_LINEAR, None,
                    cv2.BORDER_REPLICATE)  # fmt: skip
    rgb[~seen] = 0
    return Registered(np.asarray(rgb), seen)


def straightened(color: U8, color_camera: CameraModel, grid: CameraModel) -> U8:
    """
    Return colour as another lens at the same place has it, (H, W, 3); that same if both are alike.

    What only that lens shows is black. Where it looks is kept for the next image.

    :param color: (h, w, 3) RGB
    :param color_camera: that took it
    :param grid: camera of the other lens
    :raises RegistrationError: when the image is not of its camera, or a lens cannot be worked out
    """
    color_camera, grid = color_camera.reduced(), grid.reduced()
    if bends_alike(color_camera, grid):
        return color
    require_own_camera('colour', color.shape, color_camera)
    return np.asarray(cv2.remap(color, _places(color_camera, grid), None, cv2.INTER_LINEAR))


@lru_cache(maxsize=4)
def _places(color_camera: CameraModel, grid: CameraModel) -> F32:
    """Return where pixels of a grid are in colour of the same place, (H, W, 2) [px]."""
    own, lens = lenses(grid, color_camera, np.eye(4))
    v, u = np.mgrid[: grid.height, : grid.width].astype(np.float64)
    pixels = np.stack([u.ravel(), v.ravel()], axis=1)
    _, places = lens.project(own.back_project(pixels, np.ones(len(pixels))))
    return places.reshape(grid.height, grid.width, 2).astype(np.float32)


def require_on_grid(
    color: U8, color_camera: CameraModel | None, shape: tuple[int, ...], grid: CameraModel | None
) -> None:
    """
    Refuse colour of the same frame that does not lie on a grid as it is.

    Size alone proves nothing: where both cameras are known their intrinsics have to agree.

    :param color: (h, w, 3)
    :param shape: of the grid, (H, W)
    :param grid: its camera
    :raises RegistrationError: when sizes or intrinsics differ
    """
    size, wanted = (f'{one[1]}x{one[0]}' for one in (color.shape, shape))
    remedy = 'of the same size and intrinsics within 0.5 %'
    if color.shape[:2] != shape[:2]:
        raise RegistrationError(
            f'colour is {size} and the output {wanted}: this engine needs colour registered to '
            f'the output, {remedy}'
        )
    if grid is None or color_camera is None or grid.agrees(color_camera):
        return
    raise RegistrationError(
        f'colour is {size} with fx, fy, cx, cy {_told(color_camera)}, and the output {wanted} '
        f'has other intrinsics, {_told(grid)}: this engine needs colour registered to the output, '
        f'{remedy}'
    )


def lenses(camera: CameraModel, color_camera: CameraModel, to_color: F64) -> tuple[Lens, Lens]:
    """
    Return the lens of the depth camera and that of the colour camera.

    Images of one place that are distorted alike, such as depth that its driver has aligned to
    colour, lie on each other as they are: then nothing is worked out, whatever the model.

    :param camera: of depth
    :param to_color: (4, 4), as of ``register``
    :raises RegistrationError: when a lens is one that cannot be worked out
    """
    if np.abs(to_color - np.eye(4)).max() < _ALIKE and bends_alike(camera, color_camera):
        return Lens(camera), Lens(color_camera)
    try:
        return Lens.of(camera, 'depth'), Lens.of(color_camera, 'colour')
    except LensError as error:
        raise RegistrationError(str(error)) from error


def _hidden(points: F64, depth: F32, lens: Lens, grid: CameraModel, to_color: F64) -> AnyArray:
    """
    Return which points (N, 3) of the colour camera's frame lie behind a measured surface, (N,).

    The z-buffer is of a pinhole at the colour camera's place, as fine as the output and as wide
    as the points: what hides is the same whatever the lens and the pixels of the colour camera.
    """
    if not len(points):
        return np.zeros(0, bool)
    fx, fy = grid.intrinsics()[:2]
    u, v = fx * points[:, 0] / points[:, 2], fy * points[:, 1] / points[:, 2]
    # The phase of the output's own pixels: the same camera's pixels fall onto themselves.
    cx, cy = grid.intrinsics()[2:]
    cx, cy = (c % 1 - np.floor(least) + 1 for c, least in ((cx, u.min()), (cy, v.min())))
    columns, rows = np.rint(u + cx).astype(np.int64), np.rint(v + cy).astype(np.int64)
    buffer = CameraModel.from_intrinsics(
        fx, fy, float(cx), float(cy), int(columns.max()) + 2, int(rows.max()) + 2
    )
    nearest = reproject(depth, lens.camera, buffer, to_color, lens.back_project)[rows, columns]
    z = points[:, 2]
    with np.errstate(invalid='ignore'):
        return np.asarray(z - nearest > np.maximum(JUMP_M, JUMP_SHARE * nearest))


def _smoothed(color: U8, finer: float) -> U8:
    """Return colour without what the output, of so many times fewer pixels, cannot show."""
    if finer <= 2:
        return color
    # Variances add up: a box as wide as an output pixel, less the two pixels of sampling.
    sigma = float(np.sqrt((finer**2 - 4) / 12))
    return np.asarray(cv2.GaussianBlur(color, (0, 0), sigma))


def _check(
    color: U8, color_camera: CameraModel, depth: F32, camera: CameraModel, to_color: F64
) -> None:
    require_own_camera('colour', color.shape, color_camera)
    require_own_camera('depth', depth.shape, camera)
    check_registrable(camera, color_camera, to_color)


def require_own_camera(name: str, shape: tuple[int, ...], camera: CameraModel) -> None:
    """
    Refuse an image that is not of the size that its camera delivers.

    :param name: of the image, in words
    :param shape: of the image, (H, W) or more
    :raises RegistrationError: when the sizes differ
    """
    height, width = shape[:2]
    if not camera.matches(width, height):
        delivered = camera.reduced()
        raise RegistrationError(
            f'{name} is {width}x{height}, its camera {delivered.width}x{delivered.height}: pair '
            'each image with the camera_info of the same topic and stamp'
        )


def check_registrable(camera: CameraModel, color_camera: CameraModel, to_color: F64) -> None:
    """
    Check that it is known where the pixels of both cameras look.

    :param camera: of depth
    :param to_color: (4, 4), as of ``register``
    :raises RegistrationError: when a camera is uncalibrated, or the transform not rigid
    """
    for name, model in (('colour', color_camera), ('depth', camera)):
        if not (model.calibrated or model.p[0]):
            raise RegistrationError(
                f'the camera of {name} is uncalibrated (K is all 0): nobody knows where its '
                "pixels look; calibrate it, or have its driver publish the factory's calibration"
            )
    turn = to_color[:3, :3]
    if (
        to_color.shape != (4, 4)
        or not np.isfinite(to_color).all()
        or np.abs(turn @ turn.T - np.eye(3)).max() > _RIGID
        or np.linalg.det(turn) < 0
        or np.abs(to_color[3] - (0, 0, 0, 1)).max() > _RIGID
    ):
        raise RegistrationError(
            f'from the depth camera to the colour camera leads {np.round(to_color, 4).tolist()}, '
            'which is no rotation and shift: look at /tf_static'
        )


def _told(camera: CameraModel) -> str:
    if not (camera.calibrated or camera.p[0]):
        return 'unknown (uncalibrated)'
    return ', '.join(f'{value:.1f}' for value in camera.intrinsics())
