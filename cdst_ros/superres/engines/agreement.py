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
"""Whether two engines that run one model find the same."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32, Bool
from cdst_ros.superres.engine import EngineError, Inference

#: Depths within so much of each other are the same [m], and share of the depth.
SAME_M, SAME_SHARE = 1e-3, 1e-3
#: Sigmas within so much of each other are the same [m], and share of sigma.
SAME_SIGMA_M, SAME_SIGMA_SHARE = 1e-3, 0.1
#: So large a share of the pixels may differ: those that lie on a rounding's edge.
FEW = 0.01


class Agreement(NamedTuple):
    """
    How far one engine's frame is from another's.

    :param max_mm: largest difference of depth where both know it [mm]; infinite for NaN
    :param rms_mm: root of the mean square of these differences [mm]
    :param depth_off: share of these pixels whose depth is not the same
    :param sigma_off: share of these pixels whose sigma is not the same
    :param valid_off: share of all pixels that one knows and the other does not
    :param range_m: nearest and farthest depth that was compared [m]; zeros where there was none
    """

    max_mm: float
    rms_mm: float
    depth_off: float
    sigma_off: float
    valid_off: float
    range_m: tuple[float, float]

    @property
    def holds(self) -> bool:
        """Whether the two are the same, but for roundings."""
        return max(self.depth_off, self.sigma_off, self.valid_off) <= FEW

    def __str__(self) -> str:
        near, far = self.range_m
        return (
            f'at most {self.max_mm:.3g} mm and {self.rms_mm:.3g} mm RMS apart at {near:.2f} to '
            f'{far:.2f} m; {100 * self.depth_off:.2g} % of the depths, '
            f'{100 * self.sigma_off:.2g} % of the sigmas and {100 * self.valid_off:.2g} % of the '
            'mask differ'
        )


def compare(found: Inference, due: Inference) -> Agreement:
    """
    Measure how far ``found`` is from ``due``; both are of one frame.

    :raises EngineError: when they are not of one size
    """
    if found.depth.shape != due.depth.shape:
        raise EngineError(
            f'a frame of shape {found.depth.shape} where {due.depth.shape} was due: another scale'
        )
    both = found.valid & due.valid
    valid_off = float(np.mean(found.valid != due.valid))
    if not both.any():
        return Agreement(0.0, 0.0, 0.0, 0.0, valid_off, (0.0, 0.0))
    there = due.depth[both]
    off = _differences(found.depth, due.depth, both)
    sigma_off = 0.0
    if found.sigma is not None and due.sigma is not None:
        spread = _differences(found.sigma, due.sigma, both)
        limit = SAME_SIGMA_M + SAME_SIGMA_SHARE * due.sigma[both]
        sigma_off = float(np.mean(~(spread <= limit)))
    return Agreement(
        max_mm=1e3 * float(off.max()),
        rms_mm=1e3 * float(np.sqrt(np.mean(np.square(off, dtype=np.float64)))),
        depth_off=float(np.mean(~(off <= SAME_M + SAME_SHARE * there))),
        sigma_off=sigma_off,
        valid_off=valid_off,
        range_m=(float(there.min()), float(there.max())),
    )


def _differences(one: F32, other: F32, where: Bool) -> F32:
    """Return absolute differences, infinite where one is not finite."""
    off: F32 = np.abs(one[where] - other[where])
    off[~np.isfinite(off)] = np.inf
    return off
