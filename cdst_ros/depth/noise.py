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
"""How the noise of a depth sensor grows with distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdst_ros.depth.arrays import F32


@dataclass(frozen=True)
class NoiseModel:
    """
    Standard deviation of measured depth as a quadratic of depth.

    ``sigma(z) = constant + linear * z + quadratic * z**2``, in metres. Stereo and structured light
    are dominated by the quadratic term (Khoshelham and Elberink, Sensors 2012, eq. 7), time of
    flight by the first two.

    :param constant: [m]
    :param linear: [1]
    :param quadratic: [1/m]
    """

    constant: float = 0.0
    linear: float = 0.0
    quadratic: float = 0.0

    def __post_init__(self) -> None:
        if min(self.constant, self.linear, self.quadratic) < 0:
            raise ValueError(
                f'a noise model has no negative terms, got {self}: give sigma(z) in metres as '
                'constant + linear * z + quadratic * z**2'
            )

    def sigma(self, depth: F32) -> F32:
        """Return sigma [m] for each depth [m], shape kept; NaN stays NaN."""
        out = self.constant + depth * (self.linear + self.quadratic * depth)
        return np.asarray(out, dtype=np.float32)

    def rescaled(self, factor: float) -> NoiseModel:
        """Return the noise of the same sensor when every depth is multiplied by ``factor``."""
        return NoiseModel(self.constant * factor, self.linear, self.quadratic / factor)
