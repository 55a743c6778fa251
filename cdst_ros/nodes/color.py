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
"""Colour for the frame at hand: read, found to be registered, and brought onto a grid."""

from __future__ import annotations

from typing import Any, NamedTuple

from cdst_ros.depth.arrays import F32, F64, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.color_warp import ColorWarp
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.registration import RegistrationError
from cdst_ros.nodes.frame import Color
from cdst_ros.recordings.color import ColorDecodeError, decode_color


class NoColorError(ValueError):
    """
    Colour that cannot be used.

    :param kind: one or two words, as the diagnostics count it
    :param text: what, where, what to do
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class ColorImage(NamedTuple):
    """
    A colour image that was read.

    :param pixels: (h, w, 3) RGB
    :param camera: that took it, without distortion where the topic is one of rectified images
    :param to_color: (4, 4), takes points of the depth camera to that
    :param topic: its source
    """

    pixels: U8
    camera: CameraModel
    to_color: F64
    topic: str


def read_color(color: Color) -> ColorImage:
    """
    Return the image of a colour message.

    :raises NoColorError: when it cannot be read
    """
    try:
        pixels = decode_color(color.image)
    except ColorDecodeError as error:
        raise NoColorError('not readable', f'{color.topic}: {error}') from error
    camera = CameraModel.from_message(color.info).on_topic(color.topic)
    return ColorImage(pixels, camera, color.to_color, color.topic)


class Registrar:
    """Brings colour onto a grid, and keeps what that takes while the cameras stay the same."""

    def __init__(self) -> None:
        self._key: Any = None
        self._warp: ColorWarp | None = None

    def register(
        self,
        color: ColorImage,
        depth: F32,
        camera: CameraModel,
        scale: int = 1,
        alignment: GridAlignment = GridAlignment.HALF_PIXEL,
    ) -> U8:
        """
        Return colour (sH, sW, 3) on the grid of depth enlarged; it lives until the next call.

        What the colour camera does not see is 0 in every channel, and nothing else is.

        :param depth: (H, W) [m], NaN = unknown
        :param camera: of ``depth``
        :raises NoColorError: when it cannot be brought there
        """
        key = camera, color.camera, color.to_color.tobytes(), scale, alignment
        try:
            if self._warp is None or key != self._key:
                self._warp = ColorWarp(
                    camera,
                    color.camera,
                    color.to_color,
                    scale=scale,
                    alignment=alignment,
                )
                self._key = key
            return self._warp(color.pixels, depth)
        except RegistrationError as error:
            raise NoColorError('not registered', f'{color.topic}: {error}') from error
