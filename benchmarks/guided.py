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
What colour adds to depth when it runs, at x4, x8 and x16: equal budgets, paired seeds.

Run it as ``python benchmarks/guided.py DATA``, DATA being the folder of the data sets. At each
scale and for each seed two networks learn: ``guided_xS``, and its branch of depth alone by itself,
for as many more steps as cost the same. Both begin at the shipped model of depth alone, where one
of that scale ships, and see the same kept samples. Every result is a model file in the folder of
runs; those that are there are not made again, so the command can be stopped and given again.

All are scored on the same views, which none has seen: procedural rooms of the evaluation's seeds,
and renders of ``replica_office`` and ``tartanair``, lowered by the generic sensor. The guided
model is scored three times: with colour, without, and with colour two pixels beside.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from paired import paired_difference
from report import publish

if TYPE_CHECKING:
    from cdst_ros.depth.arrays import F32, U8, Bool
    from cdst_ros.evaluation.judging import View
    from cdst_ros.evaluation.metrics.sums import Sums
    from cdst_ros.superres.engine import Engine, EngineInfo, Inference
    from cdst_ros.training.config import TrainConfig

SCALES = (4, 8, 16)
ARMS = ('guided', 'alone')
#: Folders of renders below DATA.
FOLDERS = ('replica_office', 'tartanair')
#: Steps of the guided network at each scale that together fit into 40 minutes of a core.
STEPS = {4: 800, 8: 500, 16: 300}
#: Figures, and what makes them what is shown.
SHOWN = {'rmse_cm': 1, 'mae_cm': 1, 'edge_mae_cm': 1, 'flying_pixels': 100, 'thin_recall': 100}
#: Those whose differences are told.
COMPARED = ('rmse_cm', 'mae_cm', 'edge_mae_cm')
#: By how much colour lies beside depth where that is tried [px], right and down.
BESIDE = 2
_TIMED = 12


def main() -> None:
    """Do what is missing, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('data', type=Path)
    parser.add_argument('--runs', type=Path, default=Path('runs/guided'))
    parser.add_argument('--scales', type=int, nargs='+', default=list(SCALES))
    parser.add_argument('--seeds', type=int, default=2)
    parser.add_argument('--steps', type=int, help='of the guided network, to try it out')
    parser.add_argument('--pool', type=int, default=250, help='views that samples are made of')
    parser.add_argument('--views', type=int, default=6, help='of each set, to score on')
    parser.add_argument('--out', type=Path, help='Markdown or JSON file for the tables')
    parser.add_argument('--one', nargs=3, metavar=('SCALE', 'ARM', 'SEED'), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        _train(args, int(args.one[0]), args.one[1], int(args.one[2]))
        return
    rows: list[list[str]] = []
    differences: list[list[str]] = []
    for scale in args.scales:
        for seed in range(args.seeds):
            for arm in ARMS:
                if not _model(args, scale, arm, seed).exists():
                    print(f'x{scale}, {arm}, seed {seed}', file=sys.stderr, flush=True)
                    # Alone, so that what one run leaves in memory costs no other.
                    one = ['--one', str(scale), arm, str(seed)]
                    subprocess.run([sys.executable, *sys.argv, *one], check=True)
        for name in ('rooms', *FOLDERS):
            scores = _scored(args, scale, name)
            rows += _rows(f'x{scale} {name}', scores)
            differences += _differences(f'x{scale} {name}', scores)
    notes = (
        'Errors in cm and shares in % over the pixels that all know, bounded; means over seeds. '
        'Without colour a guided model is its branch of depth alone, which at x4 and x8 is the '
        'shipped model as it is. `alone` is that branch, trained on for as long as the guided '
        'model was.'
    )
    title = 'Depth and colour against depth alone'
    publish(title, ['', 'method', *SHOWN], rows, notes, out=args.out)
    if args.seeds > 1:
        title = 'Colour against the same cost without, in %: mean, and 95 % interval over seeds'
        publish(title, ['', *COMPARED], differences)


def _model(args: argparse.Namespace, scale: int, arm: str, seed: int) -> Path:
    return Path(args.runs / f'x{scale}_{arm}_{seed}.onnx')


def _config(args: argparse.Namespace, scale: int, arm: str, seed: int) -> TrainConfig:
    """Return the training of an arm: everything but the network is the same for both."""
    from cdst_ros.training.config import TrainConfig, load_config

    steps = args.steps or STEPS[scale]
    shared = [
        *(f'name=x{scale}_{arm}_{seed}', f'seed={seed}', f'runs={args.runs}'),
        *(f'max_steps={steps}', 'validate_every=250', 'checkpoint_every=250'),
        *('precision=32-true', 'data.workers=0', f'data.pool={args.pool}'),
        f'data.kept={args.runs / f"samples_x{scale}"}',
        'optimiser.warmup_steps=20',
        'optimiser.averaging=0.99',
    ]
    guided = load_config(f'guided_x{scale}', shared)
    if arm == 'guided':
        return guided
    alone = dict(guided.model.options['alone'])
    values: dict[str, Any] = guided.to_dict()
    values.update(
        guided=None, model={'network': alone.pop('network'), 'scale': scale, 'options': alone}
    )
    if guided.start is not None:
        # What is trained already is not to be torn up.
        values['optimiser']['learning_rate'] = 1e-3
    return TrainConfig.from_dict(values)


def _train(args: argparse.Namespace, scale: int, arm: str, seed: int) -> None:
    """Train, export, and tell what it cost."""
    from dataclasses import replace

    from cdst_ros.training.export import export
    from cdst_ros.training.loading import training_loader
    from cdst_ros.training.train import LAST, completed_steps, train

    config = _config(args, scale, arm, seed)
    training_loader(config, 0)  # makes the samples in the first run that needs them
    if arm == 'alone':
        guided = _config(args, scale, 'guided', seed)
        ratio = _seconds_a_step(guided) / _seconds_a_step(config)
        config = replace(config, max_steps=max(1, round(guided.max_steps * ratio)))
    last = config.folder / LAST
    done = completed_steps(last) if last.exists() else 0
    began = time.process_time()
    if done < config.max_steps:
        train(config, resume=last if done else None)
    cost = {'steps': config.max_steps, 'from': done, 'cpu_s': time.process_time() - began}
    told = _model(args, scale, arm, seed).with_suffix('.json')
    told.write_text(json.dumps(cost) + '\n', encoding='utf-8')
    export(last, _model(args, scale, arm, seed))


def _seconds_a_step(config: TrainConfig) -> float:
    """Return the CPU time of a step, of its losses and their gradients [s]."""
    import torch

    from cdst_ros.training.loading import training_loader
    from cdst_ros.training.train import system_of

    system = system_of(config)
    batches = iter(training_loader(config, 0))
    costs = []
    for _ in range(_TIMED):
        batch = next(batches)
        began = time.process_time()
        system.zero_grad()
        torch.stack(list(system.step(batch).losses.values())).sum().backward()
        costs.append(time.process_time() - began)
    return float(np.median(costs[2:]))


class _Changed:
    """An engine that is given other colour than there is."""

    def __init__(self, engine: Engine, change: str) -> None:
        self._engine = engine
        self._change = change

    @property
    def info(self) -> EngineInfo:
        return self._engine.info

    def infer(self, depth: F32, valid: Bool, rgb: U8 | None = None) -> Inference:
        if rgb is not None and self._change == 'beside':
            moved = np.zeros_like(rgb)
            moved[BESIDE:, BESIDE:] = rgb[:-BESIDE, :-BESIDE]
            rgb = moved
        elif self._change == 'without':
            rgb = None
        return self._engine.infer(depth, valid, rgb)

    def close(self) -> None:
        """Leave the engine to whoever opened it."""


class _Run(NamedTuple):
    """A method, its seed (0 for what has none), and what runs it."""

    method: str
    seed: int
    engine: Engine


def _runs(args: argparse.Namespace, scale: int) -> Iterator[_Run]:
    from cdst_ros.superres.engines import open_engine

    for name in ('bilinear', 'joint_bilateral'):
        yield _Run(name, 0, open_engine(None, name, scale=scale))
    for seed in range(args.seeds):
        guided = open_engine(_model(args, scale, 'guided', seed), threads=1)
        yield _Run('guided, without colour', seed, _Changed(guided, 'without'))
        yield _Run('alone', seed, open_engine(_model(args, scale, 'alone', seed), threads=1))
        yield _Run('guided', seed, guided)
        yield _Run(f'guided, colour {BESIDE} px beside', seed, _Changed(guided, 'beside'))


def _scored(args: argparse.Namespace, scale: int, name: str) -> dict[str, list[dict[str, float]]]:
    """Return the figures of each method, a seed each, over the views of a set."""
    from cdst_ros.evaluation.judging import Judge
    from cdst_ros.evaluation.metrics.catalogue import figures
    from cdst_ros.evaluation.metrics.sums import add_up
    from cdst_ros.superres.frame import Settings, SuperResolution

    runs = list(_runs(args, scale))
    sums: list[list[Sums]] = [[] for _ in runs]
    for view in _views(args, scale, name):
        found = []
        for run in runs:
            rgb = view.rgb if run.engine.info.guided else None
            settings = Settings(bounded=run.engine.info.works_blind or run.method == 'alone')
            result = SuperResolution(run.engine, settings)(view.low, rgb)
            sigma = result.sigma
            found.append((result.depth.copy(), None if sigma is None else sigma.copy()))
        common = np.isfinite(view.reference)
        for depth, _ in found:
            common &= np.isfinite(depth)
        judge = Judge.of(view._replace(camera=None))
        for kept, (depth, sigma) in zip(sums, found, strict=True):
            kept.append(judge.sums(depth, sigma, common))
    scores: dict[str, list[dict[str, float]]] = {}
    for run, kept in zip(runs, sums, strict=True):
        made = {key: float(value) for key, value in figures(add_up(kept)).items()}
        scores.setdefault(run.method, []).append(made)
    for run in runs:
        run.engine.close()
    return scores


def _views(args: argparse.Namespace, scale: int, name: str) -> Iterator[View]:
    """Yield the views of a set: the same references at every scale, lowered by it."""
    from cdst_ros.evaluation.lowering import Recorded, lowering
    from cdst_ros.evaluation.procedural import views_of
    from cdst_ros.evaluation.sources import open_source
    from cdst_ros.evaluation.spread import spread
    from cdst_ros.synthetic import GENERIC

    lower = lowering(GENERIC.name)
    if name == 'rooms':
        for number, view in enumerate(views_of(GENERIC, SCALES[0], args.views)):
            recorded = Recorded(view.reference, _seen(view.rgb), view.camera)
            yield lower.view(recorded, scale, view.sequence, number)
        return
    with open_source(args.data / name, color=True) as source:
        wanted = set(spread(len(source), args.views))
        for number, frame in enumerate(source):
            if number in wanted:
                recorded = Recorded(frame.depth, _seen(frame.color))
                yield lower.view(recorded, scale, name, number)


def _seen(rgb: U8 | None) -> U8:
    """Return colour of which nothing is unknown: black is 1."""
    assert rgb is not None
    return np.maximum(rgb, 1)


def _rows(where: str, scores: dict[str, list[dict[str, float]]]) -> list[list[str]]:
    return [
        [
            where,
            method,
            *(
                f'{times * np.mean([each.get(key, math.nan) for each in found]):.2f}'
                for key, times in SHOWN.items()
            ),
        ]
        for method, found in scores.items()
    ]


def _differences(where: str, scores: dict[str, list[dict[str, float]]]) -> list[list[str]]:
    """Return a row of what the guided model has less or more than the branch alone, in %."""
    if len(scores['guided']) < 2:
        return []
    cells = []
    for key in COMPARED:
        one, other = ([each[key] for each in scores[arm]] for arm in ('alone', 'guided'))
        found, base = paired_difference(one, other), float(np.mean(one)) / 100
        cells.append(
            f'{found.mean / base:+.1f} [{found.low / base:+.1f}, {found.high / base:+.1f}]'
        )
    return [[where, *cells]]


if __name__ == '__main__':
    main()
