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
"""Bags of a synthetic sensor that stands still in several places, with everything known."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cdst_ros.depth.camera import CameraModel
from cdst_ros.recordings.bag_writer import BagWriter
from cdst_ros.synthetic import SensorProfile, SyntheticCamera, load_profile

START_NS = 1_700_000_000 * 10**9
RATE_HZ = 30.0
SCALE = 2


@dataclass(frozen=True)
class Tour:
    """
    What a bag is made of.

    :param profile: of the sensor
    :param size: of its images; None: its own
    :param seeds: of the rooms
    :param frames: in each
    :param color_shift: by which colour lies right of and below depth [px of depth]
    :param jitter_s: standard deviation of every stamp
    :param lost: frames that are not written
    :param storage: of the bag
    """

    profile: SensorProfile
    size: tuple[int, int] | None = None
    seeds: Sequence[int] = (10, 3)
    frames: int = 12
    color_shift: tuple[float, float] | None = None
    jitter_s: float = 0.0
    lost: Sequence[int] = ()
    storage: str = '.mcap'

    def write(self, path: Path) -> Path:
        """Write the bag and return its path."""
        rng = np.random.default_rng(7)
        with BagWriter(path, self.storage) as bag:
            for place, seed in enumerate(self.seeds):
                self._write_place(bag, place, seed, rng)
        return path

    def _write_place(
        self, bag: BagWriter, place: int, seed: int, rng: np.random.Generator
    ) -> None:
        width, height = self.size or self.profile.optics.size
        camera = SyntheticCamera(
            seed, width, height, scale=SCALE, profile=self.profile, frames=1, still=self.frames
        )
        for k in range(self.frames):
            number = place * self.frames + k
            stamp = round(1e9 * (number / RATE_HZ + rng.normal(0, self.jitter_s)))
            if number in self.lost:
                continue
            frame = camera.frame(k)
            stamp, name = START_NS + stamp, frame.frame_id
            bag.write_depth('/depth/image_raw', frame.depth, stamp, name)
            bag.write_camera('/depth/camera_info', frame.camera, stamp, name)
            if self.color_shift is not None:
                color = self._shifted(frame.color)
                bag.write_color('/rgb/image_raw', color, stamp, name)
                bag.write_camera('/rgb/camera_info', frame.camera_hr, stamp, name)

    def _shifted(self, color):
        right, down = (SCALE * shift for shift in self.color_shift)
        matrix = np.array([[1, 0, right], [0, 1, down]], float)
        size = color.shape[1::-1]
        return cv2.warpAffine(color, matrix, size, borderMode=cv2.BORDER_REPLICATE)


def tour_of(name: str, **options) -> Tour:
    """Return a tour of a shipped profile."""
    return Tour(load_profile(name), **options)


def flat_camera(width: int, height: int) -> CameraModel:
    """Return a camera of some 60 degrees."""
    return CameraModel.from_intrinsics(
        0.85 * width, 0.85 * width, (width - 1) / 2, (height - 1) / 2, width, height
    )
