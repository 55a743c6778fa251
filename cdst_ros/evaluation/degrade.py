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
"""Low-resolution frames made from recorded ones, where a recording has no reference of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdst_ros.depth.arrays import F32, AnyArray
from cdst_ros.evaluation.metrics import is_jump


@dataclass(frozen=True)
class Degradation:
    """
    How a recorded depth image becomes a pair of low-resolution input and reference.

    :param description: for people
    :param reference_factor: the reference is so many times smaller than the recorded image
    :param scale: the input is so many times smaller than the reference
    """

    description: str
    reference_factor: int
    scale: int

    def __call__(self, recorded: F32) -> tuple[F32, F32]:
        """
        Return input (h, w) and reference (scale h, scale w), in metres, NaN = unknown.

        Rows and columns at the right and lower border that fill no block are left out.

        :param recorded: (H, W) [m]
        """
        rows, columns = (n - n % self.factor for n in recorded.shape)
        reference = valid_median(recorded[:rows, :columns], self.reference_factor)
        return valid_median(reference, self.scale), reference

    @property
    def factor(self) -> int:
        """How many times smaller than the recorded image the input is."""
        return self.reference_factor * self.scale


#: The degradations by name.
DEGRADATIONS: dict[str, Degradation] = {
    'valid_median_x2': Degradation('2x2 valid-median of the recorded image', 1, 2),
    'valid_median_x4': Degradation('4x4 valid-median of the recorded image', 1, 4),
    # A HoloLens key frame of 540x360 is a 2x2 splat of about 270x180, with cracks one pixel wide.
    'hololens_x2': Degradation('2x2 valid-median, and the same again', 2, 2),
}


def degradation(name: str) -> Degradation:
    """
    Return a degradation by name.

    :raises ValueError: for an unknown one; tells what there is
    """
    try:
        return DEGRADATIONS[name]
    except KeyError:
        known = ', '.join(('none', *DEGRADATIONS))
        raise ValueError(f'unknown degradation {name!r}: use one of {known}') from None


def valid_median(depth: F32, factor: int) -> F32:
    """
    Return the median of the known depths in each block, (H / factor, W / factor) [m].

    Of an even number the two in the middle are averaged if they lie on one surface
    (``metrics.is_jump``); else the nearer is taken, for their mean would be a depth where nothing
    was measured. (Taking the lower one always would pull slanted surfaces towards the camera.) A
    block without a known depth is NaN.

    :param depth: (H, W) [m], both multiples of ``factor``
    """
    if factor == 1:
        return np.array(depth, dtype=np.float32)
    rows, columns = depth.shape[0] // factor, depth.shape[1] // factor
    blocks = depth.reshape(rows, factor, columns, factor).swapaxes(1, 2)
    ordered = np.sort(blocks.reshape(rows, columns, factor * factor), axis=-1)  # NaN goes last
    known = np.count_nonzero(np.isfinite(ordered), axis=-1)
    lower = _take(ordered, np.maximum(known - 1, 0) // 2)
    upper = _take(ordered, np.minimum(known // 2, factor * factor - 1))
    median = np.where(is_jump(lower, upper), lower, lower + (upper - lower) / 2)
    return np.ascontiguousarray(median, dtype=np.float32)


def _take(ordered: F32, index: AnyArray) -> F32:
    taken: F32 = np.take_along_axis(ordered, index[..., None], axis=-1)[..., 0]
    return taken
