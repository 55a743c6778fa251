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
Frames, latency and CPU of the live graph over DDS, message to message.

Camera, superres node and listeners are separate processes. The share of frames and the latency
(from the stamp, which the camera takes when it publishes, to receipt) are those of the worst
listener; CPU is that of the superres process, rclpy's take and publish included. With ``--load``,
processes that compute without end hold so many cores meanwhile, one each, at a normal priority.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from processes import cpu_seconds
from report import publish

from cdst_ros.nodes.children import Children
from cdst_ros.nodes.transport import profile_environment
from cdst_ros.nodes.watch import node_command, run_environment

PATIENCE_S = 90.0
STAGES = ('wait', 'decode', 'prepare', 'infer', 'bound', 'mask', 'encode', 'publish', 'total')


@dataclass(frozen=True)
class Case:
    """One run: input size, listeners, what they ask for, and whether the profile is set."""

    size: tuple[int, int]
    listeners: int
    reliability: str
    profile: bool


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--size', action='append', help='WxH; default 160x120 and 320x240')
    parser.add_argument('--listeners', type=int, action='append', help='default 1')
    parser.add_argument('--reliability', action='append', help='default reliable and best_effort')
    parser.add_argument('--transport', choices=('shipped', 'default', 'both'), default='shipped')
    parser.add_argument('--duration', type=float, default=20.0)
    parser.add_argument('--rate', type=float, default=30.0)
    parser.add_argument('--model', default='lite_x4')
    parser.add_argument('--engine', default='auto')
    parser.add_argument('--precision', default='f32')
    parser.add_argument('--encoding', default='16UC1')
    parser.add_argument('--load', type=int, default=0, help='cores that something else keeps busy')
    parser.add_argument('--threads', type=int, default=0, help='of the engine; 0: all cores')
    parser.add_argument('--warm', action='store_true', help='tell superres the size before')
    parser.add_argument('--out', type=Path)
    args = parser.parse_args()
    sizes = [tuple(map(int, s.split('x'))) for s in args.size or ('160x120', '320x240')]
    profiles = {'shipped': (True,), 'default': (False,), 'both': (True, False)}[args.transport]
    reliabilities = args.reliability or ['reliable', 'best_effort']
    cases = [Case(*c) for c in product(sizes, args.listeners or [1], reliabilities, profiles)]
    with _load(args.load):
        runs = [_run(case, args) for case in cases]
    beside = f', beside a load on {args.load} of {os.cpu_count()} cores' if args.load else ''
    publish(
        f'Live over DDS, {args.rate:g} Hz for {args.duration:g} s, {args.encoding}{beside}',
        [
            'input', 'output', 'engine', 'listeners', 'asking for', 'transport',
            'frames received', 'lost', 'latency p50 ms', 'p99 ms', 'CPU ms a frame',
        ],
        [_row(case, run) for case, run in zip(cases, runs, strict=True)],
        'Publishers reliable with depth 5, SingleThreadedExecutor, rmw_fastrtps_cpp.',
        args.out,
    )  # fmt: skip
    print()
    publish(
        'Stages within the node, of the same runs: median and largest, wall-clock ms',
        ['output', 'listeners', 'asking for', 'transport', *STAGES],
        [_stages(case, run) for case, run in zip(cases, runs, strict=True)],
        'Over the last seconds before the end. `publish` is rclpy and DDS; take is before `wait`.',
    )


@contextmanager
def _load(cores: int) -> Iterator[None]:
    """Keep the last cores of this machine busy, one process each, pinned."""
    own = sorted(os.sched_getaffinity(0))
    if cores > len(own):
        raise SystemExit(f'--load {cores}: there are {len(own)} cores')
    code = 'import os, sys\nos.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass'
    busy = [
        subprocess.Popen([sys.executable, '-c', code, str(core)])
        for core in own[len(own) - cores :]
    ]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def _run(case: Case, args: argparse.Namespace) -> dict[str, Any]:
    """Play one case; return what its worst listener reported, with shares and CPU."""
    environ, _ = run_environment(os.environ)
    if not case.profile:
        for name in profile_environment({}, 'rmw_fastrtps_cpp'):
            environ.pop(name, None)
    namespace = f'/bench_{os.getpid()}'
    frames = round(args.duration * args.rate)
    superres = {
        'model': args.model,
        'engine': args.engine,
        'precision': args.precision,
        'output_encoding': args.encoding,
        'threads': args.threads,
        'expected_rate': args.rate,
        'expected_size': '{}x{}'.format(*case.size) if args.warm else '',
    }
    camera = {
        'width': case.size[0],
        'height': case.size[1],
        'rate': args.rate,
        'frames': frames,
        'publish_truth': False,
        'publish_colour': False,
        'wait_for_subscribers': 1 + case.listeners,
        'events': True,
    }
    listener = {'reliability': case.reliability, 'score_frames': 0, 'events': True}
    with Children(environ) as children:
        children.start('superres', node_command('superres', namespace, superres))
        children.start('camera', node_command('camera', namespace, camera))
        for k in range(case.listeners):
            command = node_command('evaluator', namespace, listener)
            name = f'evaluator_{k}'
            children.start(name, [*command, '-r', f'__node:={name}'])
        return _collect(children, case.listeners)


def _collect(children: Children, listeners: int) -> dict[str, Any]:
    reports: list[dict[str, Any]] = []
    published, before, spent = 0, None, 0.0
    pid = children.pids()['superres']
    while len(reports) < listeners:
        event = children.wait(PATIENCE_S)
        if event is None or (event.child == 'superres' and event.name == 'exited'):
            raise SystemExit(f'the run broke off:\n{children.log("superres")}')
        if event.name == 'heard' and before is None and event.values['frames_out']:
            before = cpu_seconds(pid), event.values['frames_out']
        elif event.name == 'played':
            published = event.values['published']
            spent = cpu_seconds(pid)
        elif event.name == 'report':
            reports.append(event.values)
    worst = min(reports, key=lambda report: report['frames_out'])
    slowest = max(reports, key=lambda r: (r['latency_ms'] or {'p50': 0.0})['p50'])
    since, heard = before or (spent, 0)
    enlarged = int(worst['superres'].get('frames out', published)) - heard
    return {
        **worst,
        'latency_ms': slowest['latency_ms'] or {'p50': float('nan'), 'p99': float('nan')},
        'share': worst['frames_out'] / published,
        'published': published,
        'cpu_ms': 1e3 * (spent - since) / max(1, enlarged),
    }


def _stages(case: Case, run: dict[str, Any]) -> list[object]:
    told = (run['superres'].get(f'{stage} [ms]', '-') for stage in STAGES)
    output = 'x'.join(map(str, run['output_size'] or ('-',)))
    spans = [text.replace('p50 ', '').replace(', max ', ' / ') for text in told]
    return [output, case.listeners, case.reliability, _transport(case), *spans]


def _transport(case: Case) -> str:
    return 'shipped profile' if case.profile else 'default'


def _row(case: Case, run: dict[str, Any]) -> list[object]:
    sizes = ['x'.join(map(str, run[key] or ('-',))) for key in ('input_size', 'output_size')]
    return [
        *sizes,
        f'{run.get("model", "-")}, {run.get("engine", "-")} {run.get("precision", "")}',
        case.listeners,
        case.reliability,
        _transport(case),
        f'{run["frames_out"]} of {run["published"]} ({100 * run["share"]:.1f} %)',
        run['published'] - run['frames_out'],
        f'{run["latency_ms"]["p50"]:.1f}',
        f'{run["latency_ms"]["p99"]:.1f}',
        f'{run["cpu_ms"]:.1f}',
    ]


if __name__ == '__main__':
    main()
