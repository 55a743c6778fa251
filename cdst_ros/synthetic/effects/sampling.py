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
"""How one pixel of a sensor comes of the high-resolution pixels that it covers."""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.synthetic.effects.edges import SURFACE_GAP, beside_edges


class Sampling(str, Enum):
    """
    How one low-resolution pixel comes of its footprint of s x s high-resolution pixels.

    - ``AREA``: the mean of the surface that covers most of it; surfaces are never mixed.
    - ``MEAN``: the mean of all of it, as in a pixel that integrates light; mixes surfaces into
      flying pixels.
    - ``PICK``: its first pixel, as when every s-th pixel is kept.
    - ``CUBIC``: ``cv2.INTER_CUBIC`` without anti-aliasing, the Middlebury protocol.
    """

    AREA = 'area'
    MEAN = 'mean'
    PICK = 'pick'
    CUBIC = 'cubic'

    @property
    def alignment(self) -> GridAlignment:
        """How the high-resolution grid lies on the low-resolution one."""
        return GridAlignment.PICKED if self is Sampling.PICK else GridAlignment.HALF_PIXEL


def sample(depth_hr: F32, scale: int, sampling: Sampling) -> F32:
    """
    Return depth at low resolution, (H // scale, W // scale), without noise or loss.

    :raises ValueError: when the scale leaves no pixel
    """
    h, w = depth_hr.shape[0] // scale, depth_hr.shape[1] // scale
    if scale < 1 or h < 1 or w < 1:
        raise ValueError(
            f'an image of {depth_hr.shape[1]}x{depth_hr.shape[0]} has no pixel left at scale '
            f'{scale}: give a scale of at least 1 that the image can hold'
        )
    depth = depth_hr[: h * scale, : w * scale]
    if sampling is Sampling.PICK:
        return np.asarray(depth[::scale, ::scale].copy())
    if scale == 1:
        return np.asarray(depth.copy())
    if sampling is Sampling.CUBIC:
        return np.asarray(cv2.resize(depth, (w, h), interpolation=cv2.INTER_CUBIC))
    return _footprint_means(depth, scale, mix=sampling is Sampling.MEAN)


def sample_incidence(incidence: F32, scale: int, sampling: Sampling) -> F32:
    """Return the cosine of incidence (H, W) that each low-resolution pixel sees, (h, w)."""
    h, w = incidence.shape[0] // scale, incidence.shape[1] // scale
    first = 0 if sampling is Sampling.PICK else scale // 2
    picked = incidence[first : h * scale : scale, first : w * scale : scale]
    return np.asarray(picked.copy())


def _footprint_means(depth: F32, scale: int, *, mix: bool) -> F32:
    """
    Return the mean of every footprint, or of the surface that covers most of it.

    A footprint of which less than half is known is unknown.
    """
    h, w = depth.shape[0] // scale, depth.shape[1] // scale
    samples = depth.reshape(h, scale, w, scale).swapaxes(1, 2).reshape(h * w, scale * scale)
    known = np.isfinite(samples)
    count = known.sum(axis=1)
    with np.errstate(invalid='ignore', divide='ignore'):
        out = np.where(known, samples, 0).sum(axis=1, dtype=np.float32) / count
    if not mix:
        parted = beside_edges(depth).reshape(h, scale, w, scale).any(axis=(1, 3)).ravel()
        several = np.flatnonzero(parted)
        out[several] = _main_surface(samples[several])
    out[2 * count < scale * scale] = np.nan
    return np.asarray(out.reshape(h, w), dtype=np.float32)


def _main_surface(samples: F32) -> F32:
    """
    Return the mean of the largest surface in each row of depths, (N,).

    Sorted depths belong to one surface as long as no gap between two of them exceeds
    ``SURFACE_GAP``. Among surfaces of the same size the one that holds the median wins: of two
    halves the nearer.
    """
    n, k = samples.shape
    ranked = np.sort(samples, axis=1)  # NaN last
    known = np.isfinite(ranked)
    gaps = np.zeros((n, k), dtype=np.int64)
    with np.errstate(invalid='ignore'):
        gaps[:, 1:] = ranked[:, 1:] > ranked[:, :-1] * (1 + SURFACE_GAP)
    member = np.cumsum(gaps, axis=1)
    slots = (member + np.arange(n)[:, None] * k)[known]
    size = np.bincount(slots, minlength=n * k).reshape(n, k).astype(np.float64)
    total = np.bincount(slots, weights=ranked[known], minlength=n * k).reshape(n, k)
    rows = np.arange(n)
    median = member[rows, np.maximum(known.sum(axis=1) - 1, 0) // 2]
    preference = size.copy()
    preference[rows, median] += 0.5
    best = preference.argmax(axis=1)
    with np.errstate(invalid='ignore', divide='ignore'):
        return np.asarray(total[rows, best] / size[rows, best], dtype=np.float32)
