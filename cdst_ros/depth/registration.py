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

from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8, AnyArray, Bool
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.reprojection import JUMP_M, JUMP_SHARE, reproject

#: Lenses whose distortion is worked out, as CameraInfo names them, with OpenCV's coefficients.
LENSES = ('plumb_bob', 'rational_polynomial')
#: A rotation may be off by this.
_RIGID = 1e-3
#: Points of each border of the colour image that tell what the lens takes in.
_BORDER = 65


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
    rectified: bool | None = None,
) -> Registered:
    """
    Return colour as the depth camera would see it.

    Every pixel of the output is taken to its place in the colour image by its depth. It is seen
    if it falls into that image and no measured surface lies before it there (z-buffer). What
    depth does not know, colour is not given to; and what depth did not measure hides nothing.
    Where colour has more than two pixels for one of the output it is smoothed before it is
    sampled; two and fewer are averaged by sampling itself, between pixel centres.

    :param color: (h, w, 3) RGB
    :param color_camera: that took it
    :param depth: (h', w') [m], NaN = unknown, of low or of high resolution
    :param camera: of ``depth``
    :param to_color: (4, 4) rigid, takes points of the depth camera to the colour camera, both
        with optical axes [m]
    :param output: camera of the grid to fill, of the same place and direction as ``camera``:
        such as ``camera.scaled(scale, alignment)``; by default the grid of ``depth``
    :param rectified: whether the distortion of the lens was taken out of ``color`` already
        (``image_rect``); None where nobody tells: then a lens with distortion is refused
    :raises RegistrationError: when an image is not of its camera, a camera is uncalibrated, the
        transform not rigid, or the lens one that cannot be worked out
    """
    color_camera, camera = color_camera.reduced(), camera.reduced()
    grid = camera if output is None else output.reduced()
    _check(color, color_camera, depth, camera, to_color)
    lens = Lens.of(color_camera, rectified)
    fine = depth if grid == camera else reproject(depth, camera, grid, np.eye(4))
    rows, columns = np.nonzero(np.isfinite(fine))
    z = fine[rows, columns].astype(np.float64)
    points = grid.back_project_pixels(np.stack([columns, rows], axis=1), z)
    points = points @ to_color[:3, :3].T + to_color[:3, 3]
    inside, pixels = lens.project(points)
    rows, columns, points, pixels = rows[inside], columns[inside], points[inside], pixels[inside]
    free = ~_hidden(points, depth, camera, grid, to_color)
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


class Lens:
    """Where the colour camera draws points."""

    def __init__(self, camera: CameraModel, bent: tuple[float, ...]) -> None:
        self._camera = camera
        self._bent = np.array(bent)
        self._k = np.reshape(camera.k, (3, 3)).astype(np.float64)

    @classmethod
    def of(cls, camera: CameraModel, rectified: bool | None) -> Lens:
        """Return the lens of a camera; raise ``RegistrationError`` where it is not understood."""
        bent = camera.d if any(abs(value) > 1e-9 for value in camera.d) else ()
        if not bent or rectified:
            return cls(camera, ())
        told = f'{camera.distortion_model or "of no model"} {[round(d, 4) for d in bent]}'
        if rectified is None:
            raise RegistrationError(
                f'the colour camera has lens distortion ({told}), and nobody says whether it is '
                'still in the image: take the rectified image (image_rect of image_proc) and say '
                'so'
            )
        if camera.distortion_model not in LENSES:
            raise RegistrationError(
                f'lens distortion of the colour camera ({told}) cannot be worked out, only '
                f'{" and ".join(LENSES)}: take the rectified image (image_rect of image_proc)'
            )
        if not camera.calibrated:
            raise RegistrationError(
                'the colour camera has lens distortion but K is all 0: calibrate it, or take the '
                'rectified image (image_rect of image_proc)'
            )
        return cls(camera, bent)

    def project(self, points: F64) -> tuple[Bool, F64]:
        """Return which points (N, 3) [m] are in the image, (N,), and the pixels of all, (N, 2)."""
        before = points[:, 2] > 0
        pixels = np.full((len(points), 2), -1e6)
        if self.bends:
            # Far outside of the image the polynomials turn back into it.
            rays = np.full((len(points), 2), np.inf)
            rays[before] = points[before, :2] / points[before, 2:]
            low, high = self.field()
            before &= ((rays >= low) & (rays <= high)).all(axis=1)
            if before.any():
                pixels[before] = self.draw(points[before])
        else:
            pixels[before] = self._camera.project(points[before])
        size = np.array([self._camera.width, self._camera.height])
        inside = before & ((pixels >= -0.5) & (pixels <= size - 0.5)).all(axis=1)
        return np.asarray(inside), pixels

    @property
    def bends(self) -> bool:
        """Whether there is a distortion to work out."""
        return bool(self._bent.size)

    @property
    def projection(self) -> F64:
        """The 3x4 projection of the same camera without distortion."""
        if self.bends:
            return np.hstack([self._k, np.zeros((3, 1))])
        return self._camera.projection()

    def draw(self, points: F64) -> F64:
        """Return where points (N, 3) [m] are drawn that are within ``field``, (N, 2) [px]."""
        none = np.zeros(3)
        found, _ = cv2.projectPoints(points, none, none, self._k, self._bent)
        return np.asarray(found.reshape(-1, 2))

    def field(self) -> tuple[F64, F64]:
        """Return the least and the greatest x / z and y / z that fall into the image."""
        right, down = self._camera.width - 0.5, self._camera.height - 0.5
        along = np.linspace(0, 1, _BORDER)
        u, v = along * (right + 0.5) - 0.5, along * (down + 0.5) - 0.5
        low = np.full(_BORDER, -0.5)
        border = np.concatenate([
            np.stack(side, axis=1)
            for side in ((u, low), (u, low + down + 0.5), (low, v), (low + right + 0.5, v))
        ])  # fmt: skip
        rays = cv2.undistortPoints(border[:, None], self._k, self._bent).reshape(-1, 2)
        return rays.min(axis=0), rays.max(axis=0)


def _hidden(
    points: F64, depth: F32, camera: CameraModel, grid: CameraModel, to_color: F64
) -> AnyArray:
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
    nearest = reproject(depth, camera, buffer, to_color)[rows, columns]
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
