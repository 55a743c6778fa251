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
"""Colour of recorded frames for models that look at it: on the output's grid, black = unknown."""

from __future__ import annotations

import numpy as np

from cdst_ros.depth.arrays import F64, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.color_warp import ColorWarp
from cdst_ros.depth.registration import RegistrationError
from cdst_ros.evaluation.references import color_of
from cdst_ros.evaluation.sources import SourceFrame
from cdst_ros.superres.engine import EngineInfo


class Guide:
    """
    Brings colour onto the grid of an engine's output; what depends on cameras alone is kept.

    :param engine: whose output it is for
    """

    def __init__(self, engine: EngineInfo) -> None:
        self._scale, self._alignment = engine.scale, engine.alignment
        self._cameras: tuple[CameraModel, CameraModel, bytes] | None = None
        self._warp: ColorWarp | None = None

    def __call__(self, frame: SourceFrame) -> U8:
        """
        Return colour (sH, sW, 3), 0 in all channels where nobody knows it; until the next call.

        Colour of the depth image's own view is taken as it is; colour of another camera is warped
        by depth.

        :raises RegistrationError: when there is none, or nobody knows where it lies
        """
        if frame.color is None:
            raise RegistrationError('no colour')
        camera, scale = frame.camera, self._scale
        grid = None if camera is None else camera.scaled(scale, self._alignment)
        height, width = frame.depth.shape
        found = color_of(frame, grid, (scale * height, scale * width))
        if found is not None:
            return np.maximum(found, 1)
        if camera is None or frame.color_camera is None:
            raise RegistrationError(
                'colour does not lie on depth, and a camera_info is missing: record those of both'
            )
        if frame.to_color is None:
            raise RegistrationError(
                'colour is of another camera than depth, and nobody knows where that is: record '
                '/tf_static'
            )
        return self._warping(camera, frame.color_camera, frame.to_color)(frame.color, frame.depth)

    def _warping(self, camera: CameraModel, color_camera: CameraModel, to_color: F64) -> ColorWarp:
        cameras = camera, color_camera, to_color.tobytes()
        if self._warp is None or cameras != self._cameras:
            self._warp = ColorWarp(
                camera, color_camera, to_color, scale=self._scale, alignment=self._alignment
            )
            self._cameras = cameras
        return self._warp
