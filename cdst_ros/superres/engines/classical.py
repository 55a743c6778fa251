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
"""Interpolation that knows holes: the methods that every model has to beat."""

from __future__ import annotations

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8, AnyArray, Bool
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.superres.engine import EngineError, EngineInfo, Inference
from cdst_ros.superres.fill import where
from cdst_ros.superres.holes import valid_contour
from cdst_ros.superres.scratch import Scratch

# With less weight of valid samples (negative lobes counted) the nearest one is taken. Where the
# contour rule holds, bilinear has at least 0.5 and bicubic 0.26: only nearest, 0 or 1, needs it.
_LEAST_WEIGHT = 0.25


class InterpolationEngine:
    """
    Nearest, bilinear or bicubic enlargement on the half-pixel grid, normalised by the mask.

    With no holes it is ``cv2.resize`` to the bit. With holes the depth times the mask and the mask
    are both filtered, and their quotient is the depth (normalised convolution, Knutsson and
    Westin, CVPR 1993): what lies under a hole never matters.
    """

    def __init__(self, name: str, scale: int) -> None:
        """
        Take the method's name and the scale.

        :param name: ``nearest``, ``bilinear`` or ``bicubic``
        """
        self._flag = _FLAGS[name]
        self._info = classical_info(name, scale)
        self._scratch = Scratch()

    @property
    def info(self) -> EngineInfo:
        """What this engine is."""
        return self._info

    def infer(self, depth: F32, valid: Bool, rgb: U8 | None = None) -> Inference:
        """Enlarge one frame; colour is not looked at."""
        if valid.all():
            depth_hr = self._enlarge('depth', depth)
            full = self._scratch.array('valid', depth_hr.shape, np.bool_)
            full.fill(True)
            return Inference(depth_hr, None, full)
        measured = where(valid, depth, 0.0)
        valid_hr = classical_contour(measured, valid, self._info.scale, self._scratch)
        return Inference(self._normalised(measured, valid, valid_hr), None, valid_hr)

    def _normalised(self, measured: F32, valid: Bool, valid_hr: Bool) -> F32:
        weight = self._enlarge('weight', valid.astype(np.float32))
        rows, columns = np.nonzero((weight < _LEAST_WEIGHT) & valid_hr)
        np.maximum(weight, np.float32(_LEAST_WEIGHT), out=weight)
        depth_hr = self._enlarge('depth', measured)
        cv2.divide(depth_hr, weight, dst=depth_hr)
        if len(rows):
            nearest = nearest_valid(measured, valid, rows, columns, self._info.scale)
            depth_hr[rows, columns] = nearest
        return depth_hr

    def _enlarge(self, name: str, image: F32) -> F32:
        """Return (H, W) enlarged, in the array of that name."""
        height, width = (side * self._info.scale for side in image.shape)
        out: F32 = self._scratch.array(name, (height, width))
        cv2.resize(image, (width, height), dst=out, interpolation=self._flag)
        return out

    def close(self) -> None:
        """Nothing is held."""


def classical_info(name: str, scale: int) -> EngineInfo:
    """
    Return what a classical engine says of itself.

    :raises EngineError: for a scale that is no whole number of at least 1
    """
    if scale < 1 or scale != int(scale):
        raise EngineError(f'{name} enlarges by a whole number of at least 1, not by {scale}')
    return EngineInfo(
        engine=name,
        model=name,
        scale=int(scale),
        alignment=GridAlignment.HALF_PIXEL,
        precision='f32',
        device='CPU',
        guided=name == 'joint_bilateral',
        noise=NoiseModel(),
    )


def classical_contour(depth: F32, valid: Bool, scale: int, scratch: Scratch) -> Bool:
    """Return where the output of a classical method is valid, (sH, sW), in ``scratch``."""
    return valid_contour(
        depth,
        valid,
        scale,
        alignment=GridAlignment.HALF_PIXEL,
        noise=NoiseModel(),
        scratch=scratch,
    )


def nearest_valid(depth: F32, valid: Bool, rows: AnyArray, columns: AnyArray, scale: int) -> F32:
    """
    Return the nearest valid sample of some output pixels.

    :param rows: (N,) output rows on the half-pixel grid
    :param columns: (N,)
    :return: (N,) depth [m] of the nearest valid sample in the 3x3 neighbourhood, 0 for none
    """
    padded_depth = np.pad(depth, 1)
    padded_valid = np.pad(valid, 1)
    best = np.full(len(rows), np.inf, np.float32)
    values = np.zeros(len(rows), np.float32)
    sub_pixels = GridAlignment.HALF_PIXEL.sub_pixels(scale)
    y, x = sub_pixels[rows % scale], sub_pixels[columns % scale]
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            at = rows // scale + 1 + dy, columns // scale + 1 + dx
            distance = np.hypot(dy - y, dx - x)
            nearer = padded_valid[at] & (distance < best)
            best[nearer] = distance[nearer]
            values[nearer] = padded_depth[at][nearer]
    return values


_FLAGS: dict[str, int] = {
    'nearest': cv2.INTER_NEAREST,
    'bilinear': cv2.INTER_LINEAR,
    'bicubic': cv2.INTER_CUBIC,
}
