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

"""Colour of recorded frames on a grid of depth, and whether it lies there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F64, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.misregistration import Misregistration, MisregistrationMeter
from cdst_ros.depth.registration import RegistrationError, register
from cdst_ros.evaluation.references import color_as_it_is
from cdst_ros.evaluation.sources import SourceFrame
from cdst_ros.evaluation.spread import spread

#: Frames of a recording that are looked at, at most.
_MOST = 100


class Beside(NamedTuple):
    """
    Colour of another camera than depth, and what takes points from the one to the other.

    :param color: (H', W', 3)
    :param camera: of depth
    """

    color: U8
    camera: CameraModel
    color_camera: CameraModel
    to_color: F64


def seen_color(frame: SourceFrame, scale: int) -> U8:
    """
    Return colour on the grid of depth, made ``scale`` times finer, (sH, sW, 3), 0 where unseen.

    Black that is seen is 1, so that colour tells where it is known. Colour of the depth image's
    own view is seen everywhere; that of another camera is warped by depth, and seen where depth
    is known and nothing hides it.

    :raises RegistrationError: when the frame has no colour, or nobody knows how it lies to depth
    """
    found = color_beside(frame, scale, GridAlignment.HALF_PIXEL)
    if not isinstance(found, Beside):
        return found
    camera, grid = found.camera, found.camera.scaled(scale, GridAlignment.HALF_PIXEL)
    warped = register(
        found.color, found.color_camera, frame.depth, camera, found.to_color, output=grid
    )
    return np.asarray(np.where(warped.seen[..., None], np.maximum(warped.rgb, 1), 0), np.uint8)


def color_beside(frame: SourceFrame, scale: int, alignment: GridAlignment) -> U8 | Beside:
    """
    Return colour of the depth image's own view on the grid, black as 1; else how it is brought.

    Colour of that view with another lens than depth is brought there as that of another camera.

    :raises RegistrationError: when the frame has no colour, or nobody knows how it lies to depth
    """
    if frame.color is None:
        raise RegistrationError('there is no colour')
    camera = frame.camera
    grid = None if camera is None else camera.scaled(scale, alignment)
    height, width = frame.depth.shape
    found = color_as_it_is(frame, grid, (scale * height, scale * width))
    if found is not None:
        return np.maximum(found, 1)
    if camera is None or frame.color_camera is None:
        raise RegistrationError(
            'colour does not lie on depth, and a camera_info is missing: record those of both'
        )
    to_color = np.eye(4) if frame.color_registered else frame.to_color
    if to_color is None:
        raise RegistrationError(
            'colour is of another camera than depth, and nobody knows where that is: record '
            '/tf_static'
        )
    return Beside(frame.color, camera, frame.color_camera, to_color)


class ColorMeter:
    """
    Measures over a recording how far its colour lies beside its depth.

    Whoever asks looks at the same frames, so that all find the same.

    :param scale: of the output that it is told in pixels of
    :param frames: of the recording; 0 where that is not known
    """

    def __init__(self, scale: int, frames: int) -> None:
        self._meter = MisregistrationMeter.of_scale(scale)
        self._chosen = frozenset(spread(frames, _MOST))

    def wants(self, number: int) -> bool:
        """Return whether a frame of this number, from 0, is one of those that are looked at."""
        return not self._chosen or number in self._chosen

    def add(self, number: int, frame: SourceFrame) -> None:
        """
        Look at a frame, if it is one of those that are.

        :raises RegistrationError: when it has no colour, or nobody knows how that lies to depth
        """
        if frame.color is None:
            raise RegistrationError('there is no colour')
        if not self.wants(number):
            return
        camera, color_camera, to_color = _cameras(frame)
        self._meter.add(frame.color, color_camera, frame.depth, camera, to_color)

    def measured(self) -> Misregistration:
        """Return what was found."""
        return self._meter.measured()


def _cameras(frame: SourceFrame) -> tuple[CameraModel, CameraModel, F64]:
    """Return both cameras and what leads from the one to the other; of one view any will do."""
    assert frame.color is not None
    ours, theirs = frame.camera, frame.color_camera
    known = ours is not None and theirs is not None and ours.calibrated and theirs.calibrated
    if known and frame.to_color is not None:
        assert ours is not None
        assert theirs is not None
        return ours, theirs, frame.to_color
    if not frame.color_registered:
        raise RegistrationError('nobody knows how colour lies to depth')
    return _pinhole(frame.depth.shape), _pinhole(frame.color.shape), np.eye(4)


def _pinhole(shape: tuple[int, ...]) -> CameraModel:
    """Return a camera of an image, the same view for every size of one shape."""
    height, width = shape[:2]
    return CameraModel.from_intrinsics(
        float(width), float(width), (width - 1) / 2, (height - 1) / 2, width, height
    )
