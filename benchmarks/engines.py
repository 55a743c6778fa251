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
Time one frame through every engine, model and precision of this machine, in one run.

The engines take turns, so that a machine whose speed drifts drifts for all. The ratio is to cv2's
bicubic (``bicubic``) in the same run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from report import publish

from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engine import Engine, EngineError
from cdst_ros.superres.engines import describe_engines, open_engine
from cdst_ros.superres.frame import SuperResolution
from cdst_ros.superres.store import find_model

SIZES = ((160, 120), (320, 240), (640, 480))
CLASSICAL = ('bicubic', 'nearest', 'bilinear', 'joint_bilateral')


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--model', action='append', help='name or path; default lite_x4')
    parser.add_argument('--rounds', type=int, default=20)
    parser.add_argument('--threads', type=int, default=None)
    parser.add_argument('--out', type=Path)
    args = parser.parse_args()
    models = args.model or ['lite_x4']
    scale = read_metadata(find_model(models[0])).scale
    rows = []
    for size in SIZES:
        rows += list(_time_size(size, scale, models, args.rounds, args.threads))
    publish(
        f'Engines side by side, one frame, x{scale}',
        ['LR size', 'engine', 'model', 'precision', 'wall ms', 'CPU ms', 'CPU / bicubic'],
        rows,
        'Medians over the rounds; the bound and the masks included (`SuperResolution`), decoding '
        'and messages not.',
        args.out,
    )


def _time_size(
    size: tuple[int, int], scale: int, models: list[str], rounds: int, threads: int | None
) -> Iterator[list[object]]:
    width, height = size
    depth, rgb = _scene(width, height, scale)
    runs = [SuperResolution(engine) for engine in _engines(scale, models, threads)]
    wall: list[list[float]] = [[] for _ in runs]
    cpu: list[list[float]] = [[] for _ in runs]
    for round_ in range(rounds + 1):
        for k, run in enumerate(runs):
            started, used = time.perf_counter(), time.process_time()
            run(depth, rgb if run.engine.info.guided else None)
            if round_:  # the first is the warm-up
                wall[k].append(time.perf_counter() - started)
                cpu[k].append(time.process_time() - used)
    floor = median(cpu[0])
    for run, w, c in zip(runs, wall, cpu, strict=True):
        info = run.engine.info
        yield [
            f'{width}x{height}',
            info.engine,
            info.model if info.model != info.engine else '',
            info.precision,
            f'{1e3 * median(w):.2f}',
            f'{1e3 * median(c):.2f}',
            f'{median(c) / floor:.1f}',
        ]
        run.engine.close()


def _engines(scale: int, models: list[str], threads: int | None) -> Iterator[Engine]:
    for name in CLASSICAL:
        yield open_engine(None, name, scale=scale)
    available = [e.name for e in describe_engines() if e.available and e.name not in CLASSICAL]
    for model in models:
        for name in available:
            for precision in ('f32', 'bf16'):
                try:
                    yield open_engine(model, name, precision, threads=threads)
                except EngineError as error:
                    print(f'left out: {name} {precision}: {error}')


def _scene(width: int, height: int, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a slanted floor with a box before it (H, W) [m], and grey colour (sH, sW, 3)."""
    y = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None]
    depth = np.repeat(1.0 / (0.2 + 0.6 * y), width, axis=1)
    depth[height // 3 : height // 2, width // 3 : width // 2] = 1.1
    grey = cv2.resize((depth * 40).astype(np.uint8), (width * scale, height * scale))
    return depth, np.repeat(grey[..., None], 3, axis=2)


if __name__ == '__main__':
    main()
