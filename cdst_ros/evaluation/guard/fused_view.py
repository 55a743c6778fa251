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
"""What other frames of a moving camera, fused, say of a frame's view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.evaluation.guard.held_frame import HeldFrame
from cdst_ros.evaluation.guard.raycast import Seen, raycast
from cdst_ros.evaluation.guard.volume import Blocks, Contribution, Volume
from cdst_ros.evaluation.judging import View
from cdst_ros.evaluation.metrics.edges import near_discontinuity

FEWEST_FUSED = 5
#: So many frames have to have seen a surface where it is judged.
FEWEST_HITS = 3
#: Smallest and largest voxels that are made [m].
VOXELS_M = (0.01, 0.04)
#: Distances are kept within so many voxels, and so many sigma of the sensor.
TRUNCATION_VOXELS, SIGMAS = 4, 3


@dataclass(frozen=True, eq=False)
class FusedView:
    """
    A frame and what the others say of its view.

    The frame itself is left out of it, or noise would speak for whoever keeps it.

    :param view: with what at least ``FEWEST_HITS`` others saw as reference
    :param apart: sum of how far two halves of the others, fused apart, are apart near edges [m]
    :param pixels: that it is the sum of
    """

    view: View
    apart: float
    pixels: int


def fused_views(
    frames: Sequence[HeldFrame],
    scale: int,
    *,
    noise: NoiseModel | None = None,
    alignment: GridAlignment = GridAlignment.HALF_PIXEL,
) -> list[FusedView]:
    """
    Return the frames of the sequences of which at least ``FEWEST_FUSED`` have a pose and a camera.

    :param scale: of the view to the frame
    :param noise: of the sensor, as measured; surfaces are fused within ``SIGMAS`` of it
    :raises ValueError: when frames reach too far to be fused
    """
    posed = [
        one
        for one in frames
        if one.pose is not None
        and one.camera is not None
        and one.camera.calibrated
        and np.isfinite(one.depth).any()
    ]
    found: list[FusedView] = []
    for sequence in dict.fromkeys(one.sequence for one in posed):
        members = [one for one in posed if one.sequence == sequence]
        if len(members) >= FEWEST_FUSED:
            found += _each(members, scale, noise or NoiseModel(), alignment)
    return found


def _each(
    frames: Sequence[HeldFrame], scale: int, noise: NoiseModel, alignment: GridAlignment
) -> Iterator[FusedView]:
    """Yield the frames of a sequence, each with what the others say."""
    voxel = _voxel(frames, scale)
    typical = np.float32(np.median([np.nanmedian(one.depth) for one in frames]))
    truncation = max(TRUNCATION_VOXELS * voxel, SIGMAS * float(noise.sigma(typical)))
    blocks = Blocks.around(frames, voxel, truncation)
    shares = [Contribution.of(frame, blocks) for frame in frames]
    halves = (Volume.empty(blocks), Volume.empty(blocks))
    for place, share in enumerate(shares):
        halves[place % 2].add(share)
    for place, frame in enumerate(frames):
        own, other = halves[place % 2], halves[1 - place % 2]
        own.add(shares[place], -1)
        seen = _view_of(own + other, frame, scale, alignment)
        reference = np.where(seen.hits >= FEWEST_HITS, seen.depth, np.float32(np.nan))
        apart = np.abs(
            _view_of(own, frame, scale, alignment).depth
            - _view_of(other, frame, scale, alignment).depth
        )
        own.add(shares[place])
        judged = near_discontinuity(reference) & np.isfinite(reference) & np.isfinite(apart)
        camera = None if frame.camera is None else frame.camera.scaled(scale, alignment)
        view = View(frame.sequence, frame.depth, reference, frame.rgb, camera)
        yield FusedView(view, float(apart[judged].sum()), int(np.count_nonzero(judged)))


def _view_of(volume: Volume, frame: HeldFrame, scale: int, alignment: GridAlignment) -> Seen:
    assert frame.camera is not None
    assert frame.pose is not None
    camera = frame.camera.scaled(scale, alignment)
    return raycast(volume, camera, frame.pose)


def _voxel(frames: Sequence[HeldFrame], scale: int) -> float:
    """Return the size of the output's pixel where depth is typical [m]."""
    footprints = [
        float(np.nanmedian(one.depth)) / (scale * one.camera.intrinsics()[0])
        for one in frames
        if one.camera is not None
    ]
    return float(np.clip(np.median(footprints), *VOXELS_M))
