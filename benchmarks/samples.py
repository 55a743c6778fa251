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
Print what the samples of a training cost to make, source by source.

    python benchmarks/samples.py benchmark_x4 data.root=FOLDER data.pool=50

CPU time of one process, to be compared with what a step of the network takes: a run logs the
share of time that it waits for data as ``data/wait_share``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from cdst_ros.training.config import load_config
from cdst_ros.training.sources.crops import Crops
from cdst_ros.training.sources.opening import open_sources
from cdst_ros.training.sources.stream import MixedBatches

_SEED = 0


def main() -> None:
    """Print a line a source, and one of whole batches."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('config', help='a shipped configuration, or a YAML file')
    parser.add_argument('overrides', nargs='*', metavar='KEY=VALUE')
    parser.add_argument('--samples', type=int, default=200, help='of each source')
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    config = load_config(arguments.config, arguments.overrides)
    data = config.data
    if not data.sources:
        parser.error(f'{arguments.config} names no data.sources')
    begun = time.perf_counter()
    shares = open_sources(data, config.model.scale, config.sensors, _SEED)
    print(f'opened in {time.perf_counter() - begun:.1f} s, a pool of procedural samples included')
    for settings, (source, share) in zip(data.sources, shares, strict=True):
        group = data.tiles**2
        draw = partial(source.samples, np.random.default_rng(_SEED), group)
        took = _cpu(draw, -(-arguments.samples // group)) / group
        images = f'{len(source.images)} images' if isinstance(source, Crops) else 'views'
        name = f'{settings.kind} {settings.path}'.strip()
        print(f'{name:30} share {share:<6g} {images:12} {1e3 * took:8.2f} ms a sample')
    stream = MixedBatches(shares, data, _SEED)
    steps = iter(range(10**9))
    took = _cpu(lambda: stream.batch(next(steps)), max(1, arguments.samples // data.batch_size))
    print(f'a batch of {data.batch_size}: {1e3 * took:.1f} ms')


def _cpu(work: Callable[[], object], times: int) -> float:
    """Return the CPU time of one run [s], the first one not counted."""
    work()
    begun = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - begun) / times


if __name__ == '__main__':
    main()
