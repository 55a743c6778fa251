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
"""A first frame for a new engine, before a real one depends on it."""

from __future__ import annotations

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.superres.engine import Engine, EngineError
from cdst_ros.superres.frame import Settings, SuperResolution

#: No method that works is further from bilinear on a plane than this share of the depth.
_LARGEST_ERROR = 0.25
#: Less than this share of the output known means that the engine lost the plane.
_LEAST_KNOWN = 0.5
#: Height and width [px] of a frame that shows enough.
LEAST_SIZE = (24, 32)


def rehearse(engine: Engine, height: int = LEAST_SIZE[0], width: int = LEAST_SIZE[1]) -> None:
    """
    Send a slanted plane with a hole through an engine, unbounded, and look at what comes back.

    It finds engines that break on the first frame, and those that compute nonsense (a miscompiled
    network, a model in other units); not those that are merely bad.

    :param height: of the frame [px]
    :param width: of the frame [px]
    :raises EngineError: what is wrong
    """
    plane = _plane(height, width)
    info = engine.info
    size = width * info.scale, height * info.scale
    expected: F32 = cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)
    holed = plane.copy()
    holed[height // 2 : height // 2 + 2, width // 2 : width // 2 + 2] = np.nan
    grey = np.full((*expected.shape, 3), 128, np.uint8) if info.guided else None
    found = SuperResolution(engine, Settings(bounded=False))(holed, grey).depth
    known = np.isfinite(found)
    if np.mean(known) < _LEAST_KNOWN:
        raise EngineError(
            f'{info.model} on {info.engine} lost {100 * (1 - np.mean(known)):.0f} % of a plain '
            'slanted wall: it does not work here; try another engine or precision'
        )
    error = float(np.median(np.abs(found[known] / expected[known] - 1)))
    if error > _LARGEST_ERROR:
        raise EngineError(
            f'{info.model} on {info.engine} is {100 * error:.0f} % off on a plain slanted wall: '
            'it does not work here; try another engine or precision'
        )


def _plane(height: int, width: int) -> F32:
    """Return a plane from 1 m to 2 m, linear in 1/z as planes are."""
    inverse = np.linspace(1.0, 0.5, width, dtype=np.float32)
    return np.asarray(np.repeat(1 / inverse[None], height, axis=0), dtype=np.float32)
