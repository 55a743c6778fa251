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
"""Makes small recordings."""

import numpy as np

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.recordings.sequences import MeasuredNoise
from cdst_ros.recordings.writer import Picture, RecordingWriter

CAMERA = CameraModel.from_intrinsics(20.0, 21.0, 7.5, 5.5, 16, 12)
HIGH_CAMERA = CameraModel.from_intrinsics(80.0, 84.0, 31.5, 23.5, 64, 48)
SECOND = 1_000_000_000
TOPICS = {
    'depth': '/cam/depth/image_raw',
    'depth_info': '/cam/depth/camera_info',
    'color': '/cam/color/image_raw',
    'color_info': '/cam/color/camera_info',
}


def moved(x=0.0, y=0.0, z=0.0):
    matrix = np.eye(4)
    matrix[:3, 3] = (x, y, z)
    return matrix


def record(folder, sequences, *, topics=TOPICS, reference=False, value=1000):
    """
    Record sequences, each given by its stamps [s].

    Every frame is told by its depth, ``value`` plus its number [mm].
    """
    number = 0
    with RecordingWriter(folder) as writer:
        for stamps in sequences:
            writer.begin_sequence(f'walk {len(stamps)}', topics=topics, world='odom')
            for stamp in stamps:
                pixels = np.full((12, 16), value + number, np.uint16)
                pixels[0, 0] = 0
                high = np.full((48, 64), value + number, np.uint16)
                writer.append(
                    round(stamp * SECOND),
                    Picture(pixels, 'tof', CAMERA),
                    Picture(np.full((48, 64, 3), (9, 99, 199), np.uint8), 'rgb', HIGH_CAMERA),
                    Picture(high, 'lidar', HIGH_CAMERA) if reference else None,
                    pose=moved(x=number),
                    extrinsics={'color': moved(y=0.05)},
                )
                number += 1
            writer.note(
                noise=MeasuredNoise(NoiseModel(0.001)),
                offered=len(stamps) + 2,
                dropped={'dark': 2},
            )
    return folder


def numbers(frames, value=1000):
    """Return the numbers of frames, by their depth."""
    return [round(float(frame.depth()[1, 1]) * 1000) - value for frame in frames]
