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
Time what colour and clouds add to a frame, in CPU milliseconds.

In the frame: *read* takes the colour message apart; *place* works out
where each output pixel lies in it, by depth; *sample* takes its colour from there; *input* lays it
out for the network; *order* copies what a cloud is made of. On threads of their own, at their own
rates: *cloud*, its colour and points, at 5 Hz unless asked otherwise; *look* of the check of
misregistration once a second, and its *verdict* every six looks. The node takes colour of the same
place (one frame_id) without *place*. OpenCV runs on one thread; rclpy's own take of the colour
message and publish of the cloud are not in it::

    python benchmarks/around_color.py
"""

from __future__ import annotations

import argparse
import array
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from report import publish

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.cloud import cloud_of
from cdst_ros.depth.color_warp import ColorWarp
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.misregistration import MisregistrationMeter
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.recordings.color import decode_color
from cdst_ros.superres.engine import EngineInfo
from cdst_ros.superres.engines.model import ModelInputs

SIZES = ((160, 120), (320, 240))
COLORS = ((640, 480), (1280, 720), (1920, 1080))
SCALE, STRIDE = 4, 2
#: Fineness and replicates as of the node's check.
METER, REPLICATES = (2, 2 / SCALE), 40
IN_FRAME = ('read', 'place', 'sample', 'input', 'order')
BESIDE = ('cloud', 'look', 'verdict')


@dataclass
class Image:
    """The fields of sensor_msgs/Image that matter here, as rclpy has them."""

    height: int
    width: int
    encoding: str = 'rgb8'
    step: int = 0
    data: array.array[int] = field(default_factory=lambda: array.array('B'))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=50)
    parser.add_argument('--out', type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    rows = []
    for size in SIZES:
        for color in COLORS:
            times = _time(size, color, args.rounds)
            shown = [f'{times[stage]:.2f}' for stage in IN_FRAME]
            total = sum(times[stage] for stage in IN_FRAME[:-1])
            beside = [f'{times[stage]:.1f}' for stage in BESIDE]
            rows.append([_by(size), _by(color), *shown, f'{total:.1f}', *beside])
    publish(
        f'Colour and clouds around the engine, x{SCALE}',
        ['depth', 'colour', *IN_FRAME, 'guided frame', *BESIDE],
        rows,
        f'Least of {args.rounds} rounds, CPU ms. A guided frame takes read to input; a cloud '
        f'of every {STRIDE}nd pixel takes order, and cloud on its own thread.',
        args.out,
    )


def _time(size: tuple[int, int], color_size: tuple[int, int], rounds: int) -> dict[str, float]:
    depth, camera = _scene(*size), _camera(*size)
    color_camera = _camera(*color_size)
    message = _message(*color_size)
    to_color = np.eye(4)
    to_color[:3, 3] = -0.03, 0.002, 0.001
    warp = ColorWarp(camera, color_camera, to_color, scale=SCALE)
    at_once = ColorWarp(camera, color_camera, np.eye(4), scale=SCALE)
    inputs = ModelInputs(_guided())
    fine = cv2.resize(depth, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_NEAREST)
    fine_camera = camera.scaled(SCALE, GridAlignment.HALF_PIXEL)
    picked, of_cloud = fine[::STRIDE, ::STRIDE].copy(), fine_camera.strided(STRIDE)
    for_cloud = ColorWarp(of_cloud, color_camera, to_color, scale=1)
    meter = MisregistrationMeter(*METER)
    color, valid = decode_color(message), depth > 0

    def cloud() -> bytes:
        return cloud_of(picked, of_cloud, for_cloud(color, picked)).points.tobytes()

    whole = _cpu_ms(lambda: warp(color, depth), rounds)
    sample = _cpu_ms(lambda: at_once(color, depth), rounds)
    registered: U8 = warp(color, depth)
    return {
        'read': _cpu_ms(lambda: decode_color(message), rounds),
        'place': max(whole - sample, 0.0),
        'sample': sample,
        'input': _cpu_ms(lambda: inputs.fill(depth, valid, registered), rounds),
        'order': _cpu_ms(fine[::STRIDE, ::STRIDE].copy, rounds),
        'cloud': _cpu_ms(cloud, rounds),
        'look': _cpu_ms(lambda: meter.add(color, color_camera, depth, camera, to_color), 6),
        'verdict': _cpu_ms(lambda: meter.measured(REPLICATES), 6),
    }


def _cpu_ms(work: Callable[[], object], rounds: int) -> float:
    """Return the least CPU time of ``work`` [ms]: what else runs on the machine only adds."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append(1e3 * (time.process_time() - began))
    return min(times)


def _camera(width: int, height: int) -> CameraModel:
    focal = 0.85 * width if width < 400 else 0.8 * width
    return CameraModel.from_intrinsics(
        focal, focal, (width - 1) / 2, (height - 1) / 2, width, height
    )


def _scene(width: int, height: int) -> F32:
    """Return depth of a floor with boxes on it and 5 % of holes."""
    _, y = np.meshgrid(np.arange(width), np.arange(height))
    depth = (1 / (0.2 + 0.4 * y / height)).astype(np.float32)
    for k in range(12):
        left, top = 25 * k * width // 320, (20 + (37 * k) % 150) * height // 240
        depth[top : top + height // 6, left : left + width // 18] = 0.8 + 0.1 * k
    depth[np.random.default_rng(0).random(depth.shape) < 0.05] = np.nan
    return depth


def _message(width: int, height: int) -> Image:
    noise = np.random.default_rng(1).integers(0, 256, (height, width, 3)).astype(np.uint8)
    message = Image(height, width, step=3 * width)
    message.data.frombytes(cv2.GaussianBlur(noise, (0, 0), 2).tobytes())
    return message


def _guided() -> EngineInfo:
    return EngineInfo(
        engine='none',
        model='none',
        scale=SCALE,
        alignment=GridAlignment.HALF_PIXEL,
        precision='f32',
        device='CPU',
        guided=True,
        noise=NoiseModel(0.0, 0.0, 0.0),
    )


def _by(size: tuple[int, int]) -> str:
    return f'{size[0]}x{size[1]}'


if __name__ == '__main__':
    main()
