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
"""What the lens of a camera does to its images: where points are drawn, and where pixels look."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, Bool
from cdst_ros.depth.camera import CameraModel

#: Lenses whose distortion is worked out, as CameraInfo names them, and how many coefficients
#: OpenCV takes of each.
LENSES = {
    'plumb_bob': (4, 5, 8, 12, 14),
    'rational_polynomial': (4, 5, 8, 12, 14),
    'equidistant': (4,),
}
_FISHEYE = 'equidistant'
#: Points of each border of an image that tell what the lens takes in.
_BORDER = 65
#: What an equidistant lens shows farther aside, x / z or y / z, is left out: 72 degrees.
_WIDEST = 3.0
#: Steps from the middle of an image to where a pixel looks.
_STEPS = 20
#: A step may go so far: no polynomial turns back and forth again within that.
_FARTHEST = 0.5
#: Difference that tells a derivative.
_DELTA = 1e-5
#: A ray is none of a pixel that it is drawn so far beside [px].
_APART = 0.1
#: Coefficients that differ by less are the same.
_ALIKE = 1e-6
#: Between pixels so far apart directions are interpolated [px]; a power of 2 up to 32, which
#: OpenCV interpolates at exactly.
_COARSE = 4
#: Pixels of the grid may lie so far outside of the image [px].
_AROUND = 1
#: To look up points they are laid in rows of so many, like an image.
_LINE = 1024


class LensError(ValueError):
    """A lens that cannot be worked out; the message says what to do."""


class Lens:
    """Where a camera draws points, and where its pixels look."""

    def __init__(self, camera: CameraModel, bent: tuple[float, ...] = ()) -> None:
        """
        Take a lens as it is told.

        :param camera: of the delivered image
        :param bent: coefficients of its distortion; of a straight lens none
        """
        self.camera = _as_delivered(camera)
        self._bent = np.array(bent)
        self._k = np.reshape(camera.k, (3, 3)).astype(np.float64)
        self._fisheye = camera.distortion_model == _FISHEYE

    @staticmethod
    @lru_cache(maxsize=16)
    def of(camera: CameraModel, name: str) -> Lens:
        """
        Return the lens of a camera, straight where its distortion is 0; kept for the next image.

        :param camera: of the delivered image
        :param name: of its images, for people
        :raises LensError: when its distortion is not understood
        """
        if not camera.bends:
            return Lens(camera)
        model, used = camera.distortion_model, np.trim_zeros(np.array(camera.d), 'b')
        sizes = [size for size in LENSES.get(model, ()) if size >= used.size]
        told = f'{model or "of no model"} {[round(value, 4) for value in camera.d]}'
        remedy = f'take the rectified image of {name} (image_rect of image_proc)'
        if not sizes:
            *some, last = LENSES
            raise LensError(
                f'lens distortion of the {name} camera ({told}) cannot be worked out, only '
                f'{", ".join(some)} and {last} can: {remedy}'
            )
        if not camera.calibrated:
            raise LensError(
                f'the {name} camera has lens distortion ({told}) but K is all 0: calibrate it, or '
                f'{remedy}'
            )
        lens = Lens(camera, (*used, *[0.0] * (sizes[0] - used.size)))
        lens.field  # noqa: B018 (or it is refused)
        return lens

    def project(self, points: F64) -> tuple[Bool, F64]:
        """Return which points (N, 3) [m] are in the image, (N,), and the pixels of all, (N, 2)."""
        before = points[:, 2] > 0
        pixels = np.full((len(points), 2), -1e6)
        if self.bends:
            # Far outside of the image the polynomials turn back into it.
            rays = np.full((len(points), 2), np.inf)
            rays[before] = points[before, :2] / points[before, 2:]
            low, high = self.field
            before &= ((rays >= low) & (rays <= high)).all(axis=1)
            if before.any():
                pixels[before] = self.draw(points[before])
        else:
            pixels[before] = self.camera.project(points[before])
        size = np.array([self.camera.width, self.camera.height])
        inside = before & ((pixels >= -0.5) & (pixels <= size - 0.5)).all(axis=1)
        return np.asarray(inside), pixels

    def back_project(self, pixels: F64, z: F64, grid: CameraModel | None = None) -> F64:
        """
        Return the points (N, 3) [m] seen at ``pixels`` (N, 2) with depths ``z`` (N,) [m].

        :param grid: of which they are pixels: the image of the lens, made larger or smaller; by
            default that image itself
        """
        grid = grid or self.camera
        if not self.bends:
            return _as_delivered(grid).back_project_pixels(pixels, z)
        k, own = np.array(grid.k), self._k
        focal, center = k[[0, 4]], k[[2, 5]]
        at = (pixels - center) / focal * own[[0, 1], [0, 1]] + own[[0, 1], [2, 2]] + _AROUND
        # OpenCV takes images of points, of a side up to 2^15.
        lines = -(-len(at) // _LINE)
        laid = np.zeros((lines * _LINE, 2), np.float32)
        laid[: len(at)] = at
        if not lines:
            return np.zeros((0, 3))
        found = cv2.remap(
            self._directions, laid.reshape(lines, _LINE, 2), None, cv2.INTER_LINEAR
        ).reshape(-1, 2)
        return np.column_stack([found[: len(at)], np.ones(len(at))]) * z[:, None]

    @cached_property
    def _directions(self) -> F32:
        """What ``rays`` gives for each pixel, and ``_AROUND`` pixels on every side, (h, w, 2)."""
        height, width = self.camera.height + 2 * _AROUND, self.camera.width + 2 * _AROUND
        rows, columns = -(-height // _COARSE) + 1, -(-width // _COARSE) + 1
        v, u = np.mgrid[:rows, :columns] * float(_COARSE) - _AROUND
        rays = self.rays(np.stack([u, v], axis=-1).reshape(-1, 2))
        coarse = np.asarray(rays.reshape(rows, columns, 2), np.float32)
        at = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1) / _COARSE
        return np.asarray(cv2.remap(coarse, at.astype(np.float32), None, cv2.INTER_LINEAR))

    @property
    def bends(self) -> bool:
        """Whether there is a distortion to work out."""
        return bool(self._bent.size)

    @property
    def projection(self) -> F64:
        """The 3x4 projection of the same camera without distortion."""
        if self.bends:
            return np.hstack([self._k, np.zeros((3, 1))])
        return self.camera.projection()

    def draw(self, points: F64) -> F64:
        """Return where a lens that bends draws points (N, 3) [m] before it, (N, 2) [px]."""
        project = cv2.fisheye.projectPoints if self._fisheye else cv2.projectPoints
        none = np.zeros(3)
        given = (none, none, self._k, self._bent)
        found, _ = project(np.ascontiguousarray(points)[:, None], *given)
        return np.asarray(found.reshape(-1, 2))

    def rays(self, pixels: F64) -> F64:
        """
        Return x / z and y / z of what a lens that bends draws at ``pixels`` (N, 2), (N, 2).

        They are NaN where it draws nothing, or what is not before it.
        """
        if not len(pixels):
            return np.zeros((0, 2))
        found = self._inverted if not self._fisheye else self._inverted_fisheye
        with np.errstate(all='ignore'):
            rays = found(np.asarray(pixels, np.float64))
            rays[~(np.abs(pixels - self._drawn(rays)) < _APART).all(axis=1)] = np.nan
        return rays

    def _inverted_fisheye(self, pixels: F64) -> F64:
        found = cv2.fisheye.undistortPoints(pixels[:, None], self._k, self._bent)
        return np.array(found.reshape(-1, 2))

    def _inverted(self, pixels: F64) -> F64:
        """
        Return what draws ``pixels``, by Newton's method, from the middle of the image outwards.

        So what is found is before the polynomials turn back. OpenCV's own inverse is up to 20 px
        beside for wide lenses.
        """
        center = self._k[[0, 1], [2, 2]]
        rays = np.zeros_like(pixels)
        for step in range(_STEPS):
            share = min(2 * (step + 1) / _STEPS, 1.0)
            drawn = self._drawn(rays)
            (xx, xy), (yx, yy) = (
                ((self._drawn(rays + delta) - drawn) / _DELTA).T for delta in _DELTA * np.eye(2)
            )
            right, down = (center + share * (pixels - center) - drawn).T
            turned = xx * yy - yx * xy
            to = np.stack([yy * right - yx * down, xx * down - xy * right], axis=1)
            rays += np.clip(to / turned[:, None], -_FARTHEST, _FARTHEST)
            # Where the polynomials turn back, or over.
            rays[(turned <= 0) | (xx + yy <= 0)] = np.nan
        return rays

    def _drawn(self, rays: F64) -> F64:
        return self.draw(np.column_stack([rays, np.ones(len(rays))]))

    @cached_property
    def field(self) -> tuple[F64, F64]:
        """The least and the greatest x / z and y / z that fall into the image of a bent lens."""
        right, down = self.camera.width - 0.5, self.camera.height - 0.5
        along = np.linspace(0, 1, _BORDER)
        u, v = along * (right + 0.5) - 0.5, along * (down + 0.5) - 0.5
        low = np.full(_BORDER, -0.5)
        border = np.concatenate([
            np.stack(side, axis=1)
            for side in ((u, low), (u, low + down + 0.5), (low, v), (low + right + 0.5, v))
        ])  # fmt: skip
        rays = self.rays(border)
        seen = rays[np.isfinite(rays).all(axis=1)]
        if self._fisheye and len(seen) < len(rays):  # it sees behind itself
            seen = np.array([[-_WIDEST, -_WIDEST], [_WIDEST, _WIDEST]])
        if not len(seen):
            raise LensError(
                f'lens distortion {[round(value, 4) for value in self._bent]} leaves nothing of '
                'the image: look at D and K of its camera_info'
            )
        limit = _WIDEST if self._fisheye else np.inf
        return np.maximum(seen.min(axis=0), -limit), np.minimum(seen.max(axis=0), limit)


def _as_delivered(camera: CameraModel) -> CameraModel:
    """Return a camera by K where its image is distorted: P is that of the rectified image."""
    return replace(camera, p=(0.0,) * 12) if camera.bends else camera


def bends_alike(one: CameraModel, other: CameraModel) -> bool:
    """Return whether the lenses of two cameras distort alike; straight lenses do."""
    if not (one.bends or other.bends):
        return True
    ours, theirs = (np.trim_zeros(np.array(camera.d), 'b') for camera in (one, other))
    return (
        one.distortion_model == other.distortion_model
        and ours.size == theirs.size
        and bool(np.abs(ours - theirs).max() < _ALIKE)
    )
