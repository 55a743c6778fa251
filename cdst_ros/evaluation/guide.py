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

from cdst_ros.depth.arrays import U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.color_warp import ColorWarp
from cdst_ros.evaluation.seen_color import Beside, color_beside
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
        found = color_beside(frame, self._scale, self._alignment)
        if not isinstance(found, Beside):
            return found
        return self._warping(found)(found.color, frame.depth)

    def _warping(self, beside: Beside) -> ColorWarp:
        cameras = beside.camera, beside.color_camera, beside.to_color.tobytes()
        if self._warp is None or cameras != self._cameras:
            self._warp = ColorWarp(
                beside.camera,
                beside.color_camera,
                beside.to_color,
                scale=self._scale,
                alignment=self._alignment,
            )
            self._cameras = cameras
        return self._warp
