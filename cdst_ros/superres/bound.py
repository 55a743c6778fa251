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
"""
The promise of the output: it never invents a surface and never erases a measured one.

Every output value lies between the least and the greatest of the valid input samples in the 3x3
neighbourhood of its input pixel, each give or take its slack; and the nearest surface measured
in an input pixel survives in its s x s block.
"""

from __future__ import annotations

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8, AnyArray, Bool
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.superres.fill import write_unknown
from cdst_ros.superres.holes import lowest_and_highest
from cdst_ros.superres.scratch import Scratch


def bound(
    depth_hr: F32,
    valid_hr: Bool,
    depth: F32,
    valid: Bool,
    scale: int,
    *,
    slack: F32 | float = 0.0,
    alignment: GridAlignment = GridAlignment.HALF_PIXEL,
    scratch: Scratch | None = None,
) -> float:
    """
    Bound an enlarged frame in place.

    First every value is moved into its limits; what is NaN, or has no valid input sample around
    it, becomes invalid. Then every valid input pixel ``z`` is looked for in its block: if
    no valid output there is at most ``z + slack``, the smallest of them becomes ``z``, or, where
    there is none, the pixel at the sample's place does.

    :param depth_hr: (sH, sW) [m], C-contiguous; NaN where not ``valid_hr`` afterwards
    :param valid_hr: (sH, sW), C-contiguous
    :param depth: (H, W) [m], positive where ``valid``
    :param valid: (H, W)
    :param slack: [m], one for all or (H, W); taken as half the depth at most, so that an output
        can not fall to 0
    :param scratch: arrays to use again; None makes them anew
    :return: share of the pixels in ``valid_hr`` that the bound changed or dropped, 0 to 1
    """
    scratch = scratch or Scratch()
    usable = np.minimum(np.asarray(slack, dtype=np.float32), 0.5 * depth)
    near_enough = depth + usable
    low, high = lowest_and_highest(depth - usable, near_enough, valid)
    mask: U8 = valid_hr.view(np.uint8)
    claimed = cv2.countNonZero(mask)
    if not (reached := high >= low).all():
        _drop_unreached(mask, reached, scale)
    changed = _clamp(depth_hr, mask, low, high, scratch)
    write_unknown(depth_hr, mask)
    lost = valid & ~(_block_minimum(depth_hr, scale, scratch) <= near_enough)
    if lost.any():
        sample = 0 if alignment is GridAlignment.PICKED else scale // 2
        _restore(_blocks(depth_hr, scale), _blocks(valid_hr, scale), depth, lost, sample)
        changed += int(np.count_nonzero(lost))
    return min(1.0, changed / max(1, claimed))


def _drop_unreached(mask: U8, reached: Bool, scale: int) -> None:
    """Make invalid what no valid input sample is near."""
    height, width = reached.shape
    row = _repeat_columns(reached.view(np.uint8), np.empty((height, width * scale), np.uint8))
    for k in range(scale):
        cv2.bitwise_and(mask[k::scale], row, dst=mask[k::scale])


def _clamp(depth_hr: F32, mask: U8, low: F32, high: F32, scratch: Scratch) -> int:
    """Move values into [low, high] and drop NaN; return how many that changed."""
    scale = len(mask) // len(low)
    shape = len(low), mask.shape[1]
    low_row = _repeat_columns(low, scratch.array('low', shape))
    high_row = _repeat_columns(high, scratch.array('high', shape))
    moved: F32 = scratch.array('moved', shape)
    same: U8 = scratch.array('same', shape, np.uint8)
    changed = 0
    for k in range(scale):
        rows, known = depth_hr[k::scale], mask[k::scale]
        cv2.max(rows, low_row, dst=moved)
        cv2.min(moved, high_row, dst=moved)
        # What minimum and maximum make of NaN differs between processors; it equals nothing.
        cv2.compare(moved, rows, cv2.CMP_EQ, dst=same)
        cv2.bitwise_and(same, known, dst=same)
        count = cv2.countNonZero(known) - cv2.countNonZero(same)
        if count:
            cv2.compare(rows, rows, cv2.CMP_EQ, dst=same)
            cv2.bitwise_and(known, same, dst=known)
            np.copyto(rows, moved)
            changed += count
    return changed


def _block_minimum(depth_hr: F32, scale: int, scratch: Scratch) -> F32:
    """Return the least value (H, W) of each s x s block, NaN where it holds none."""
    height, width = depth_hr.shape
    rows: F32 = scratch.array('low', (height // scale, width))
    np.copyto(rows, depth_hr[::scale])
    for k in range(1, scale):
        np.fmin(rows, depth_hr[k::scale], out=rows)
    least: F32 = rows[:, ::scale].copy()
    for k in range(1, scale):
        np.fmin(least, rows[:, k::scale], out=least)
    return least


def _restore(blocks: F32, valid: Bool, depth: F32, lost: Bool, sample: int) -> None:
    """
    Put the sample of each ``lost`` input pixel into its block.

    :param blocks: (H, s, W, s) [m], NaN where not ``valid``
    :param valid: (H, s, W, s)
    :param sample: row and column in the block of an input sample's place
    """
    scale = blocks.shape[1]
    row, column = np.nonzero(lost)
    candidates = blocks[row, :, column].reshape(len(row), scale * scale)
    place = np.where(np.isnan(candidates), np.inf, candidates).argmin(axis=1)
    is_empty = np.isnan(candidates[np.arange(len(row)), place])
    place[is_empty] = sample * scale + sample
    at = row, place // scale, column, place % scale
    blocks[at] = depth[lost]
    valid[at] = True


def _blocks(image: AnyArray, scale: int) -> AnyArray:
    """Return (sH, sW) seen as (H, s, W, s)."""
    height, width = image.shape
    return image.reshape(height // scale, scale, width // scale, scale)


def _repeat_columns(image: AnyArray, out: AnyArray) -> AnyArray:
    """
    Repeat the values of ``image`` (H, W) along the rows into ``out`` (H, sW); return it.

    Rows need no repeating: every s-th row of the output is compared with the same ones.
    """
    height, width = image.shape
    scale = out.shape[1] // width
    cv2.merge([image] * scale, dst=out.reshape(height, width, scale))
    return out
