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
"""
Errors of metric depth.

D is the output, D* the reference, both along Z, and N the number of pixels that both know.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cdst_ros.depth.arrays import F32, Bool
from cdst_ros.evaluation.metrics.edges import near_discontinuity


@dataclass
class DepthErrors:
    """
    Errors of metric depth, pooled over the pixels of any number of frames.

    Sums are kept, not frames: every pixel of every frame weighs the same.
    """

    pixels: int = 0
    squares: float = 0.0
    absolutes: float = 0.0
    edge_pixels: int = 0
    edge_squares: float = 0.0
    edge_absolutes: float = 0.0
    known: int = 0
    wanted: int = 0

    def add(self, prediction: F32, reference: F32, where: Bool | None = None) -> None:
        """
        Add a frame.

        :param prediction: (H, W) [m], NaN = unknown
        :param reference: (H, W) [m], NaN = unknown
        :param where: (H, W), count errors there only (and where both are known); completeness is
            of the whole frame always
        """
        given = np.isfinite(reference)
        both = given & np.isfinite(prediction)
        self.wanted += int(np.count_nonzero(given))
        self.known += int(np.count_nonzero(both))
        counted = both if where is None else both & where
        errors = prediction[counted].astype(np.float64) - reference[counted]
        self.pixels += errors.size
        self.squares += float(errors @ errors)
        self.absolutes += float(np.abs(errors).sum())
        at_edges = errors[near_discontinuity(reference)[counted]]
        self.edge_pixels += at_edges.size
        self.edge_squares += float(at_edges @ at_edges)
        self.edge_absolutes += float(np.abs(at_edges).sum())

    @property
    def rmse_cm(self) -> float:
        """``100 sqrt(1/N sum (D - D*)^2)`` [cm]; NaN without a pixel."""
        return 100 * _root(self.squares, self.pixels)

    @property
    def mae_cm(self) -> float:
        """``100 / N sum |D - D*|`` [cm]; NaN without a pixel."""
        return 100 * _ratio(self.absolutes, self.pixels)

    @property
    def edge_rmse_cm(self) -> float:
        """RMSE within ``EDGE_RADIUS_PX`` of the reference's discontinuities [cm]."""
        return 100 * _root(self.edge_squares, self.edge_pixels)

    @property
    def edge_mae_cm(self) -> float:
        """MAE within ``EDGE_RADIUS_PX`` of the reference's discontinuities [cm]."""
        return 100 * _ratio(self.edge_absolutes, self.edge_pixels)

    @property
    def completeness(self) -> float:
        """Share of the reference's known pixels that the output knows, 0 to 1."""
        return _ratio(self.known, self.wanted)


def add_compared(
    errors: Mapping[str, DepthErrors], outputs: Mapping[str, F32], reference: F32
) -> None:
    """
    Add a frame to the errors of several methods, over the pixels that all of them know.

    So a method gains nothing by leaving out what is hard; what it leaves out shows in its
    completeness.

    :param outputs: by method, (H, W) [m]
    :param reference: (H, W) [m]
    """
    common: Bool = np.isfinite(reference)
    for output in outputs.values():
        common = common & np.isfinite(output)
    for method, output in outputs.items():
        errors[method].add(output, reference, common)


def _ratio(total: float, count: int) -> float:
    return total / count if count else math.nan


def _root(squares: float, count: int) -> float:
    return math.sqrt(_ratio(squares, count))
