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
"""Where a picture shows something."""

from __future__ import annotations

from torch import Tensor


def seen_in(rgb: Tensor) -> Tensor:
    """
    Return where there is colour (N, 1, H, W), 0 or 1.

    Colour that was brought onto the grid of depth is exactly 0 in all channels where the camera
    does not see the surface, and all over a sample that has no picture.

    :param rgb: (N, 3, H, W), 0 to 1
    """
    return (rgb.amax(1, keepdim=True) > 0).to(rgb.dtype)
