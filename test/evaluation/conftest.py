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
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.recordings.writer import Picture, RecordingWriter
from cdst_ros.superres.engine import EngineInfo, Inference

CAMERA = CameraModel.from_intrinsics(40.0, 41.0, 15.5, 11.5, 32, 24)


@dataclass
class WorkedEngine:
    """Repeats its input and adds what it is told to; counts its frames."""

    scale: int = 2
    added: float = 0.0
    fails_on: tuple[int, ...] = ()
    guided: bool = False
    works_blind: bool = False
    frames: int = 0
    colors: list = field(default_factory=list)

    @property
    def info(self):
        return EngineInfo(
            engine='worked',
            model='worked',
            scale=self.scale,
            alignment=GridAlignment.HALF_PIXEL,
            precision='f32',
            device='CPU',
            guided=self.guided,
            noise=NoiseModel(constant=0.01),
            works_blind=self.works_blind,
        )

    def infer(self, depth, valid, rgb=None):
        self.frames += 1
        self.colors.append(rgb)
        if self.frames in self.fails_on:
            raise RuntimeError('worked to fail')
        repeat = (self.scale, self.scale)
        out = np.kron(depth, np.ones(repeat, np.float32)).astype(np.float32)
        return Inference(out + np.float32(self.added), None, np.kron(valid, np.ones(repeat)) > 0)

    def close(self):
        pass


@pytest.fixture
def make_engine():
    return WorkedEngine


def scene_depth(number=0, size=(24, 32)):
    """Return a slanted wall [mm] with a box before it and a hole."""
    y, x = np.mgrid[: size[0], : size[1]]
    depth = (3000 + 4 * x + 2 * y + 5 * number).astype(np.uint16)
    depth[6:14, 8:20] = 1500 + number
    depth[18:21, 3:6] = 0
    return depth


@pytest.fixture
def recording(tmp_path):
    """Return the folder of a recording of 6 frames at 10 Hz, with colour of the output's size."""
    folder = tmp_path / 'walk'
    with RecordingWriter(folder, rate_hz=10, stamps_made=True) as writer:
        for number in range(6):
            color = np.full((48, 64, 3), 10 * number, np.uint8)
            pose = np.eye(4)
            pose[0, 3] = number
            writer.append(
                (number + 1) * 100_000_000,
                Picture(scene_depth(number), 'tof', CAMERA),
                Picture(color, 'tof', CAMERA.scaled(2, GridAlignment.HALF_PIXEL)),
                pose=pose,
                extrinsics={'color': np.eye(4)},
            )
    return folder


@pytest.fixture
def photos(tmp_path):
    """Return a folder of 4 frames of NAME_depth.png and NAME_rgb.jpg."""
    folder = tmp_path / 'photos'
    folder.mkdir()
    for number in range(4):
        cv2.imwrite(str(folder / f'{number:03d}_depth.png'), scene_depth(number, (48, 64)))
        cv2.imwrite(str(folder / f'{number:03d}_rgb.jpg'), np.full((48, 64, 3), 99, np.uint8))
    return folder
