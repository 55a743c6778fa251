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
"""What a frame costs: engines timed side by side on this machine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.superres.engine import Engine
from cdst_ros.superres.frame import SuperResolution


class Cost(NamedTuple):
    """Medians of one frame [ms]: on the clock, and of processor time in all threads."""

    wall_ms: float
    cpu_ms: float


def time_engines(engines: Sequence[Engine], size: tuple[int, int], rounds: int) -> list[Cost]:
    """
    Return what a frame costs each engine, bound and masks included (``SuperResolution``).

    The engines take turns, so that a machine whose speed drifts drifts for all; a first round,
    which warms up, does not count.

    :param size: width and height of the input
    :param rounds: frames that the medians are of
    """
    runs = [SuperResolution(engine) for engine in engines]
    scenes = {run.engine.info.scale: scene(*size, run.engine.info.scale) for run in runs}
    wall: list[list[float]] = [[] for _ in runs]
    cpu: list[list[float]] = [[] for _ in runs]
    for round_ in range(rounds + 1):
        for k, run in enumerate(runs):
            depth, rgb = scenes[run.engine.info.scale]
            started, used = time.perf_counter(), time.process_time()
            run(depth, rgb if run.engine.info.guided else None)
            if round_:
                wall[k].append(1e3 * (time.perf_counter() - started))
                cpu[k].append(1e3 * (time.process_time() - used))
    return [Cost(median(w), median(c)) for w, c in zip(wall, cpu, strict=True)]


def scene(width: int, height: int, scale: int) -> tuple[F32, U8]:
    """Return a slanted floor with a box before it (H, W) [m], and grey colour (sH, sW, 3)."""
    y = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None]
    depth = np.repeat(1.0 / (0.2 + 0.6 * y), width, axis=1)
    depth[height // 3 : height // 2, width // 3 : width // 2] = 1.1
    grey = cv2.resize((depth * 40).astype(np.uint8), (width * scale, height * scale))
    return depth, np.repeat(grey[..., None], 3, axis=2)
