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
Networks, heads, domains and losses side by side, after the same short training.

Every row is a training of its own on the same samples in the same order; errors are those of the
procedural validation views and of the ten validation scenes of disparity, never of a test set.
Run it as ``python benchmarks/choose_network.py DATA``, where DATA holds middlebury24 and msgnet70.
Rows that RUNS holds already are not trained again.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path
from typing import Any

from report import publish

from cdst_ros.training.config import load_config
from cdst_ros.training.train import LAST, completed_steps, train

_SELECTING = {'head': 'selecting', 'head_options': {'residual': True}}
#: What each row changes of the smallest configuration: options of the network, and the rest.
ROWS: dict[str, tuple[dict[str, Any], list[str]]] = {
    'residual': ({}, []),
    'selecting': ({'head': 'selecting'}, []),
    'selecting and residual': (_SELECTING, []),
    'surfaces, 3': ({'head': 'surfaces'}, []),
    'residual, inverse depth': ({'domain': 'inverse_depth'}, []),
    'selecting and residual, inverse depth': ({**_SELECTING, 'domain': 'inverse_depth'}, []),
    'selecting and residual, branched': ({**_SELECTING, 'branched': True}, []),
    'the same, thin things weigh double': ({**_SELECTING, 'branched': True}, ['loss.thin=1.0']),
    'the same, and edges double': (
        {**_SELECTING, 'branched': True},
        ['loss.thin=1.0', 'loss.edges=1.0'],
    ),
}
_FIGURES = ('val/mae_cm', 'val/edge_mae_cm', 'val/thin_mae_cm', 'val/middlebury_mad')


def main() -> None:
    """Train what is not trained yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('data', type=Path)
    parser.add_argument('--steps', type=int, default=1500)
    parser.add_argument('--pool', type=int, default=2000)
    parser.add_argument('--runs', type=Path, default=Path('runs/choose_network'))
    parser.add_argument('--out', type=Path)
    args = parser.parse_args()
    rows: list[list[str]] = []
    for name, (options, overrides) in ROWS.items():
        figures, seconds = _trained(name, options, overrides, args)
        if not rows:
            floor = (figures[f'bilinear/{key[4:]}'] for key in _FIGURES[:3])
            rows.append(['bilinear', *(f'{value:.2f}' for value in floor), '', ''])
        shown = [f'{figures[key]:.2f}' for key in _FIGURES[:3]]
        rows.append([name, *shown, f'{figures[_FIGURES[3]]:.4f}', f'{seconds:.0f}'])
    publish(
        f'After {args.steps} steps of 8 samples of 48x48 at x4, 32 channels, one seed',
        ['network', 'MAE cm', 'at edges cm', 'on thin things cm', 'disparity MAD', 's'],
        rows,
        out=args.out,
    )


def _trained(
    name: str, options: dict[str, Any], overrides: list[str], args: argparse.Namespace
) -> tuple[dict[str, float], float]:
    """Return the last validation of a row's training, and what it took [s]."""
    folder = name.replace(',', '').replace(' ', '_')
    config = load_config(
        'lite_x4',
        [
            f'name={folder}',
            f'max_steps={args.steps}',
            f'validate_every={args.steps}',
            f'runs={args.runs}',
            f'validation_data={args.data}',
            f'data.pool={args.pool}',
            'loss={}',
            f'model.options={ {"width": 32, "depth": 3, **options} }',
            *overrides,
        ],
    )
    began, last = time.monotonic(), config.folder / LAST
    done = completed_steps(last) if last.exists() else 0
    if done < config.max_steps:
        train(config, resume=last if done else None)
    figures: dict[str, float] = {}
    for file in sorted(config.folder.glob('curves/*/metrics.csv')):
        for row in csv.DictReader(file.open()):
            figures.update({key: float(value) for key, value in row.items() if value})
    return figures, time.monotonic() - began


if __name__ == '__main__':
    main()
