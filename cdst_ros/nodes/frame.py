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
"""One frame on its way through the node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from cdst_ros.depth.arrays import F64


class Color(NamedTuple):
    """
    Colour that was paired with a depth image.

    :param image: sensor_msgs/Image
    :param info: its CameraInfo
    :param to_color: (4, 4), takes points of the depth camera to the colour camera
    :param topic: its source
    """

    image: Any
    info: Any
    to_color: F64
    topic: str


class NoColor(NamedTuple):
    """
    Why there is no colour to be had for a depth image.

    :param kind: one or two words, as the diagnostics count it
    :param explain: returns what, where, what to do
    """

    kind: str
    explain: Callable[[], str]


class Frame(NamedTuple):
    """
    One depth message with what belongs to it.

    ``depth`` sensor_msgs/Image or CompressedImage; ``camera_info`` where it was paired;
    ``find_color`` returns its colour, or why there is none, None where nobody asked for it;
    ``arrived`` the steady time of its arrival [s]; ``topic`` its source.
    """

    depth: Any
    camera_info: Any | None
    find_color: Callable[[], Color | NoColor] | None
    arrived: float
    topic: str


class FrameRefusedError(ValueError):
    """
    A frame that cannot be enlarged.

    :param reason: one or two words, as the diagnostics count it
    :param text: what, where, what to do
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
