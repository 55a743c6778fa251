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
"""Thin structures: poles, wires, chair legs; whether what the input has of them comes out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8, Bool
from cdst_ros.evaluation.metrics.edges import EDGE_RADIUS_PX, is_jump
from cdst_ros.evaluation.metrics.sums import Sums, Totals, ratio
from cdst_ros.evaluation.metrics.surfaces import is_on

#: Thin is up to so many pixels across, in a row or a column ...
WIDEST_PX = 4
#: ... and at least so many long: the tip of a corner is no structure.
SHORTEST_PX = 8
_SQUARE = np.ones((3, 3), np.uint8)
_HALO = np.ones((2 * EDGE_RADIUS_PX + 1, 2 * EDGE_RADIUS_PX + 1), np.uint8)


@dataclass(frozen=True, eq=False)
class ThinStructures:
    """
    Judges outputs of one frame by the thin structures of its reference.

    :param wanted: pixels of structures that the input sampled there, (H, W)
    :param depth: of the reference at the wanted pixels [m]
    :param halo: pixels of the background beside them, (H, W)
    :param beside: depth of the structure that each of the halo's pixels lies beside [m]
    """

    wanted: Bool
    depth: F32
    halo: Bool
    beside: F32

    @classmethod
    def of(cls, reference: F32, low: F32) -> ThinStructures:
        """
        Return the judge of a frame.

        :param reference: (sH, sW) [m], NaN = unknown
        :param low: (H, W) [m], the input
        """
        thin = thin_structures(reference)
        wanted = thin & _sampled(thin, reference, low)
        nearest = cv2.erode(np.where(wanted, reference, np.float32(np.inf)), _HALO)
        with np.errstate(invalid='ignore'):
            behind = is_jump(nearest, reference) & (reference > nearest)
        halo = ~thin & np.isfinite(nearest) & behind
        return cls(wanted, reference[wanted], halo, nearest[halo])

    def sums(self, output: F32) -> Sums:
        """Return the sums of an output (sH, sW) [m], NaN = unknown."""
        kept = is_on(output[self.wanted], self.depth)
        fattened = is_on(output[self.halo], self.beside)
        return {
            'thin_kept': float(np.count_nonzero(kept)),
            'thin_wanted': float(kept.size),
            'thin_fattened': float(np.count_nonzero(fattened)),
        }


def thin_structures(depth: F32) -> Bool:
    """
    Return the pixels (H, W) of structures that are up to 4 px across in a row or a column.

    Those are pixels that a closing of depth, by 5 px of a row or of a column, moves back over a
    discontinuity (``is_jump``): on both sides there is something farther within 4 px. Connected
    ones that reach over less than 8 px are left out. A hole is nothing farther.

    :param depth: (H, W) [m], NaN = unknown
    """
    known = np.isfinite(depth)
    filled = np.where(known, depth, np.float32(0))
    thin = np.zeros(depth.shape, np.bool_)
    for shape in ((1, WIDEST_PX + 1), (WIDEST_PX + 1, 1)):
        closed: F32 = cv2.morphologyEx(filled, cv2.MORPH_CLOSE, np.ones(shape, np.uint8))
        thin |= known & (closed > filled) & is_jump(closed, filled)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(thin.astype(np.uint8), connectivity=8)
    longest = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    long_enough = longest >= SHORTEST_PX
    long_enough[0] = False
    return np.asarray(long_enough[labels])


def thin_figures(totals: Totals) -> dict[str, F64]:
    """
    Return ``thin_recall``, ``thin_precision`` and ``thin_f2``, 0 to 1, and ``thin_pixels`` in all.

    Recall: of the pixels of structures that the input sampled, those whose output lies on the
    structure (within max(5 cm, 2 %)). Sampled: one of the 3x3 input pixels around measured, within
    the same tolerance, the structure in its block. Recall alone is had by making everything fat,
    so precision stands beside it: kept / (kept + background pixels within 3 px of the structure
    that the output puts at its depth). Both are this project's definitions. ``thin_f2`` is van
    Rijsbergen's F of both with recall weighted twice: 5 P R / (4 P + R).
    """
    kept, wanted = totals['thin_kept'], totals['thin_wanted']
    return {
        'thin_recall': ratio(kept, wanted),
        'thin_precision': ratio(kept, kept + totals['thin_fattened']),
        'thin_f2': ratio(5 * kept, 4 * wanted + kept + totals['thin_fattened']),
        'thin_pixels': totals['thin_wanted'],
    }


def _sampled(thin: Bool, reference: F32, low: F32) -> Bool:
    """Return the pixels (sH, sW) around which the input measured a thin structure."""
    scale = reference.shape[0] // low.shape[0]
    spread = np.repeat(np.repeat(low, scale, axis=0), scale, axis=1)
    measured = (thin & is_on(spread, reference)).reshape(low.shape[0], scale, low.shape[1], scale)
    blocks: U8 = cv2.dilate(measured.any(axis=(1, 3)).astype(np.uint8), _SQUARE)
    return np.asarray(np.repeat(np.repeat(blocks, scale, axis=0), scale, axis=1) > 0)
