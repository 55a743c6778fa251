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
"""Flying pixels: depth near an edge where neither of the two surfaces is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdst_ros.depth.arrays import F32, F64, Bool
from cdst_ros.evaluation.metrics.edges import near_discontinuity
from cdst_ros.evaluation.metrics.sums import Sums, Totals, ratio
from cdst_ros.evaluation.metrics.surfaces import (
    TwoSurfaces,
    fit_two_surfaces,
    is_on,
    tolerance,
)


@dataclass(frozen=True, eq=False)
class FlyingPixels:
    """
    Judges outputs of one frame by the surfaces of its reference.

    Judged are the pixels within 3 px of a discontinuity where two planes (``surfaces.py``) tell
    the whole truth: the reference lies on one of them, and they are apart by more than both
    tolerances, so that there is something to fly between.

    :param judged: (H, W)
    :param surfaces: at the N judged pixels
    :param depth: of the reference there [m], (N,)
    """

    judged: Bool
    surfaces: TwoSurfaces
    depth: F32

    @classmethod
    def of(cls, reference: F32) -> FlyingPixels:
        """Return the judge of a frame with this reference (H, W) [m], NaN = unknown."""
        judged = near_discontinuity(reference) & np.isfinite(reference)
        near, far = fit_two_surfaces(reference, judged)
        depth = reference[judged]
        with np.errstate(invalid='ignore'):
            apart = far - near > tolerance(near) + tolerance(far)
        kept = apart & (is_on(depth, near) | is_on(depth, far))
        judged[judged] = kept
        return cls(judged, TwoSurfaces(near[kept], far[kept]), depth[kept])

    def sums(self, output: F32) -> Sums:
        """Return the sums of an output (H, W) [m], NaN = unknown."""
        depth = output[self.judged]
        near, far = self.surfaces
        flying = np.isfinite(depth) & ~is_on(depth, near) & ~is_on(depth, far)
        wrong = np.isfinite(depth) & ~flying & ~is_on(depth, self.depth)
        return {
            'flying': float(np.count_nonzero(flying)),
            'wrong_surface': float(np.count_nonzero(wrong)),
            'flying_judged': float(np.count_nonzero(np.isfinite(depth))),
        }


def flying_figures(totals: Totals) -> dict[str, F64]:
    """
    Return ``flying_pixels``: the share, 0 to 1, of judged pixels that are off both surfaces.

    Off a surface of depth z is more than max(5 cm, 2 % of z) away from it. The name is that of
    the sensors' own fault (Sabov and Krueger, "Identification and correction of flying pixels in
    range camera data", SCCG 2008); the definition is this project's.
    """
    return {'flying_pixels': ratio(totals['flying'], totals['flying_judged'])}


def misplaced_figures(totals: Totals) -> dict[str, F64]:
    """
    Return ``misplaced``: the share, 0 to 1, of judged pixels that are not where they belong.

    A pixel that is off both surfaces counts whole, for it is an obstacle where there is nothing;
    one that lies on the other surface counts half: it moves a contour. ``flying_pixels`` alone
    rewards whoever copies contours that a sensor has fattened. The weights are this project's.
    """
    amiss = totals['flying'] + totals['wrong_surface'] / 2
    return {'misplaced': ratio(amiss, totals['flying_judged'])}
