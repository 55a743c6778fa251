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
"""Arrays that are used again from frame to frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from cdst_ros.depth.arrays import AnyArray


class Scratch:
    """
    Hands out one array a name, and the same one as long as its shape and type repeat.

    A fresh array of a few megabytes costs more in page faults than what is computed in it.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, AnyArray] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> AnyArray:
        """Return an array with whatever content, C-contiguous."""
        found = self._arrays.get(name)
        if found is None or found.shape != shape or found.dtype != dtype:
            found = self._arrays[name] = np.empty(shape, dtype)
        return found
