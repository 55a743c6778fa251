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
Engines by shapes by precisions on this CPU in one run: what a frame costs, and its error in mm.

The engines take turns, so that a machine whose speed drifts drifts for all. Ratios are of CPU time
in the same run: to joint bilateral, and to the same model on ONNX Runtime in f32, which is also
what errors are measured against. Errors are of a procedural room, before bound and masks.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from report import publish

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.validity import valid_mask
from cdst_ros.evaluation.engine_check import synthetic_frames
from cdst_ros.evaluation.timing import Cost, time_engines
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engine import Engine, EngineError, Inference
from cdst_ros.superres.engines import CPU_ENGINES, describe_engines, open_engine
from cdst_ros.superres.engines.agreement import Agreement, compare
from cdst_ros.superres.fill import where
from cdst_ros.superres.store import find_model, precisions_of

SIZES = ('160x120', '320x240', '640x480')
CLASSICAL = ('joint_bilateral', 'bicubic', 'bilinear', 'nearest')
PRECISIONS = ('f32', 'bf16')


class Row(NamedTuple):
    """An engine, the shipped model that it runs (empty for classical methods), and its file."""

    engine: Engine
    model: str


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--model', action='append', help='shipped; default all generic x4')
    parser.add_argument('--size', action='append', help=f'WxH; default {", ".join(SIZES)}')
    parser.add_argument('--rounds', type=int, default=20)
    parser.add_argument('--threads', type=int, default=None)
    parser.add_argument('--out', type=Path, help='.md or .json')
    args = parser.parse_args()
    models = args.model or ['strong_x4', 'lite_x4', 'fast_x4']
    scales = {read_metadata(find_model(model)).scale for model in models}
    if len(scales) > 1:
        raise SystemExit('give models of one scale at a time')
    (scale,) = scales
    rows = []
    for text in args.size or SIZES:
        width, height = map(int, text.split('x'))
        rows += _rows((width, height), scale, models, args.rounds, args.threads)
    publish(
        f'Engines by shapes by precisions on a CPU, one frame, x{scale}',
        [
            'LR size', 'engine', 'model', 'precision', 'wall ms', 'CPU ms',
            'CPU / joint bilateral', 'CPU / ONNX Runtime f32', 'max mm', 'RMS mm', 'at m',
        ],
        rows,
        'Medians over the rounds; the bound and the masks included (`SuperResolution`), decoding '
        'and messages not. `int8+f32`: the body of the network in int8, all else in f32.',
        args.out,
    )  # fmt: skip


def _rows(
    size: tuple[int, int], scale: int, models: list[str], rounds: int, threads: int | None
) -> Iterator[list[object]]:
    taken = list(_engines(scale, models, threads))
    (frame,) = synthetic_frames(size, scale, 1)
    costs = time_engines([row.engine for row in taken], size, rounds)
    references = {
        row.model: (_infer(row.engine, frame), cost)
        for row, cost in zip(taken, costs, strict=True)
        if (row.engine.info.engine, row.engine.info.precision) == ('onnxruntime', 'f32')
    }
    for row, cost in zip(taken, costs, strict=True):
        info = row.engine.info
        agreement, reference = None, None
        if row.model in references:
            due, reference = references[row.model]
            agreement = compare(_infer(row.engine, frame), due)
        yield [
            '{}x{}'.format(*size),
            info.engine,
            row.model,
            info.precision,
            f'{cost.wall_ms:.2f}',
            f'{cost.cpu_ms:.2f}',
            f'{cost.cpu_ms / costs[0].cpu_ms:.2f}',
            *_against(cost, reference, agreement),
        ]
    for row in taken:
        row.engine.close()


def _against(cost: Cost, reference: Cost | None, agreement: Agreement | None) -> list[str]:
    if reference is None or agreement is None:
        return [''] * 4
    near, far = agreement.range_m
    return [
        f'{cost.cpu_ms / reference.cpu_ms:.2f}',
        f'{agreement.max_mm:.2g}',
        f'{agreement.rms_mm:.2g}',
        f'{near:.1f} to {far:.1f}',
    ]


def _engines(scale: int, models: list[str], threads: int | None) -> Iterator[Row]:
    for name in CLASSICAL:
        yield Row(open_engine(None, name, scale=scale), '')
    available = [item.name for item in describe_engines() if item.available]
    for model in models:
        files = {'f32': find_model(model), **precisions_of(model)}
        for name in (name for name in CPU_ENGINES if name in available):
            for written, file in files.items():
                for precision in PRECISIONS if written == 'f32' else ('f32',):
                    try:
                        yield Row(open_engine(file, name, precision, threads=threads), model)
                    except EngineError as error:
                        print(f'left out: {model} {name} {precision}: {error}')


def _infer(engine: Engine, depth: F32) -> Inference:
    """Return a copy of what an engine makes of a frame."""
    valid = valid_mask(depth, 0.0, np.inf)
    out = engine.infer(where(valid, depth, 0.0), valid)
    sigma = None if out.sigma is None else out.sigma.copy()
    return Inference(out.depth.copy(), sigma, out.valid.copy())


if __name__ == '__main__':
    main()
