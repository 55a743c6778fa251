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
"""One frame to judge methods by, and everything that is measured of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from cdst_ros.depth.arrays import F32, U8, Bool
from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.metrics.accuracy import accuracy_sums
from cdst_ros.evaluation.metrics.coverage import coverage_sums
from cdst_ros.evaluation.metrics.flying import FlyingPixels
from cdst_ros.evaluation.metrics.occupancy import Occupancy
from cdst_ros.evaluation.metrics.sparsification import sparsification_sums
from cdst_ros.evaluation.metrics.sums import Sums
from cdst_ros.evaluation.metrics.thin import ThinStructures
from cdst_ros.evaluation.metrics.validity import validity_sums


class View(NamedTuple):
    """
    A pair of input and reference.

    :param sequence: frames of one sequence follow each other; those of others are independent
    :param low: the input, (H, W) [m], NaN = unknown
    :param reference: (sH, sW) [m], NaN = unknown, on the half-pixel grid of the input
    :param rgb: (sH, sW, 3), registered to the reference, where there is some
    :param camera: of the reference, where it is known
    """

    sequence: str
    low: F32
    reference: F32
    rgb: U8 | None = None
    camera: CameraModel | None = None


@dataclass(frozen=True, eq=False)
class Judge:
    """
    Judges any number of outputs of one view; what depends on the view alone is worked out once.

    :param occupancy: None where the camera is not known
    """

    view: View
    flying: FlyingPixels
    thin: ThinStructures
    occupancy: Occupancy | None

    @classmethod
    def of(cls, view: View) -> Judge:
        """Return the judge of a view."""
        reference, camera = view.reference, view.camera
        return cls(
            view,
            FlyingPixels.of(reference),
            ThinStructures.of(reference, view.low),
            None if camera is None else Occupancy.of(reference, camera),
        )

    def sums(self, output: F32, sigma: F32 | None, common: Bool) -> Sums:
        """
        Return the sums of all metrics that apply.

        :param output: (sH, sW) [m], NaN = unknown
        :param sigma: (sH, sW) [m], None where the method has no notion of its error
        :param common: (sH, sW), the pixels that reference and all methods know: errors are of
            those, so that no method gains by leaving out what is hard
        """
        reference = self.view.reference
        sums = {
            **accuracy_sums(output, reference, common),
            **self.flying.sums(output),
            **self.thin.sums(output),
            **validity_sums(output, reference, self.view.low),
        }
        if self.occupancy is not None:
            sums.update(self.occupancy.sums(output))
        if sigma is not None:
            sums.update(coverage_sums(output, sigma, reference))
            sums.update(sparsification_sums(output, sigma, reference))
        return sums
