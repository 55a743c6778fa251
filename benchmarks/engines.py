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
from collections.abc import Iterator
from pathlib import Path

from report import publish

from cdst_ros.evaluation.timing import time_engines
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engine import Engine, EngineError
from cdst_ros.superres.engines import describe_engines, open_engine
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
    engines = list(_engines(scale, models, threads))
    costs = time_engines(engines, size, rounds)
    for engine, cost in zip(engines, costs, strict=True):
        info = engine.info
        yield [
            '{}x{}'.format(*size),
            info.engine,
            info.model if info.model != info.engine else '',
            info.precision,
            f'{cost.wall_ms:.2f}',
            f'{cost.cpu_ms:.2f}',
            f'{cost.cpu_ms / costs[0].cpu_ms:.1f}',
        ]
        engine.close()


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


if __name__ == '__main__':
    main()
