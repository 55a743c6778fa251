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
"""Flicker: what changes from frame to frame though nothing moved, or besides what moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32, F64, AnyArray, Bool
from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.metrics.edges import is_jump
from cdst_ros.evaluation.metrics.sums import Sums, Totals, ratio

#: Frames follow each other if they are taken within this [s].
LONGEST_STEP_S = 0.2
#: Between frames that are compared by reprojection the camera moves and turns at most so much.
FARTHEST_M, FARTHEST_DEGREES = 0.1, 5.0
#: A camera whose pose changes by less than this stands still.
STILL_M, STILL_DEGREES = 0.001, 0.05
#: Side of the blocks that tell whether a camera without poses stands [px].
_BLOCK = 8
#: Changes of depth are cut here, for edges jump; a share of depth.
_CUT = 0.02
#: Of a block in a still scene the mean change lies within this share of depth, ...
_STILL_SHARE = 0.0005
#: ... give or take so many of its standard errors; of all blocks so many have to.
_STILL_SIGMAS, _STILL_BLOCKS = 2.5, 0.9
#: Blocks with fewer known pixels tell nothing.
_LEAST_KNOWN = _BLOCK * _BLOCK // 2


class Stillness(NamedTuple):
    """
    What stood still between two input images.

    :param where: pixels of blocks that did, (H, W)
    :param share: of the blocks that tell
    """

    where: Bool
    share: float

    @property
    def is_still(self) -> bool:
        """Whether the camera stood: things that move through a scene are small."""
        return self.share >= _STILL_BLOCKS


def stillness(low: F32, before: F32) -> Stillness:
    """
    Return what stood still between two input images.

    In blocks of 8x8 pixels the relative change of depth, cut at 2 %, has a mean m and a standard
    deviation s over n pixels. Noise alone moves the mean by s / sqrt(n), motion by more: a block
    stood still where ``|m| <= 0.05 % + 2.5 s / sqrt(n)``. An edge that moves by a pixel changes
    few of them: of the pixels that jump from surface to surface no more may go one way than chance
    allows, ``|up - down| <= 2.5 sqrt(up + down)``. The camera stood where 90 % of the blocks did.

    :param low: (H, W) [m], NaN = unknown
    :param before: the image before it, of the same size
    """
    rows, columns = (size // _BLOCK for size in low.shape)
    where = np.zeros(low.shape, np.bool_)
    if low.shape != before.shape or not rows or not columns:
        return Stillness(where, 0.0)
    change = (low - before) / before
    jumps = np.where(is_jump(low, before), np.sign(low - before), 0)
    blocks = np.clip(_blocks(change), -_CUT, _CUT)
    known = np.isfinite(blocks)
    values, count = np.where(known, blocks, 0.0), np.maximum(known.sum(axis=2), 1)
    telling = count >= _LEAST_KNOWN
    mean = values.sum(axis=2) / count
    error = np.sqrt(np.maximum((values**2).sum(axis=2) / count - mean * mean, 0.0) / count)
    still = telling & (np.abs(mean) <= _STILL_SHARE + _STILL_SIGMAS * error)
    jumps = _blocks(jumps)
    chance = _STILL_SIGMAS * np.sqrt(np.abs(jumps).sum(axis=2))
    still &= np.abs(jumps.sum(axis=2)) <= chance
    spread = np.repeat(np.repeat(still, _BLOCK, axis=0), _BLOCK, axis=1)
    where[: rows * _BLOCK, : columns * _BLOCK] = spread
    return Stillness(where, float(still.sum() / max(telling.sum(), 1)))


def _blocks(image: AnyArray) -> F64:
    """Return the pixels of each block, (rows, columns, 64); what fills none is left out."""
    rows, columns = (size // _BLOCK for size in image.shape)
    whole = image[: rows * _BLOCK, : columns * _BLOCK].astype(np.float64)
    blocks = whole.reshape(rows, _BLOCK, columns, _BLOCK).swapaxes(1, 2)
    return np.asarray(blocks.reshape(rows, columns, _BLOCK * _BLOCK))


def moved_by(pose: F64, before: F64) -> tuple[float, float]:
    """Return how far [m] and by how much [degrees] a camera moved between two poses (4, 4)."""
    change = np.linalg.inv(before) @ pose
    cosine = np.clip((np.trace(change[:3, :3]) - 1) / 2, -1.0, 1.0)
    return float(np.linalg.norm(change[:3, 3])), float(np.degrees(np.arccos(cosine)))


def flicker_sums(output: F32, before: F32, common: Bool) -> Sums:
    """
    Return the sums of a frame and the one before it, of a camera that stood still.

    :param output: (H, W) [m], NaN = unknown
    :param before: output of the frame before
    :param common: (H, W), the pixels that all methods know in both frames, and that stood still
    """
    changes = np.abs(output[common].astype(np.float64) - before[common])
    return {
        'flicker_absolutes': float(changes.sum()),
        'flicker_pixels': float(changes.size),
    }


@dataclass(frozen=True, eq=False)
class Correspondence:
    """
    Pixels that show the same surface in two frames of a moving camera.

    :param here: flat indices of N pixels of this frame
    :param there: flat indices of the pixels of the frame before that show the same points
    :param reference: at the N pixels [m]
    :param reference_before: of the frame before, at its pixels [m]
    """

    here: AnyArray
    there: AnyArray
    reference: F64
    reference_before: F64

    @classmethod
    def of(
        cls, reference: F32, before: F32, camera: CameraModel, pose: F64, pose_before: F64
    ) -> Correspondence:
        """
        Return where the points of one reference are seen in the one before it.

        Points hidden there, or out of sight, are left out: the reference before has to lie on
        the same surface.

        :param reference: (H, W) [m], NaN = unknown
        :param before: likewise, of the frame before
        :param camera: of both
        :param pose: camera to world, (4, 4)
        :param pose_before: likewise, of the frame before
        """
        height, width = reference.shape
        here = np.flatnonzero(np.isfinite(reference))
        points = camera.back_project(reference).reshape(-1, 3)[here].astype(np.float64)
        change = np.linalg.inv(pose_before) @ pose
        seen = points @ change[:3, :3].T + change[:3, 3]
        ahead = seen[:, 2] > 0
        here, points, seen = here[ahead], points[ahead], seen[ahead]
        u, v = np.rint(camera.project(seen)).astype(np.int64).T
        inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
        here, seen, there = here[inside], seen[inside, 2], (v * width + u)[inside]
        depth_before = before.ravel()[there].astype(np.float64)
        same = np.isfinite(depth_before)
        same[same] = ~is_jump(depth_before[same], seen[same])
        here, there = here[same], there[same]
        return cls(here, there, reference.ravel()[here].astype(np.float64), depth_before[same])

    def sums(self, output: F32, before: F32, common: Bool, common_before: Bool) -> Sums:
        """
        Return the sums of an output and the one before it.

        :param output: (H, W) [m], NaN = unknown
        :param before: likewise, of the frame before
        :param common: (H, W), the pixels that all methods know
        :param common_before: likewise, of the frame before
        """
        both = common.ravel()[self.here] & common_before.ravel()[self.there]
        error = output.ravel()[self.here[both]] - self.reference[both]
        error_before = before.ravel()[self.there[both]] - self.reference_before[both]
        changes = np.abs(error - error_before)
        return {'moving_absolutes': float(changes.sum()), 'moving_pixels': float(changes.size)}


def flicker_figures(totals: Totals) -> dict[str, F64]:
    """
    Return ``flicker_cm``, while camera and scene stand still [cm].

    ``100 / N sum |D_t - D_t-1|`` over the pixels that all methods know in both frames, and over
    all pairs of consecutive frames, at most 0.2 s apart, between which the camera stood: its
    poses differ by less than 1 mm and 0.05 degrees, or without poses ``stillness`` says so. What
    moved through the scene is left out, block by block (``stillness``). The definition is this
    project's; "nearest" repeats the input, so its flicker is that of the input.
    """
    return {'flicker_cm': 100 * ratio(totals['flicker_absolutes'], totals['flicker_pixels'])}


def moving_figures(totals: Totals) -> dict[str, F64]:
    """
    Return ``moving_flicker_cm``, by reprojection [cm].

    ``100 / N sum |(D_t - D*_t)(x) - (D_t-1 - D*_t-1)(x')|``: how the error of a surface point
    changes from frame to frame, where x' is the pixel that saw the point of x before, by the poses
    and the reference; points that the reference shows in one of them only are left out. For
    frames at most 0.2 s, 10 cm and 5 degrees apart: farther apart the error changes with the view
    itself. Noise of the reference counts as well, alike for all methods. The warping is that of
    temporal consistency in video (Lai et al., "Learning blind video temporal consistency", ECCV
    2018, there by optical flow); taking the error instead of the value is this project's.
    """
    return {'moving_flicker_cm': 100 * ratio(totals['moving_absolutes'], totals['moving_pixels'])}
