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
Time what surrounds the engine, in CPU milliseconds by stage, for one 16UC1 frame.

From a depth message of 320x240 to one of 1280x960: decode, prepare, bound, mask, encode, fill. The
engine is played by an array copy, which is not counted. Two kinds of output: *selecting*, samples
of the input as our networks give them, which the bound need not touch; and *bicubic*, of which it
has to move a share. OpenCV runs on one thread. rclpy's own take and publish are not in it.
"""

from __future__ import annotations

import argparse
import array
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from report import publish

from cdst_ros.depth.arrays import F32, U8, Bool
from cdst_ros.depth.encodings import decode, encode, fill_image
from cdst_ros.superres.engine import EngineInfo, Inference
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import SuperResolution

WIDTH, HEIGHT, SCALE = 320, 240, 4
SHOWN = ('decode', 'prepare', 'bound', 'mask', 'encode', 'fill', 'sum CPU ms')
BUDGET_MS = 3.0


@dataclass
class Image:
    """The fields of sensor_msgs/Image that matter here, as rclpy has them."""

    header: object = None
    height: int = 0
    width: int = 0
    encoding: str = ''
    is_bigendian: int = 0
    step: int = 0
    data: array.array[int] = field(default_factory=lambda: array.array('B'))


class Played:
    """An engine that copies an output made before, and keeps the CPU time that this takes."""

    def __init__(self, info: EngineInfo, output: Inference, sigma: F32 | None) -> None:
        self.info = info
        self.seconds = 0.0
        self._given = output._replace(sigma=sigma)
        copied = None if sigma is None else sigma.copy()
        self._output = Inference(output.depth.copy(), copied, output.valid.copy())

    def infer(self, depth: F32, valid: Bool, rgb: U8 | None = None) -> Inference:
        """Give the output again."""
        started = time.process_time()
        np.copyto(self._output.depth, self._given.depth)
        np.copyto(self._output.valid, self._given.valid)
        if self._output.sigma is not None and self._given.sigma is not None:
            np.copyto(self._output.sigma, self._given.sigma)
        self.seconds = time.process_time() - started
        return self._output

    def close(self) -> None:
        """Nothing is held."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=100)
    parser.add_argument('--out', type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    rows = []
    for method in ('nearest', 'bicubic'):
        for holes, known in _masks().items():
            rows.append(_time(method, holes, known, args.rounds))
    publish(
        f'Around the engine, {WIDTH}x{HEIGHT} to {WIDTH * SCALE}x{HEIGHT * SCALE}, 16UC1',
        ['output', 'holes', *SHOWN, 'budget'],
        rows,
        f'Medians of {args.rounds} rounds. The sum is CPU time; the stages within the frame are '
        'wall-clock time. Nobody asks for sigma here.',
        args.out,
    )


def _time(method: str, holes: str, known: Bool, rounds: int) -> list[object]:
    message = _message(known)
    engine = _played(method, message)
    run = SuperResolution(engine)
    target = Image()
    stages: dict[str, list[float]] = {}
    for round_ in range(rounds + 5):
        clocks = [time.process_time()]
        depth = decode(message)
        clocks.append(time.process_time())
        result = run(depth)
        clocks.append(time.process_time())
        pixels = encode(result.depth, '16UC1')
        clocks.append(time.process_time())
        fill_image(target, pixels, '16UC1')
        clocks.append(time.process_time())
        if round_ < 5:
            continue
        names = ('decode', 'frame', 'encode', 'fill')
        spent = dict(zip(names, np.diff(clocks).tolist(), strict=True)) | result.timings
        spent['sum CPU ms'] = clocks[-1] - clocks[0] - engine.seconds
        for stage, seconds in spent.items():
            stages.setdefault(stage, []).append(1e3 * seconds)
    times = {stage: median(values) for stage, values in stages.items()}
    verdict = 'kept' if times['sum CPU ms'] < BUDGET_MS else 'MISSED'
    name = 'selecting' if method == 'nearest' else method
    return [name, holes, *(f'{times[stage]:.2f}' for stage in SHOWN), verdict]


def _played(method: str, message: Image) -> Played:
    """Return what ``method`` makes of the message; selecting outputs come with sigma."""
    engine = open_engine(None, method, scale=SCALE)
    depth = decode(message)
    known = np.isfinite(depth)
    output = engine.infer(np.where(known, depth, np.float32(0)), known)
    sigma = np.full_like(output.depth, 0.01) if method == 'nearest' else None
    return Played(engine.info, output, sigma)


def _message(known: Bool) -> Image:
    """Return a 16UC1 message of a slanted floor with boxes on it."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    depth = (1 / (0.15 + 0.002 * y)).astype(np.float32)
    for k in range(12):
        left, top = 25 * k, 20 + (37 * k) % 150
        depth[top : top + 40, left : left + 18] = 0.8 + 0.1 * k
    depth[~known] = np.nan
    message = Image()
    fill_image(message, encode(depth + 0.0005 * np.sin(x), '16UC1'), '16UC1')
    return message


def _masks() -> dict[str, Bool]:
    """Return masks of known pixels: all, and 30 % lost in patches and one by one."""
    rng = np.random.default_rng(0)
    noise = rng.random((HEIGHT, WIDTH))
    smooth = cv2.GaussianBlur(noise, (0, 0), 4)
    return {
        'none': np.ones((HEIGHT, WIDTH), np.bool_),
        '30 % in patches': smooth > np.quantile(smooth, 0.3),
        '30 % one by one': noise > 0.3,
    }


if __name__ == '__main__':
    main()
