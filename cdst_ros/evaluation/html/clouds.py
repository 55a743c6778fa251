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
Depth images as clouds of points, seen from beside the camera.

From its own camera a depth image looks right whatever its depths are; seen from the side, a pixel
between two surfaces hangs in the air.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.colours import ColourScale

PAPER = (255, 255, 255)
#: Share of a colour that a surface keeps that is seen edge-on.
_AMBIENT = 0.45
#: Share of the view that nearly all points fill.
_FILLED = 0.94
#: A splat is at most so wide [px]: what is closer to the eye is seen through.
_WIDEST_SPLAT = 12
_LIGHT = np.array([0.35, -0.55, -0.76])


@dataclass(frozen=True)
class Viewpoint:
    """
    An eye that has gone round a point of the scene, in the optical frame of the camera.

    :param target: the point [m]
    :param yaw: by which the eye has gone round the target, to the right of the camera [rad]
    :param pitch: by which it has gone up [rad]
    :param distance: of the eye from the target [m]
    :param focal: of the view, in widths of it
    :param middle: right and down over ahead, of what is in the middle of the view
    """

    target: tuple[float, float, float]
    yaw: float
    pitch: float
    distance: float
    focal: float = 1.0
    middle: tuple[float, float] = (0.0, 0.0)

    def rotation(self) -> F64:
        """Return the rotation (3, 3) that takes directions of the camera to those of the eye."""
        yaw, pitch = self.yaw, self.pitch
        about_y = np.array(
            [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]]
        )
        about_x = np.array(
            [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
        )
        return np.asarray(about_x @ about_y, np.float64)

    def seen(self, points: F64) -> F64:
        """Return points (N, 3) of the camera as those of the eye: right, down, ahead [m]."""
        moved = (points - np.array(self.target)) @ self.rotation().T
        moved[:, 2] += self.distance
        return np.asarray(moved, np.float64)


def viewpoint_of(
    depth: F32,
    camera: CameraModel,
    *,
    window: tuple[slice, slice] | None = None,
    yaw_degrees: float = 28.0,
    pitch_degrees: float = 18.0,
) -> Viewpoint:
    """
    Return an oblique viewpoint from which the whole of a depth image, or of a window, is seen.

    It is to the right or the left of the camera, where surfaces are seen less from their edges.

    :param depth: (H, W) [m], with some known pixels
    :param camera: of the image
    :param window: rows and columns to look at; None: all
    :raises ValueError: when nothing is known there, or the camera is uncalibrated
    """
    surface = camera.back_project(depth)[window or (slice(None), slice(None))].astype(np.float64)
    points = surface.reshape(-1, 3)
    points = points[np.isfinite(points[:, 2])]
    if not len(points):
        raise ValueError('there is no known depth to look at')
    # The few farthest points are not worth half of the view.
    near, far = np.percentile(points[:, 2], (2, 92))
    points = points[(points[:, 2] >= near) & (points[:, 2] <= far)]
    low, high = np.percentile(points, (2, 98), axis=0)
    target = (low + high) / 2
    distance = max(float(target[2]), 0.05)
    around = (float(target[0]), float(target[1]), float(target[2]))
    pitch = float(np.radians(pitch_degrees))
    sides = [
        Viewpoint(around, float(np.radians(yaw)), pitch, distance)
        for yaw in (yaw_degrees, -yaw_degrees)
    ]
    normals = _normals(surface)
    eye = max(sides, key=lambda side: float(np.nansum(np.abs(normals @ side.rotation()[2]))))
    seen = eye.seen(points)
    ahead = np.maximum(seen[:, 2:], 0.05 * distance)
    first, last = np.percentile(seen[:, :2] / ahead, (2, 98), axis=0)
    across, down = np.maximum(last - first, 1e-3)
    # The view is 4:3, as ``cloud_view`` draws it.
    focal = _FILLED / max(float(across), float(down) * 4 / 3)
    middle = (float(first[0] + last[0]) / 2, float(first[1] + last[1]) / 2)
    return replace(eye, focal=focal, middle=middle)


@dataclass(frozen=True, eq=False)
class Cloud:
    """
    The points of a depth image.

    :param points: (N, 3) [m], in the optical frame of the camera
    :param colours: (N, 3) BGR, shaded, for that tells roughness
    :param sides: of what a pixel covers there, (N,) [m]
    """

    points: F64
    colours: U8
    sides: F64

    @classmethod
    def of(cls, depth: F32, camera: CameraModel, scale: ColourScale) -> Cloud:
        """
        Return the cloud of an image.

        :param depth: (H, W) [m], NaN = unknown
        :param camera: of the image
        :param scale: of the colours of depth
        :raises ValueError: when the image has another size than the camera's, or that is
            uncalibrated
        """
        points, known = camera.back_project(depth).astype(np.float64), np.isfinite(depth)
        shaded = scale.paint(depth)[known] * _shade(points)[known][:, None]
        sides = (depth[known] / camera.intrinsics()[0]).astype(np.float64)
        return cls(points[known], np.round(shaded).astype(np.uint8), sides)

    def view(self, viewpoint: Viewpoint, size: tuple[int, int] = (480, 360)) -> U8:
        """
        Draw the cloud as the eye at a viewpoint sees it.

        Each point is a square as large as its pixel looks from there, the nearest in front.

        :param size: width and height of the view [px]
        :return: (height, width, 3) BGR
        """
        seen = viewpoint.seen(self.points)
        focal = viewpoint.focal * size[0]
        away = np.maximum(seen[:, 2], 0.02 * viewpoint.distance)
        middles = np.array(size) / 2 + focal * (seen[:, :2] / away[:, None] - viewpoint.middle)
        shown = (seen[:, 2] >= away) & (np.abs(middles - np.array(size) / 2) < size).all(axis=1)
        # Of squares in one place the last one stays: the nearest.
        order = np.flatnonzero(shown)
        order = order[np.argsort(-away[order], kind='stable')]
        away = away[order]
        sides = np.clip(np.ceil(1.15 * focal * self.sides[order] / away), 1, _WIDEST_SPLAT)
        return _Splats(middles[order], sides, away, self.colours[order]).view(size)


class _Splats(NamedTuple):
    """
    Squares, from far to near.

    :param middles: (N, 2) [px]
    :param sides: (N,) [px]
    :param away: how far from the eye (N,) [m]
    :param colours: (N, 3)
    """

    middles: F64
    sides: F64
    away: F64
    colours: U8

    def view(self, size: tuple[int, int]) -> U8:
        """Return the picture (height, width, 3) of them."""
        width, height = size
        view = np.full((height * width, 3), PAPER, np.uint8)
        nearest = np.full(height * width, np.inf)
        corners = np.floor(self.middles - (self.sides[:, None] - 1) / 2).astype(int)
        seen = (corners < size).all(axis=1) & (corners + self.sides[:, None] > 0).all(axis=1)
        squares = np.flatnonzero(seen)
        widest = int(self.sides[squares].max(initial=0))
        for down, right in sorted(np.ndindex(widest, widest), key=max):
            squares = squares[max(right, down) < self.sides[squares]]
            x, y = corners[squares, 0] + right, corners[squares, 1] + down
            inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            layer = np.full(height * width, -1)
            layer[y[inside] * width + x[inside]] = squares[inside]
            drawn = np.flatnonzero(layer >= 0)
            drawn = drawn[self.away[layer[drawn]] < nearest[drawn]]
            nearest[drawn] = self.away[layer[drawn]]
            view[drawn] = self.colours[layer[drawn]]
        return view.reshape(height, width, 3)


def _shade(points: F64) -> F64:
    """Return how bright the surface at each point (H, W, 3) is, (H, W), ``_AMBIENT`` to 1."""
    lit = np.abs(_normals(points) @ (_LIGHT / np.linalg.norm(_LIGHT)))
    lit = np.where(np.isfinite(lit), lit, 0.6)
    return np.asarray(_AMBIENT + (1 - _AMBIENT) * lit, np.float64)


def _normals(points: F64) -> F64:
    """Return the unit normals (H, W, 3) of the surface through points, NaN where unknown."""
    if min(points.shape[:2]) < 2:
        return np.broadcast_to(np.array([0.0, 0.0, 1.0]), points.shape)
    normal = np.cross(np.gradient(points, axis=1), np.gradient(points, axis=0))
    with np.errstate(divide='ignore', invalid='ignore'):
        return np.asarray(normal / np.linalg.norm(normal, axis=-1, keepdims=True), np.float64)
