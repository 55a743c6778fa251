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
What is measured, each with its formula and source.

Grey levels are those of 8-bit disparity (Middlebury); metric errors are of depth along Z. D is the
output, D* the reference, and N the number of pixels that both know.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8, AnyArray, Bool

#: Neighbouring pixels whose depths differ by more than this [m], and more than this share of the
#: nearer one, lie on different surfaces. 5 cm and 2 % are where BENCHMARKS' flying pixels begin;
#: the share is wider here, for grazing planes change by more than 2 % from pixel to pixel.
JUMP_M = 0.05
JUMP_SHARE = 0.05
#: "Near an edge" is within so many pixels of a discontinuity.
EDGE_RADIUS_PX = 3


def mad(prediction: AnyArray, truth: AnyArray) -> float:
    """
    Return the mean absolute difference, mean |D - D*| [grey levels], over the whole image.

    The MAD of Middlebury super-resolution tables (Hui, Loy, Tang, ECCV 2016, and since).
    """
    return float(np.mean(np.abs(_differences(prediction, truth))))


def rmse(prediction: AnyArray, truth: AnyArray) -> float:
    """Return the root of the mean squared difference [grey levels], over the whole image."""
    return float(np.sqrt(np.mean(np.square(_differences(prediction, truth)))))


def is_jump(a: F32, b: F32) -> Bool:
    """Return where two depths [m] lie on different surfaces; False where either is unknown."""
    apart = np.abs(a - b)
    return np.asarray(apart > np.maximum(JUMP_M, JUMP_SHARE * np.minimum(a, b)))


def near_discontinuity(depth: F32, radius: int = EDGE_RADIUS_PX) -> Bool:
    """
    Return the pixels (H, W) within ``radius`` of a depth discontinuity, in rows and columns.

    A discontinuity lies between two horizontal or vertical neighbours, both known, that
    ``is_jump`` tells apart; both of them are at distance 0 from it. The border of a hole is none.

    :param depth: (H, W) [m], NaN = unknown
    """
    edge = np.zeros(depth.shape, np.uint8)
    across = is_jump(depth[:, 1:], depth[:, :-1])
    down = is_jump(depth[1:], depth[:-1])
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    reach = 2 * radius + 1
    near: U8 = cv2.dilate(edge, np.ones((reach, reach), np.uint8))
    return near.astype(np.bool_)


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


def _differences(prediction: AnyArray, truth: AnyArray) -> F64:
    if prediction.shape != truth.shape:
        raise ValueError(
            f'the output is {prediction.shape}, the truth {truth.shape}: they cannot be compared'
        )
    return prediction.astype(np.float64) - truth.astype(np.float64)


def _ratio(total: float, count: int) -> float:
    return total / count if count else math.nan


def _root(squares: float, count: int) -> float:
    return math.sqrt(_ratio(squares, count))
