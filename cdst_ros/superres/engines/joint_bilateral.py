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
"""Joint bilateral upsampling: the classical method that looks at colour."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8, Bool
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.superres.engine import EngineInfo, Inference
from cdst_ros.superres.engines.classical import classical_contour, classical_info
from cdst_ros.superres.engines.model import check_colour
from cdst_ros.superres.scratch import Scratch

_RADIUS = 2
# Input pixels, as Kopf et al. have it, and grey levels: the best of 6, 12 and 25 at x4 and x8 on
# Middlebury's baby2, cones, lampshade1 and plastic, which no table of results is made of.
_SPATIAL_SIGMA = 0.5
_COLOUR_SIGMA = 12.0
# Keeps a pixel whose colour is like no sample's at the spatial average instead of 0 / 0.
_LEAST_SIMILARITY = 1e-4

_TINY = np.finfo(np.float32).tiny


class JointBilateralEngine:
    """
    Joint bilateral upsampling (Kopf, Cohen, Lischinski and Uyttendaele, SIGGRAPH 2007, eq. 4).

    ``z_p = sum_q z_q f(|p - q|) g(|I_p - I_q|) / sum_q f g`` over the valid samples q of a 5x5
    input window; f and g are Gaussians, ``|I_p - I_q|`` the largest difference of a channel, and
    ``I_q`` the colour averaged over the sample's block.
    """

    def __init__(self, scale: int) -> None:
        """Take the scale."""
        self._info = classical_info('joint_bilateral', scale)
        self._scratch = Scratch()
        distance = np.arange(256, dtype=np.float64)
        similarity = np.exp(-(distance**2) / (2 * _COLOUR_SIGMA**2)) + _LEAST_SIMILARITY
        self._similarity: F32 = similarity.astype(np.float32)

    @property
    def info(self) -> EngineInfo:
        """What this engine is."""
        return self._info

    def infer(self, depth: F32, valid: Bool, rgb: U8 | None = None) -> Inference:
        """Enlarge one frame, guided by ``rgb`` (sH, sW, 3)."""
        scale = self._info.scale
        height, width = depth.shape
        colour = check_colour(self._info, depth, rgb)
        samples = _Samples.take(depth, valid, colour)
        depth_hr: F32 = self._scratch.array('depth', (height * scale, width * scale))
        offsets = GridAlignment.HALF_PIXEL.sub_pixels(scale)
        for i, y in enumerate(offsets):
            for j, x in enumerate(offsets):
                guide = [np.ascontiguousarray(colour[i::scale, j::scale, c]) for c in range(3)]
                depth_hr[i::scale, j::scale] = self._phase(samples, guide, y, x)
        return Inference(depth_hr, None, classical_contour(depth, valid, scale, self._scratch))

    def _phase(self, samples: _Samples, guide: list[U8], y: float, x: float) -> F32:
        """
        Return (H, W): the output pixels that lie (y, x) from their input pixel.

        Phase by phase the spatial weight is one number for a whole image of input size, which
        stays in the cache.
        """
        height, width = guide[0].shape
        total = np.zeros((height, width), np.float32)
        weights = np.zeros((height, width), np.float32)
        window = range(-_RADIUS, _RADIUS + 1)
        for dy in window:
            for dx in window:
                nearness = math.exp(-((dy - y) ** 2 + (dx - x) ** 2) / (2 * _SPATIAL_SIGMA**2))
                at = samples.shifted(dy, dx, height, width)
                weight = cv2.LUT(_colour_distance(guide, at.colour), self._similarity * nearness)
                cv2.accumulateProduct(weight, at.depth, total)
                cv2.accumulateProduct(weight, at.mask, weights)
        out: F32 = cv2.divide(total, np.maximum(weights, _TINY))
        return out

    def close(self) -> None:
        """Nothing is held."""


class _Samples(NamedTuple):
    """Input samples: depth (0 where unknown), mask 0/1, and three planes of colour."""

    depth: F32
    mask: F32
    colour: list[U8]

    @classmethod
    def take(cls, depth: F32, valid: Bool, rgb: U8) -> _Samples:
        """Return the samples of a frame, padded by invalid ones."""
        size = depth.shape[1], depth.shape[0]
        colour = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        return cls(
            np.pad(np.where(valid, depth, np.float32(0)), _RADIUS),
            np.pad(valid.astype(np.float32), _RADIUS),
            [np.pad(colour[..., c], _RADIUS) for c in range(3)],
        )

    def shifted(self, dy: int, dx: int, height: int, width: int) -> _Samples:
        """Return for each pixel the sample (dy, dx) from it."""
        rows = slice(_RADIUS + dy, _RADIUS + dy + height)
        columns = slice(_RADIUS + dx, _RADIUS + dx + width)
        planes = [plane[rows, columns] for plane in self.colour]
        return _Samples(self.depth[rows, columns], self.mask[rows, columns], planes)


def _colour_distance(one: list[U8], other: list[U8]) -> U8:
    """Return the largest absolute difference of a channel."""
    largest: U8 = cv2.absdiff(one[0], other[0])
    for a, b in zip(one[1:], other[1:], strict=True):
        cv2.max(largest, cv2.absdiff(a, b), dst=largest)
    return largest
