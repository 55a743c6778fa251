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
By how much colour lies beside depth, in pixels of depth, and where to look at it.

How it is measured: ``cdst_ros.depth.misregistration``.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8, AnyArray
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.misregistration import MisregistrationMeter, depth_edges
from cdst_ros.depth.registration import RegistrationError
from cdst_ros.evaluation.characterise.figure import Figure, Section, untold
from cdst_ros.evaluation.characterise.pinhole import Pinhole

#: Colour is looked at with so many pixels for one of depth, each way.
FINE = 2
#: Shifts that are tried each way [px of depth].
_SHIFT = 8


class ColorPlace:
    """Gathers how colour edges lie about depth edges."""

    def __init__(self) -> None:
        self._meter = MisregistrationMeter(FINE, per_px=FINE, reach=_SHIFT)
        self._refusal = ''

    def add(self, depth: F32, color: U8, pinhole: Pinhole, color_pinhole: Pinhole) -> None:
        """
        Look at an image and its colour, taken from the same place.

        :param depth: (H, W) [m], NaN = unknown
        :param color: (h, w, 3) RGB of any size
        """
        camera, color_camera = camera_of(pinhole, depth), camera_of(color_pinhole, color)
        self._meter.add(color, color_camera, depth, camera, np.eye(4))

    def add_beside(
        self, depth: F32, color: U8, camera: CameraModel, color_camera: CameraModel, to_color: F64
    ) -> None:
        """
        Look at an image and its colour, taken from another place or through another lens.

        :param depth: (H, W) [m], NaN = unknown
        :param color: (h, w, 3) RGB of any size
        :param to_color: (4, 4), takes points of the depth camera to the colour camera
        """
        try:
            self._meter.add(color, color_camera, depth, camera, to_color)
        except RegistrationError as error:
            self.refuse(str(error))

    def refuse(self, why: str) -> None:
        """Note why colour cannot be compared."""
        self._refusal = self._refusal or why

    def section(self) -> Section:
        """Return what is told."""
        names = (
            ('right', 'colour lies to the right of depth by', 'px'),
            ('down', 'colour lies below depth by', 'px'),
            ('out', 'depth edges lie outside of things by', 'px'),
        )
        title = 'Registration of colour'
        found = self._meter.measured()
        why = found.why if found.parts else self._refusal or found.why
        figures = []
        values = (found.right, found.down, found.out)
        for (name, label, unit), value, low, high in zip(
            names, values, found.low, found.high, strict=True
        ):
            if why:
                figures.append(untold(name, label, why, unit, found.edges, 'edge pixels'))
            else:
                figures.append(
                    Figure(name, label, value, unit, found.edges, 'edge pixels', low, high)
                )
        if not math.isnan(found.right):
            label = 'the peak stands out by'
            figures.append(
                Figure(
                    'prominence',
                    label,
                    found.prominence,
                    'deviations',
                    found.parts,
                    'parts of images',
                )
            )
        return Section('registration', title, tuple(figures))


def edges_over_color(depth: F32, color: U8, pinhole: Pinhole, color_pinhole: Pinhole) -> U8:
    """Return colour, grey, on the grid of depth with the depth edges in red, (h, w, 3) BGR."""
    gray = _on_depth_grid(color, depth.shape, pinhole, color_pinhole)
    out = cv2.cvtColor(np.clip(0.8 * gray + 40, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    left, right, up, down = depth_edges(depth)[0]
    for dv, du, edge in ((0, 1, left | right), (1, 0, up | down)):
        v, u = np.nonzero(edge)
        for step in range(FINE):
            rows = FINE * (v + dv) - dv + (step if du else 0)
            columns = FINE * (u + du) - du + (step if dv else 0)
            out[rows, columns] = (40, 40, 230)
    return np.asarray(out)


def _on_depth_grid(
    color: U8, shape: tuple[int, ...], pinhole: Pinhole, color_pinhole: Pinhole
) -> F32:
    """Return colour as grey on the grid of depth, ``FINE`` times finer, (FINE H, FINE W)."""
    height, width = FINE * shape[0], FINE * shape[1]
    gray = cv2.cvtColor(color, cv2.COLOR_RGB2GRAY).astype(np.float32)
    # where the middle of each fine pixel lies in the colour image
    right = color_pinhole.fx / pinhole.fx / FINE
    down = color_pinhole.fy / pinhole.fy / FINE
    start_u = color_pinhole.cx + ((0.5 / FINE - 0.5) - pinhole.cx) * FINE * right
    start_v = color_pinhole.cy + ((0.5 / FINE - 0.5) - pinhole.cy) * FINE * down
    blur = 0.5 * max(right, down)
    if blur > 0.6:
        gray = cv2.GaussianBlur(gray, (0, 0), blur)
    matrix = np.array([[right, 0, start_u], [0, down, start_v]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(gray, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    )


def camera_of(pinhole: Pinhole, image: AnyArray) -> CameraModel:
    """Return the camera of an image (H, W) with these intrinsics."""
    height, width = image.shape[:2]
    return CameraModel.from_intrinsics(
        pinhole.fx, pinhole.fy, pinhole.cx, pinhole.cy, width, height
    )
