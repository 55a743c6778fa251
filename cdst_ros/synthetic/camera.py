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
"""A depth camera that moves through a procedural room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8, U16
from cdst_ros.depth.camera import CameraModel
from cdst_ros.synthetic.clutter import cluttered_scene
from cdst_ros.synthetic.indoor import indoor_scene
from cdst_ros.synthetic.motion import CameraPath, Shake, eased, there_and_back
from cdst_ros.synthetic.rendering import render
from cdst_ros.synthetic.sensor import (
    GENERIC,
    Seen,
    SensorProfile,
    look_through,
    measure_seen,
    noise_pattern,
)

#: Frames of one stretch, when the memory allows.
FRAMES = 45
#: Memory that the stretch may take when its length is left to the camera [byte].
MEMORY = 256 << 20

#: Random numbers of what stays between frames come from here, far from any frame's index.
_PATTERN_STREAM = 2**40
#: Those of a hand's shaking from here.
_SHAKE_STREAM = 2**40 + 1

#: How the camera moves: as on a robot, level, or in a hand, with some roll and tremor.
MOTIONS = ('robot', 'handheld')

#: The frames that poses and images are in; the images share one, for they are registered.
WORLD_FRAME = 'map'
OPTICAL_FRAME = 'camera_depth_optical_frame'

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class SyntheticFrame:
    """
    What the camera delivers at one moment.

    :param index: of the frame, from 0
    :param stamp_ns: time since the first frame [ns]
    :param depth: as the sensor measures it [m], NaN = unknown, (h, w)
    :param truth_mm: exact depth at high resolution, rounded to millimetres, 0 = nothing, (H, W)
    :param color: RGB at high resolution, registered to it, (H, W, 3), or None
    :param camera: of ``depth``
    :param camera_hr: of ``truth_mm`` and ``color``
    :param pose: camera to ``WORLD_FRAME``, optical axes, (4, 4)
    :param frame_id: of depth, truth and colour
    """

    index: int
    stamp_ns: int
    depth: F32
    truth_mm: U16
    color: U8 | None
    camera: CameraModel
    camera_hr: CameraModel
    pose: F64
    frame_id: str = OPTICAL_FRAME

    def truth(self) -> F32:
        """Return the truth [m], NaN = nothing, (H, W); it is rounded to millimetres."""
        truth = np.asarray(self.truth_mm * np.float32(0.001))
        truth[self.truth_mm == 0] = np.nan
        return truth


@dataclass(frozen=True, eq=False)
class _Picture:
    """A frame before noise; stored once and played many times."""

    seen: Seen
    truth_mm: U16
    color: U8 | None
    pose: F64


class SyntheticCamera:
    """
    Delivers the frames of a low-resolution depth camera, with the truth at high resolution.

    A short stretch of the way through the room is rendered, once, and played to and fro: the
    camera rests at both ends of it, so the motion is continuous. Noise and losses are drawn anew
    for every frame. The same arguments give the same frames, whatever order they are asked in.
    """

    def __init__(
        self,
        seed: int,
        width: int,
        height: int,
        *,
        scale: int = 4,
        rate_hz: float = 30.0,
        profile: SensorProfile = GENERIC,
        frames: int | None = None,
        color: bool = True,
        motion: str = 'robot',
        clutter: bool = False,
        still: int = 0,
    ) -> None:
        """
        Draw the room and the way; nothing is rendered yet.

        :param width: of the images that the sensor delivers [px]
        :param height: of the images that the sensor delivers [px]
        :param scale: of the truth and colour, against those
        :param frames: rendered in one stretch; by default ``FRAMES``, or as many as fit ``MEMORY``
        :param color: whether frames have a colour image
        :param motion: one of ``MOTIONS``
        :param clutter: whether foliage, fences and cables stand in the room as well
        :param still: frames for which the camera rests before it goes
        :raises ValueError: when a number is not positive, or the motion unknown
        """
        for name, value in (
            ('width', width), ('height', height), ('scale', scale), ('rate_hz', rate_hz),
            ('frames', 1 if frames is None else frames),
        ):  # fmt: skip
            if not value > 0:
                raise ValueError(f'a synthetic camera needs a positive {name}, got {value}')
        if motion not in MOTIONS:
            raise ValueError(f'a camera moves as {" or ".join(MOTIONS)}, not as {motion!r}')
        if still < 0:
            raise ValueError(f'a synthetic camera rests for 0 frames or more, not for {still}')
        rng = np.random.default_rng(seed)
        self.scene = indoor_scene(rng)
        if clutter:
            self.scene = cluttered_scene(rng, self.scene)
        self.path = CameraPath.through(self.scene, rng)
        self.shake = (
            Shake.draw(np.random.default_rng((seed, _SHAKE_STREAM)))
            if motion == 'handheld'
            else None
        )
        self.rate_hz = rate_hz
        self.profile = profile
        self.scale = scale
        focal = profile.optics.focal(width)
        right, down = profile.optics.principal_point
        cx, cy = (width - 1) / 2 + right * width, (height - 1) / 2 + down * height
        self.camera = CameraModel.from_intrinsics(focal, focal, cx, cy, width, height)
        self.camera_hr = self.camera.scaled(scale, profile.alignment)
        self.count = frames or _fitting(self.camera_hr, color)
        self.still = still
        self._color = color
        self._seed = seed
        self._pictures: dict[int, _Picture] = {}
        self._pattern: F32 | None = None

    def __iter__(self) -> Iterator[SyntheticFrame]:
        """Yield frames without end, as fast as they are taken."""
        index = 0
        while True:
            yield self.frame(index)
            index += 1

    def frame(self, index: int) -> SyntheticFrame:
        """Return frame ``index``; what has not been rendered yet is rendered now."""
        picture = self._picture(there_and_back(max(0, index - self.still), self.count))
        rng = np.random.default_rng((self._seed, index))
        depth = measure_seen(picture.seen, rng, self.profile, self._noise_pattern(picture.seen))
        return SyntheticFrame(
            index,
            round(index * 1e9 / self.rate_hz),
            depth,
            picture.truth_mm,
            picture.color,
            self.camera,
            self.camera_hr,
            picture.pose,
        )

    def prerender(self, n: int | None = None, on_progress: OnProgress | None = None) -> None:
        """
        Render the first ``n`` pictures of the stretch, or all of it, so that playing costs little.

        :param on_progress: called with how many are done and how many there are, after each
        """
        total = self.count if n is None else min(n, self.count)
        for index in range(total):
            self._picture(index)
            if on_progress is not None:
                on_progress(index + 1, total)

    def forget(self) -> None:
        """Drop the pictures that were rendered, so that a long stretch needs no memory."""
        self._pictures.clear()

    def _picture(self, index: int) -> _Picture:
        if index not in self._pictures:
            self._pictures[index] = self._render(index)
        return self._pictures[index]

    def _render(self, index: int) -> _Picture:
        # the mean speed of an eased stretch is that of the path
        time = eased(index, self.count) * self.count / self.rate_hz
        pose = self.path.pose(time)
        if self.shake is not None:
            pose = self.shake.apply(pose, time)
        color = self._color or self.profile.wants_color
        view = render(self.scene, self.camera_hr, pose, color=color, incidence=True)
        seen = look_through(
            view.depth,
            self.scale,
            self.profile,
            incidence=view.incidence,
            color=view.color,
            focal=self.camera.intrinsics()[0],
        )
        truth_mm = np.asarray(cv2.multiply(view.depth, 1, scale=1000, dtype=cv2.CV_16U))
        return _Picture(seen, truth_mm, view.color if self._color else None, pose)

    def _noise_pattern(self, seen: Seen) -> F32 | None:
        """Return the part of the noise that stays, drawn once; None where nothing stays."""
        if self._pattern is None and self.profile.noise_persistence > 0:
            rng = np.random.default_rng((self._seed, _PATTERN_STREAM))
            self._pattern = noise_pattern(rng, seen.depth.shape, self.profile)
        return self._pattern


def _fitting(camera_hr: CameraModel, color: bool) -> int:
    """Return how many frames of that size to keep in memory."""
    bytes_a_frame = camera_hr.width * camera_hr.height * (2 + 3 * color)
    return int(np.clip(MEMORY // bytes_a_frame, 2, FRAMES))
