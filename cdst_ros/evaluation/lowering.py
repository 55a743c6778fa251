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
"""Pairs made of recorded depth: lowered by a named protocol, to be restored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.degrade import valid_median
from cdst_ros.evaluation.incidence import incidence
from cdst_ros.evaluation.judging import View
from cdst_ros.evaluation.metrics.sums import ratio
from cdst_ros.synthetic import SensorProfile, degrade, degrading_profile

#: Seed of the noise that sensor profiles add.
_SEED = 20261121
#: A pixel of which less than this share is known is unknown.
_LEAST_KNOWN = 0.5
DEFAULT = 'valid_median'


@dataclass(frozen=True, eq=False)
class Recorded:
    """
    A recorded image that shall be lowered.

    :param depth: (H, W) [m], NaN = unknown
    :param rgb: (H, W, 3), registered to it, where there is some
    :param camera: of it, where known
    """

    depth: F32
    rgb: U8 | None = None
    camera: CameraModel | None = None

    def reduced(self, factor: int) -> Recorded:
        """Return it made smaller by the valid-median of blocks, what fills none cut off."""
        if factor == 1:
            return self
        cut = self.cut(factor)
        depth = valid_median(cut.depth, factor)
        height, width = depth.shape
        rgb = cut.rgb
        if rgb is not None:
            rgb = np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA))
        camera = None
        if cut.camera is not None:
            camera = cut.camera.scaled(1 / factor, GridAlignment.HALF_PIXEL)
        return Recorded(depth, rgb, camera)

    def cut(self, factor: int) -> Recorded:
        """Return it without the rows below and columns at the right that fill no block."""
        height, width = (size - size % factor for size in self.depth.shape)
        if not height or not width:
            raise ValueError(
                f'an image of {self.depth.shape[1]}x{self.depth.shape[0]} px cannot be made '
                f'{factor} times smaller'
            )
        camera = self.camera
        if camera is not None:
            camera = replace(camera.reduced(), width=width, height=height)
        return Recorded(
            np.ascontiguousarray(self.depth[:height, :width]),
            None if self.rgb is None else np.ascontiguousarray(self.rgb[:height, :width]),
            camera,
        )


@dataclass(frozen=True)
class Lowering:
    """
    A protocol.

    :param name: that it is asked for by
    :param description: what it does with a block of s x s pixels, for people
    :param block: (H, W) [m] and s to (H / s, W / s) [m]; None: ``sensor`` does it
    :param sensor: profile of the sensor that looks at the recorded image
    """

    name: str
    description: str
    block: Callable[[F32, int], F32] | None = None
    sensor: SensorProfile | None = None

    def view(self, recorded: Recorded, scale: int, sequence: str, number: int) -> View:
        """
        Return the recorded image as reference, with what the protocol makes of it as input.

        :param number: of the frame, that its noise comes of
        :raises ValueError: when nothing would be left
        """
        if self.sensor is not None:
            return seen_by(self.sensor, recorded, scale, sequence, (_SEED, number, scale))
        cut = recorded.cut(scale)
        assert self.block is not None
        return View(sequence, self.block(cut.depth, scale), cut.depth, cut.rgb, cut.camera)


def lowering(name: str) -> Lowering:
    """
    Return a protocol: one of ``LOWERINGS``, or a sensor profile by its name or file.

    :raises ValueError: for what is neither; tells what there is
    """
    if name in LOWERINGS:
        return LOWERINGS[name]
    sensor = degrading_profile(name, LOWERINGS)
    grid = ', every second pixel of it the reference' if _picks(sensor) else ''
    return Lowering(
        name,
        f'what the sensor profile {sensor.name} makes of the recorded image, noise included{grid}',
        sensor=sensor,
    )


def seen_by(
    sensor: SensorProfile,
    recorded: Recorded,
    scale: int,
    sequence: str,
    key: tuple[int, ...],
) -> View:
    """
    Return what a sensor makes of a recorded or rendered image, and the image as reference.

    A sensor that picks pixels has another grid than the reference. Of the reference every second
    pixel is taken then, which leaves one to pick in the middle of every block.

    :param key: that the noise comes of
    """
    depth, color, camera = recorded.depth, recorded.rgb, recorded.camera
    step, offset = (2, scale - 1) if _picks(sensor) else (1, 0)
    known_camera = camera is not None and camera.calibrated
    angles = incidence(depth, camera) if camera is not None and known_camera else None
    low = degrade(
        np.ascontiguousarray(depth[offset:, offset:]),
        scale * step,
        np.random.default_rng(key),
        sensor,
        incidence=None if angles is None else angles[offset:, offset:],
        color=None if color is None else np.ascontiguousarray(color[offset:, offset:]),
        focal=(
            camera.intrinsics()[0] / (scale * step)
            if camera is not None and known_camera
            else None
        ),
    )
    rows, columns = (scale * step * size for size in low.shape)
    cut = np.s_[:rows:step, :columns:step]
    reference = np.ascontiguousarray(depth[cut])
    height, width = reference.shape
    if camera is not None:
        smaller = camera.scaled(1 / step, GridAlignment.PICKED)
        camera = replace(smaller, width=width, height=height)
    rgb = None if color is None else np.ascontiguousarray(color[cut])
    return View(sequence, low, reference, rgb, camera)


def _picks(sensor: SensorProfile) -> bool:
    return sensor.alignment is GridAlignment.PICKED


def _area(depth: F32, scale: int) -> F32:
    blocks = _blocks(depth, scale)
    known = np.isfinite(blocks)
    count = known.sum(axis=(1, 3)).astype(np.float64)
    mean = ratio(np.where(known, blocks, 0.0).sum(axis=(1, 3), dtype=np.float64), count)
    return np.where(count >= _LEAST_KNOWN * scale * scale, mean, np.nan).astype(np.float32)


def _pick(depth: F32, scale: int) -> F32:
    return np.ascontiguousarray(depth[scale // 2 :: scale, scale // 2 :: scale])


def _cubic(depth: F32, scale: int) -> F32:
    known = np.isfinite(depth)
    size = depth.shape[1] // scale, depth.shape[0] // scale
    total, weight = (
        cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
        for image in (np.where(known, depth, np.float32(0)), known)
    )
    with np.errstate(divide='ignore', invalid='ignore'):
        low = total / weight
    return np.where((weight >= _LEAST_KNOWN) & (low > 0), low, np.nan).astype(np.float32)


def _blocks(depth: F32, scale: int) -> F32:
    height, width = depth.shape
    return depth.reshape(height // scale, scale, width // scale, scale)


#: By name; sensor profiles come beside them.
LOWERINGS: dict[str, Lowering] = {
    one.name: one
    for one in (
        Lowering(
            'valid_median',
            'the median of the known depths of each block; of two that lie on different surfaces '
            'the nearer',
            valid_median,
        ),
        Lowering(
            'area',
            'the mean of the known depths of each block that is half known, over edges as well',
            _area,
        ),
        Lowering(
            'pick',
            'the pixel right below the middle of each block; for even scales that is half a pixel '
            'of the reference off its grid',
            _pick,
        ),
        Lowering(
            'cubic',
            'cv2.INTER_CUBIC (4x4 pixels, no anti-aliasing), normalised by what is known',
            _cubic,
        ),
    )
}
