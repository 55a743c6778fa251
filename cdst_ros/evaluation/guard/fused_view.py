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

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.evaluation.guard.held_frame import HeldFrame
from cdst_ros.evaluation.guard.raycast import raycast
from cdst_ros.evaluation.guard.volume import Blocks, Contribution, Volume
from cdst_ros.evaluation.judging import View
from cdst_ros.evaluation.metrics.edges import near_discontinuity

#: Frames that are fused to judge another by, at least.
FEWEST_FUSED = 5
#: Frames that this takes: the one that is judged has no say.
FEWEST_POSED = FEWEST_FUSED + 1
#: Frames are fused in runs of at most so many: memory and the drift of poses stay small.
MOST_FUSED = 12
#: Of a view at most so many pixels are judged, those around the most edges.
MOST_PIXELS = 100_000
#: So many frames have to have seen a surface where it is judged.
FEWEST_HITS = 3
#: Smallest and largest voxels that are made [m].
VOXELS_M = (0.01, 0.04)
#: Distances are kept within so many voxels, and so many sigma of the sensor.
TRUNCATION_VOXELS, SIGMAS = 4, 3
#: Farther than twice what all but 1 % of a run's pixels keep to, nothing is fused: a handful of
#: pixels that a sensor puts at the end of its range would make the volume as large as a hall.
OUTLYING_SHARE, OUTLYING = 0.01, 2.0


@dataclass(frozen=True, eq=False)
class FusedView:
    """
    A frame and what the others say of its view.

    The frame itself is left out of it, or noise would speak for whoever keeps it.

    :param frame: that methods enlarge
    :param window: of its output that is judged
    :param view: that window, with what at least ``FEWEST_HITS`` others saw as reference
    :param apart: sum of how far two halves of the others, fused apart, are apart near edges [m]
    :param pixels: that it is the sum of
    """

    frame: HeldFrame
    window: tuple[slice, slice]
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
    Return the frames of the sequences of which at least ``FEWEST_POSED`` have a pose and a camera.

    :param scale: of the view to the frame
    :param noise: of the sensor, as measured; surfaces are fused within ``SIGMAS`` of it
    :raises UnfusableError: when frames reach too far to be fused
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
        if len(members) < FEWEST_POSED:
            continue
        runs = -(-len(members) // MOST_FUSED)
        for run in np.array_split(np.arange(len(members)), runs):
            together = [members[place] for place in run]
            found += _each(together, scale, noise or NoiseModel(), alignment)
    return found


def _each(
    frames: Sequence[HeldFrame], scale: int, noise: NoiseModel, alignment: GridAlignment
) -> Iterator[FusedView]:
    """Yield the frames of a run, each with what the others say."""
    voxel = _voxel(frames, scale)
    typical = np.float32(np.median([np.nanmedian(one.depth) for one in frames]))
    truncation = max(TRUNCATION_VOXELS * voxel, SIGMAS * float(noise.sigma(typical)))
    windows = [_busiest(frame.depth, scale) for frame in frames]
    near = _without_outliers(frames)
    blocks = Blocks.around(map(_within, near, windows), voxel, truncation)
    shares = [Contribution.of(frame, blocks) for frame in near]
    halves = (Volume.empty(blocks), Volume.empty(blocks))
    for place, share in enumerate(shares):
        halves[place % 2].add(share)
    for place, (frame, window) in enumerate(zip(frames, windows, strict=True)):
        own, other = halves[place % 2], halves[1 - place % 2]
        own.add(shares[place], -1)
        camera = _camera_of(frame, window, scale, alignment)
        assert frame.pose is not None
        seen = raycast(own + other, camera, frame.pose)
        reference = np.where(seen.hits >= FEWEST_HITS, seen.depth, np.float32(np.nan))
        judged = near_discontinuity(reference) & np.isfinite(reference)
        apart = np.abs(
            raycast(own, camera, frame.pose, judged).depth
            - raycast(other, camera, frame.pose, judged).depth
        )[judged]
        own.add(shares[place])
        larger = tuple(slice(scale * one.start, scale * one.stop) for one in window)
        rgb = None if frame.rgb is None else frame.rgb[larger]
        low = np.ascontiguousarray(frame.depth[window])
        view = View(frame.sequence, low, reference, rgb, camera)
        known = np.isfinite(apart)
        yield FusedView(
            frame,
            (larger[0], larger[1]),
            view,
            float(apart[known].sum()),
            int(np.count_nonzero(known)),
        )


def _without_outliers(frames: Sequence[HeldFrame]) -> list[HeldFrame]:
    """Return frames of which nothing is known beyond the reach of nearly all of their pixels."""
    measured = np.concatenate([one.depth[np.isfinite(one.depth)] for one in frames])
    reach = np.float32(OUTLYING * np.quantile(measured, 1 - OUTLYING_SHARE))
    with np.errstate(invalid='ignore'):
        near = [np.where(one.depth <= reach, one.depth, np.float32(np.nan)) for one in frames]
    return [replace(one, depth=depth) for one, depth in zip(frames, near, strict=True)]


def _busiest(depth: F32, scale: int) -> tuple[slice, slice]:
    """Return the window of a frame with the most pixels near edges; small frames are their own."""
    share = min(1.0, math.sqrt(MOST_PIXELS / (scale * scale * depth.size)))
    height, width = (max(1, int(share * size)) for size in depth.shape)
    near = near_discontinuity(depth).astype(np.float64)
    sums = np.pad(near.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    within = sums[height:, width:] - sums[:-height, width:]
    within -= sums[height:, :-width] - sums[:-height, :-width]
    row, column = np.unravel_index(int(np.argmax(within)), within.shape)
    return slice(int(row), int(row) + height), slice(int(column), int(column) + width)


def _within(frame: HeldFrame, window: tuple[slice, slice]) -> HeldFrame:
    """Return a frame of which only a window is known."""
    depth = np.full_like(frame.depth, np.nan)
    depth[window] = frame.depth[window]
    return replace(frame, depth=depth)


def _camera_of(
    frame: HeldFrame, window: tuple[slice, slice], scale: int, alignment: GridAlignment
) -> CameraModel:
    """Return the camera of a window of the output."""
    assert frame.camera is not None
    fx, fy, cx, cy = frame.camera.scaled(scale, alignment).reduced().intrinsics()
    down, across = window
    return CameraModel.from_intrinsics(
        fx,
        fy,
        cx - scale * across.start,
        cy - scale * down.start,
        scale * (across.stop - across.start),
        scale * (down.stop - down.start),
    )


def _voxel(frames: Sequence[HeldFrame], scale: int) -> float:
    """Return the size of the output's pixel where depth is typical [m]."""
    footprints = [
        float(np.nanmedian(one.depth)) / (scale * one.camera.intrinsics()[0])
        for one in frames
        if one.camera is not None
    ]
    return float(np.clip(np.median(footprints), *VOXELS_M))
