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
Memory of ``cdst-ros evaluate`` over the length of a bag.

Makes a bag of 640x480 depth in a temporary folder, evaluates it and longer ones, prints the
resident memory of each run over its time, and deletes the bags.

Example: `python benchmarks/evaluate_memory.py --sizes 0.25 0.5 1 2`
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cdst_ros.depth.camera import CameraModel
from cdst_ros.recordings.bag_writer import BagWriter

_CAMERA = CameraModel.from_intrinsics(600.0, 600.0, 319.5, 239.5, 640, 480)
_BYTES = 2 * _CAMERA.width * _CAMERA.height
_PERIOD_NS = 33_333_333
_START_NS = 1_700_000_000 * 10**9
_EVALUATE = 'from cdst_ros.cli import build_app; build_app()()'


class Measured(NamedTuple):
    """Resident memory [MB] of a run: at its end of each quarter, and the most; and its time."""

    quarters: list[float]
    peak: float
    seconds: float


def main() -> None:
    """Measure, and print a row a bag."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--sizes', type=float, nargs='+', default=[0.25, 0.5, 1.0, 2.0])
    parser.add_argument('--storage', choices=('.mcap', '.db3'), default='.mcap')
    parser.add_argument('options', nargs='*', help='of evaluate, after --')
    given = parser.parse_args()
    options = given.options or ['--scale', '2', '--model', 'lite_x2']
    print(f'evaluate {" ".join(options)}, bags of 640x480 16UC1 at 30 Hz ({given.storage})')
    print('| bag [GB] | frames | RSS after each quarter of the run [MB] | peak [MB] | [s] |')
    print('|---|---|---|---|---|')
    for size in given.sizes:
        with tempfile.TemporaryDirectory(prefix='cdst_ros_') as folder:
            bag = Path(folder) / 'bag'
            frames = write(bag, round(size * 1e9 / _BYTES), given.storage)
            found = measure([str(bag), *options])
        quarters = ' '.join(f'{value:.0f}' for value in found.quarters)
        print(f'| {size:g} | {frames} | {quarters} | {found.peak:.0f} | {found.seconds:.0f} |')


def write(path: Path, frames: int, storage: str) -> int:
    """Write a bag of a box that slides before a wall, with noise; return its frames."""
    rng = np.random.default_rng(0)
    v, u = np.mgrid[: _CAMERA.height, : _CAMERA.width]
    wall = (1 / (0.25 + 0.0002 * u + 0.0001 * v)).astype(np.float32)
    noise = rng.normal(0, 0.004, (8, *wall.shape)).astype(np.float32)
    with BagWriter(path, storage) as bag:
        for number in range(frames):
            depth = wall + noise[number % len(noise)]
            left = number % 500
            depth[150:330, left : left + 120] -= 1.2
            stamp = _START_NS + number * _PERIOD_NS
            bag.write_depth('/depth/image_raw', depth, stamp, 'camera')
            bag.write_camera('/depth/camera_info', _CAMERA, stamp, 'camera')
    return frames


def measure(arguments: list[str]) -> Measured:
    """Run ``evaluate`` and watch its memory."""
    started, seen = time.monotonic(), []
    command = [sys.executable, '-c', _EVALUATE, 'evaluate', *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            seen.append(resident_mb(process.pid))
            time.sleep(0.2)
        if process.returncode:
            raise SystemExit(f'evaluate ended with {process.returncode}')
    seen = [value for value in seen if value]
    quarters = [seen[len(seen) * part // 4 - 1] for part in (1, 2, 3, 4)]
    return Measured(quarters, max(seen), time.monotonic() - started)


def resident_mb(pid: int) -> float:
    """Return the anonymous resident memory of a process [MB]; 0 when it has ended."""
    try:
        text = Path(f'/proc/{pid}/status').read_text(encoding='utf-8')
    except OSError:
        return 0.0
    values = dict(line.split(':', 1) for line in text.splitlines() if ':' in line)
    return float(values['RssAnon'].split()[0]) / 1024 if 'RssAnon' in values else 0.0


if __name__ == '__main__':
    main()
