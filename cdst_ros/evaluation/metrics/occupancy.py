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
"""Occupancy: which cells of a grid the depth image fills with points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cdst_ros.depth.arrays import F32, F64, Bool
from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.metrics.sums import Sums, Totals, ratio

#: Edge of a cell [m].
CELL_M = 0.05
#: Cells along an axis, either way; farther points lie in the outermost cells.
_CELLS = 2**19
_STRIDES = np.array([(2 * _CELLS) ** 2, 2 * _CELLS, 1], np.int64)

I64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Occupancy:
    """
    Judges outputs of one frame by the cells that its reference occupies.

    :param camera: of reference and output
    :param known: pixels that the reference knows; of others nobody can tell, (H, W)
    :param cells: numbers of the cells that hold a point of the reference, ascending
    :param around: of those and the 26 around each
    """

    camera: CameraModel
    known: Bool
    cells: I64
    around: I64

    @classmethod
    def of(cls, reference: F32, camera: CameraModel) -> Occupancy:
        """
        Return the judge of a frame.

        :param reference: (H, W) [m], NaN = unknown
        :raises ValueError: when the camera is not of that image
        """
        known = np.isfinite(reference)
        cells = occupied_cells(reference, camera)
        steps = np.stack(np.meshgrid(*[(-1, 0, 1)] * 3, indexing='ij'), axis=-1).reshape(-1, 3)
        around: I64 = np.unique(cells[:, None] + steps @ _STRIDES)
        return cls(camera, known, cells, around)

    def sums(self, output: F32) -> Sums:
        """Return the sums of an output (H, W) [m], NaN = unknown."""
        cells = occupied_cells(np.where(self.known, output, np.float32(np.nan)), self.camera)
        both = np.isin(cells, self.cells, assume_unique=True)
        phantom = np.isin(cells, self.around, assume_unique=True, invert=True)
        return {
            'cells_both': float(np.count_nonzero(both)),
            'cells_output': float(cells.size),
            'cells_reference': float(self.cells.size),
            'cells_phantom': float(np.count_nonzero(phantom)),
            'cells_frames': 1.0,
        }


def occupied_cells(depth: F32, camera: CameraModel) -> I64:
    """
    Return the numbers of the cells that hold at least one point of a depth image, ascending.

    The grid is that of the camera's own axes, its origin in the optical centre.

    :param depth: (H, W) [m], NaN = unknown
    """
    points = camera.back_project(depth)[np.isfinite(depth)]
    indices = np.floor(points / np.float32(CELL_M)).astype(np.int64)
    return np.unique((np.clip(indices, -_CELLS + 1, _CELLS - 2) + _CELLS) @ _STRIDES)


def occupancy_figures(totals: Totals) -> dict[str, F64]:
    """
    Return ``occupancy_f1``, 0 to 1, and ``phantom_cells``, a frame.

    With O and R the cells of output and reference: F1 = 2 |O and R| / (|O| + |R|). A phantom cell
    is one of O that is neither in R nor touches a cell of R: an obstacle in free space, and no
    surface that fell just across the border of a cell. Cells are 5 cm, and one point fills one,
    as in costmaps; the definition of phantom cells is this project's.
    """
    return {
        'occupancy_f1': ratio(
            2 * totals['cells_both'], totals['cells_output'] + totals['cells_reference']
        ),
        'phantom_cells': ratio(totals['cells_phantom'], totals['cells_frames']),
    }
