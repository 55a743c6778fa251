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
"""Depth images that effects are tried on."""

import numpy as np

from cdst_ros.depth.arrays import F32


def rng(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


def panel(near: float = 1.0, far: float = 3.0, size: int = 60, half: int = 10) -> F32:
    """Return a square panel in front of a wall, in the middle."""
    depth = np.full((size, size), far, dtype=np.float32)
    middle = slice(size // 2 - half, size // 2 + half)
    depth[middle, middle] = near
    return depth


def floor(size: int = 80, height: float = 1.0, focal: float = 60.0) -> F32:
    """Return a floor seen from above it, to where it is 15 m away."""
    below = np.arange(4, size + 4, dtype=np.float32)[:, None] / focal
    return np.broadcast_to(height / below, (size, size)).copy()


def corner(size: int = 96, focal: float = 80.0, far: float = 2.5) -> F32:
    """Return two walls that meet at a right angle in the middle column, away from the camera."""
    x = (np.arange(size, dtype=np.float32) - (size - 1) / 2) / focal
    # z = far - |X| with X = x z
    return np.broadcast_to(far / (1 + np.abs(x)), (size, size)).astype(np.float32)
