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
"""The eight orientations of an image."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

_Pixel = TypeVar('_Pixel', bound=np.generic)


class Turn(NamedTuple):
    """
    One of the eight orientations.

    :param quarters: how often it is turned by a right angle
    :param transposed: whether rows and columns change places then
    """

    quarters: int
    transposed: bool

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Turn:
        """Return one of the eight."""
        return cls(int(rng.integers(4)), bool(rng.random() < 0.5))

    def view(self, image: NDArray[_Pixel]) -> NDArray[_Pixel]:
        """Return an image (H, W, ...) in this orientation, without a copy."""
        out = np.rot90(image, self.quarters)
        return out.swapaxes(0, 1) if self.transposed else out

    def __call__(self, image: NDArray[_Pixel]) -> NDArray[_Pixel]:
        """Return an image (H, W, ...) in this orientation."""
        return np.ascontiguousarray(self.view(image))
