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
What the joint step costs beside that of super-resolution alone: memory and samples a second.

Run it as ``python benchmarks/joint_step.py CONFIG [KEY=VALUE]...``: a training configuration with
a section ``transfer``. Each part is measured in a process of its own, on random samples of the
configuration's size, so that neither data nor what was done before has a part in it.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import publish

if TYPE_CHECKING:
    from cdst_ros.training.config import TrainConfig
    from cdst_ros.training.data import Batch

_WARM = 3
#: What is switched off, one after the other, until super-resolution alone is left.
PARTS: dict[str, list[str] | None] = {
    'super-resolution alone': None,
    '+ depth estimation': ['side', 'output', 'grid', 'local', 'structure'],
    '+ side outputs and L_P': ['grid', 'local', 'structure'],
    '+ L_A': ['structure'],
    'all': [],
}


def main() -> None:
    """Measure every part in a process of its own, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument('overrides', nargs='*')
    parser.add_argument('--steps', type=int, default=20)
    parser.add_argument('--out', type=Path)
    parser.add_argument('--part', choices=PARTS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.part:
        print(json.dumps(_measured(args)))
        return
    rows = []
    for part in PARTS:
        command = [sys.executable, *sys.argv, '--part', part]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        found = json.loads(told.splitlines()[-1])
        rows.append([part, *(f'{value:.4g}' for value in found.values())])
    publish(
        f'A training step of {args.config}',
        ['', 'ms a step', 'ms of CPU a step', 'samples/s', 'peak memory MiB'],
        rows,
        out=args.out,
    )


def seconds_a_step(config: TrainConfig, steps: int) -> float:
    """Return the CPU time of a step of a training [s], on random samples."""
    return _timed(config, steps)[1]


def _measured(args: argparse.Namespace) -> dict[str, float]:
    from cdst_ros.training.config import load_config

    off = PARTS[args.part]
    switched = ['transfer=null'] if off is None else [f'transfer.weights.{n}=0' for n in off]
    config = load_config(args.config, [*args.overrides, *switched])
    wall, cpu = _timed(config, args.steps)
    return {
        'ms': 1000 * wall,
        'cpu_ms': 1000 * cpu,
        'samples_per_s': config.data.batch_size / wall,
        'peak_memory_mib': _peak_memory_mib(config),
    }


def _peak_memory_mib(config: TrainConfig) -> float:
    import torch

    if config.accelerator != 'cpu' and torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _timed(config: TrainConfig, steps: int) -> tuple[float, float]:
    """Return wall and CPU time of a step [s]: forward, backward, optimiser, average."""
    import torch

    from cdst_ros.training.train import system_of

    torch.set_num_threads(config.threads)
    device = 'cuda' if config.accelerator != 'cpu' and torch.cuda.is_available() else 'cpu'
    system: Any = system_of(config).to(device)
    batch = _random_batch(config, device)
    optimiser = system.configure_optimizers()['optimizer']
    half = config.precision == 'bf16-mixed'
    began = 0.0, 0.0
    for step in range(_WARM + steps):
        if step == _WARM:
            began = _clocks(device)
        with torch.autocast(device, torch.bfloat16, enabled=half):
            loss = torch.stack(list(system.step(batch).losses.values())).sum()
        optimiser.zero_grad()
        loss.backward()
        system.configure_gradient_clipping()
        optimiser.step()
        system.move_average()
    ended = _clocks(device)
    return (ended[0] - began[0]) / steps, (ended[1] - began[1]) / steps


def _clocks(device: str) -> tuple[float, float]:
    import torch

    if device == 'cuda':
        torch.cuda.synchronize()
    return time.perf_counter(), time.process_time()


def _random_batch(config: TrainConfig, device: str) -> Batch:
    """Return samples without a scene in them; every one has a picture, where pictures are used."""
    import torch
    from torch.nn import functional

    from cdst_ros.training.data import Batch

    count, side, scale = config.data.batch_size, config.data.crop, config.model.scale
    generator = torch.Generator().manual_seed(0)
    truth = 1 + torch.rand(count, 1, side * scale, side * scale, generator=generator)
    low = functional.avg_pool2d(truth, scale)
    rgb = torch.rand(count, 3, side * scale, side * scale, generator=generator)
    parts = [low, torch.ones_like(low), truth, torch.ones_like(truth), rgb]
    kinds = [torch.ones(count), torch.zeros(count), torch.ones(count), torch.zeros(count)]
    return Batch(*(part.to(device) for part in [*parts, *kinds]))


if __name__ == '__main__':
    main()
