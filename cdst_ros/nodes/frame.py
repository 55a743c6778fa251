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
"""What travels from the subscriptions to the worker."""

from __future__ import annotations

from typing import Any, NamedTuple


class Frame(NamedTuple):
    """
    One depth message with what belongs to it.

    ``depth`` sensor_msgs/Image or CompressedImage; ``camera_info``, ``color`` and ``color_info``
    where they were paired; ``arrived`` the steady time of its arrival [s]; ``topic`` its source.
    """

    depth: Any
    camera_info: Any | None
    color: Any | None
    color_info: Any | None
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
