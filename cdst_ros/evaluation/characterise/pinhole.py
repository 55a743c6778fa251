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
"""The little that measuring needs of a camera, guessed where nobody tells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F64
from cdst_ros.depth.camera import CameraModel

#: Focal length in widths of the image of a camera that is not known; 62 degrees across.
_GUESS = 0.83


class Pinhole(NamedTuple):
    """
    Intrinsics of an image [px].

    :param known: whether they were told, not guessed
    """

    fx: float
    fy: float
    cx: float
    cy: float
    known: bool

    @classmethod
    def of(cls, camera: CameraModel | None, shape: tuple[int, ...]) -> Pinhole:
        """Return the intrinsics of ``camera``, or a guess for an image (H, W)."""
        height, width = shape[:2]
        if camera is not None and camera.matches(width, height):
            try:
                return cls(*camera.intrinsics(), known=True)
            except ValueError:
                pass
        focal = _GUESS * width
        return cls(focal, focal, (width - 1) / 2, (height - 1) / 2, known=False)

    def thinned(self, factor: int) -> Pinhole:
        """Return the intrinsics when only each ``factor``-th pixel is kept, the middle ones."""
        first = factor // 2
        return Pinhole(
            self.fx / factor,
            self.fy / factor,
            (self.cx - first) / factor,
            (self.cy - first) / factor,
            self.known,
        )

    def rays(self, shape: tuple[int, ...]) -> tuple[F64, F64]:
        """Return x/z, (1, W), and y/z, (H, 1), of the pixels."""
        height, width = shape[:2]
        u, v = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)
        return np.asarray((u[None] - self.cx) / self.fx), np.asarray(
            (v[:, None] - self.cy) / self.fy
        )
