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
"""Validity: what is lost though it was measured, and invented where nothing is."""

from __future__ import annotations

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8
from cdst_ros.evaluation.metrics.sums import Sums, Totals, ratio

_SQUARE = np.ones((3, 3), np.uint8)


def validity_sums(output: F32, reference: F32, low: F32) -> Sums:
    """
    Return the sums of one frame.

    :param output: (sH, sW) [m], NaN = unknown
    :param reference: (sH, sW) [m], NaN = unknown
    :param low: (H, W) [m], the input
    """
    scale = reference.shape[0] // low.shape[0]
    measured = np.repeat(np.repeat(np.isfinite(low), scale, axis=0), scale, axis=1)
    given, real = np.isfinite(output), np.isfinite(reference)
    mask: U8 = real.astype(np.uint8)
    nothing = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _SQUARE) == 0
    return {
        'lost': float(np.count_nonzero(real & measured & ~given)),
        'measured': float(np.count_nonzero(real & measured)),
        'invented': float(np.count_nonzero(nothing & given)),
        'nothing': float(np.count_nonzero(nothing)),
    }


def validity_figures(totals: Totals) -> dict[str, F64]:
    """
    Return ``lost`` and ``invented``, shares of 0 to 1.

    Lost: of the reference's known pixels within a known input pixel, those that the output leaves
    unknown; what the sensor itself lost is in ``completeness``. Invented: of the pixels outside a
    3x3 closing of the reference's mask, those that the output gives a depth. Both are this
    project's definitions.
    """
    return {
        'lost': ratio(totals['lost'], totals['measured']),
        'invented': ratio(totals['invented'], totals['nothing']),
    }
