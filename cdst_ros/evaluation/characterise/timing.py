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
"""Rate, jitter, order, loss and repetition of frames, told from their stamps."""

from __future__ import annotations

import numpy as np

from cdst_ros.depth.arrays import F64, AnyArray
from cdst_ros.evaluation.characterise.figure import SHARE, Figure, Section, Table, untold
from cdst_ros.evaluation.characterise.stamps import Stamps, nearest_offsets

#: Steps between stamps that tell a rate.
_MIN_STEPS = 3
_MS = 1e-6


def timing(depth: Stamps | None, color: Stamps | None = None) -> Section:
    """
    Return what stamps tell.

    The period is the median step between stamps; a step of about k periods stands for k - 1 lost
    frames; jitter is the standard deviation of the steps of one period (period jitter, as JEDEC's
    JESD65B has it), so that it is sqrt(2) times that of independent errors of the stamps.

    :param depth: of the depth topic; None: images without stamps
    :param color: of the colour topic, where there is one
    """
    title = 'Time'
    why = _unusable(depth)
    if depth is None or why:
        figures = [untold(name, label, why, unit) for name, label, unit in _FIGURES]
        if depth is not None:
            figures.append(_duplicates(depth))
        return Section('timing', title, tuple(figures))
    stamps = np.asarray(depth.stamps, np.int64)
    steps = np.diff(stamps)
    forward = steps[steps > 0]
    backward = int(np.count_nonzero(steps < 0))
    equal = int(np.count_nonzero(steps == 0))
    period = float(np.median(forward))
    periods = np.maximum(np.rint(forward / period), 1)
    single = forward[periods == 1]
    lost = int(np.sum(periods - 1))
    rate = 1e9 * float(periods.sum()) / float(forward.sum())
    figures = [
        Figure('rate', 'rate', rate, 'Hz', len(forward), 'steps'),
        Figure('delivered', 'frames delivered a second', 1e9 * len(forward) / forward.sum(),
               'Hz', len(forward), 'steps'),
        Figure('jitter', 'jitter of the period', _MS * _deviation(single), 'ms', len(single),
               'steps', *_deviation_interval(single)),
        Figure('longest', 'longest step', _MS * float(forward.max()), 'ms', len(forward), 'steps'),
        Figure('loss', 'frames lost', lost / (lost + len(stamps)), SHARE, lost + len(stamps),
               'frames', note=f'{lost} missing by the stamps'),
        Figure('backward', 'stamps that go backwards', float(backward), '', len(steps), 'steps'),
        Figure('equal', 'stamps equal to the one before', float(equal), '', len(steps), 'steps'),
        _duplicates(depth),
        _latency(depth),
    ]  # fmt: skip
    if color is not None and color.stamps:
        offsets = np.abs(nearest_offsets(depth.stamps, color.stamps)) * _MS
        figures.append(
            Figure('color_offset', 'nearest colour stamp, median', float(np.median(offsets)),
                   'ms', len(offsets), 'frames')
        )  # fmt: skip
    return Section('timing', title, tuple(figures), (_steps_table(forward, period),))


_FIGURES = (
    ('rate', 'rate', 'Hz'),
    ('jitter', 'jitter of the period', 'ms'),
    ('loss', 'frames lost', SHARE),
    ('backward', 'stamps that go backwards', ''),
)


def _unusable(depth: Stamps | None) -> str:
    if depth is None:
        return 'images without stamps'
    if depth.made:
        return 'the stamps were made at import, not measured'
    steps = np.diff(np.asarray(depth.stamps, np.int64)) if depth.stamps else np.empty(0)
    if np.count_nonzero(steps > 0) < _MIN_STEPS:
        return f'{len(depth.stamps)} frames: fewer than {_MIN_STEPS} steps between stamps'
    return ''


def _deviation(steps: AnyArray) -> float:
    return float(np.std(steps, ddof=1)) if len(steps) > 1 else 0.0


def _deviation_interval(steps: AnyArray) -> tuple[float, float]:
    """Return the 95 % interval of the deviation [ms], by a bootstrap of the steps."""
    if len(steps) < _MIN_STEPS:
        return 0.0, 0.0
    rng = np.random.default_rng(0)
    drawn: F64 = np.array([rng.choice(steps, len(steps)).std(ddof=1) for _ in range(200)])
    low, high = np.percentile(drawn, (2.5, 97.5)) * _MS
    return float(low), float(high)


def _duplicates(depth: Stamps) -> Figure:
    """Count images whose bytes are those of the image before."""
    sums = np.asarray(depth.sums)
    count = int(np.count_nonzero(sums[1:] == sums[:-1]))
    note = ''
    if len(sums) > 1 and count == len(sums) - 1:
        note = 'every image is the same: a still scene without noise, or a stuck driver'
    share = count / max(len(sums) - 1, 1)
    return Figure('duplicates', 'images repeated byte for byte', share, SHARE, len(sums), 'frames',
                  note=note)  # fmt: skip


def _latency(depth: Stamps) -> Figure:
    """Return how long after its stamp a message was recorded."""
    name, label = 'latency', 'recorded after its stamp, median'
    if len(depth.logs) != len(depth.stamps) or not depth.logs:
        return untold(name, label, 'nobody noted when the frames were recorded', 'ms')
    late = (np.asarray(depth.logs, np.int64) - np.asarray(depth.stamps, np.int64)) * _MS
    typical = float(np.median(late))
    if abs(typical) > 60e3:
        return untold(name, label, 'stamps and recording have different clocks', 'ms', len(late))
    low, high = np.percentile(late, (2.5, 97.5))
    return Figure(name, label, typical, 'ms', len(late), 'frames', float(low), float(high),
                  'the interval holds 95 % of the frames')  # fmt: skip


def _steps_table(forward: AnyArray, period: float) -> Table:
    edges = (0.0, 0.5, 0.9, 0.98, 1.02, 1.1, 1.5, 2.5, 3.5, np.inf)
    counts, _ = np.histogram(forward / period, edges)
    rows = tuple(
        (f'{low:g} to {high:g}' if np.isfinite(high) else f'over {low:g}', int(count))
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    )
    return Table('steps', 'Steps between stamps', ('periods', 'steps'), rows)
