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
Collect at 30 Hz beside a superres node: what is kept, what it costs, and whom it slows.

Camera, superres and trainer are processes of their own; this one listens to enlarged depth, and
to colour, so that it flows all the time. Before and after collecting the trainer is idle for a
while: that is what latencies are compared with::

    python benchmarks/collecting.py --minutes 10
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import rclpy
from processes import cpu_seconds, resident_mb
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from report import publish
from sensor_msgs.msg import Image
from std_msgs.msg import String
from std_srvs.srv import Trigger

from cdst_ros.depth.messages import stamp_ns
from cdst_ros.nodes.children import Children
from cdst_ros.nodes.watch import node_command, run_environment
from cdst_ros.recordings.summary import summarise
from cdst_ros.recordings.verify import verify

#: The camera renders before it plays, which takes a while [s].
PATIENCE_S = 300.0
#: How often memory and time are looked at [s].
_SAMPLE_S = 1.0


@dataclass
class Phase:
    """
    What was seen while the trainer did one thing.

    :param seconds: how long it took
    :param latencies_s: from the stamp to the arrival of enlarged depth
    :param resident_mb: of the trainer, a sample a second
    :param trainer_s: CPU time of the trainer
    :param superres_s: CPU time of the superres node
    """

    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    resident_mb: list[float] = field(default_factory=list)
    trainer_s: float = 0.0
    superres_s: float = 0.0

    def __add__(self, other: Phase) -> Phase:
        """Return both, one after the other."""
        return Phase(
            self.seconds + other.seconds,
            self.latencies_s + other.latencies_s,
            self.resident_mb + other.resident_mb,
            self.trainer_s + other.trainer_s,
            self.superres_s + other.superres_s,
        )

    def latency_ms(self, percentile: float) -> float:
        """Return a percentile of the latency [ms]."""
        return 1e3 * float(np.percentile(self.latencies_s, percentile))

    def row(self, name: str) -> list[object]:
        """Return what it cost, as a row."""
        return [
            name,
            f'{self.seconds:.0f}',
            f'{100 * self.trainer_s / self.seconds:.1f} %',
            f'{1e3 * self.superres_s / len(self.latencies_s):.1f}',
            f'{len(self.latencies_s) / self.seconds:.1f}',
            f'{self.latency_ms(50):.1f}',
            f'{self.latency_ms(99):.1f}',
        ]


class Listener:
    """Listens to enlarged depth, colour and the trainer, and calls its services."""

    def __init__(self, namespace: str, pids: dict[str, int]) -> None:
        self._pids = pids
        self._node = rclpy.create_node('listener', namespace=namespace)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._latencies: list[float] = []
        self.status: dict[str, Any] = {}
        latched = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
        subscribe = self._node.create_subscription
        subscribe(Image, 'depth_hr/image_raw', self._take, 5)
        subscribe(Image, 'rgb/image_raw', lambda message: None, 5)
        subscribe(String, 'trainer/status', self._hear, latched)

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._node.destroy_node()

    def ready(self) -> bool:
        """Tell whether enlarged depth flows and the trainer is there."""
        return len(self._latencies) > 60 and bool(self.status)

    def call(self, service: str) -> str:
        """Call a service of the trainer; return what it said."""
        client = self._node.create_client(Trigger, f'trainer/{service}')
        self.until(client.service_is_ready)
        future = client.call_async(Trigger.Request())
        self.until(future.done)
        self._node.destroy_client(client)
        answer = future.result()
        if not answer.success:
            raise SystemExit(f'{service} is refused: {answer.message}')
        return str(answer.message)

    def until(self, condition: Callable[[], Any]) -> None:
        """Listen until ``condition`` holds."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end:
                raise SystemExit(f'nothing happens any more; status: {self.status}')
            self._executor.spin_once(timeout_sec=0.05)

    def phase(self, seconds: float) -> Phase:
        """Listen for so long, and return what was seen."""
        self._latencies = []
        found = Phase()
        before = {name: cpu_seconds(pid) for name, pid in self._pids.items()}
        began = time.monotonic()
        while (now := time.monotonic() - began) < seconds:
            if now >= len(found.resident_mb) * _SAMPLE_S:
                found.resident_mb.append(resident_mb(self._pids['trainer']))
            self._executor.spin_once(timeout_sec=0.05)
        found.seconds = now
        found.latencies_s = self._latencies
        spent = {name: cpu_seconds(pid) - before[name] for name, pid in self._pids.items()}
        found.trainer_s, found.superres_s = spent['trainer'], spent['superres']
        return found

    def _take(self, message: Image) -> None:
        now = self._node.get_clock().now().nanoseconds
        self._latencies.append((now - stamp_ns(message.header)) / 1e9)

    def _hear(self, message: String) -> None:
        self.status = json.loads(message.data)


def main() -> int:
    """Run the benchmark; 1 when the recording does not verify."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--minutes', type=float, default=10.0, help='of collecting (default 10)')
    parser.add_argument('--idle', type=float, default=60.0, help='s before and after it')
    parser.add_argument('--rate', type=float, default=30.0)
    parser.add_argument('--model', default='fast_x4')
    parser.add_argument('--engine', default='auto')
    parser.add_argument('--keep-all', action='store_true', help='keep frames without motion, too')
    parser.add_argument('--folder', type=Path, help='on the disk to be written to')
    parser.add_argument('--out', type=Path, help='write the tables here, too (Markdown)')
    args = parser.parse_args()
    environ, _ = run_environment(os.environ)
    os.environ.update(environ)
    rclpy.init()
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        recording = Path(name) / 'recording'
        with Children(environ) as children:
            idle, busy, counts = _run(children, args, recording)
        found, summary = verify(recording), summarise(recording)
    rclpy.try_shutdown()
    _report(idle, busy, counts, args.out)
    size = f'{summary.frames} frames, {summary.bytes / 1e6:.0f} MB'
    print(f'\nThe recording has {size}, and {"verifies" if found.sound else found.problems}.')
    return 0 if found.sound else 1


def _run(
    children: Children, args: argparse.Namespace, recording: Path
) -> tuple[Phase, Phase, dict[str, Any]]:
    """Play all phases; return what was seen while idle and while collecting, and the counts."""
    namespace = f'/collecting_{os.getpid()}'
    trainer: dict[str, object] = {
        'recording': str(recording),
        'learning': str(recording.with_name('learning')),
        'min_disk_gigabytes': 0.5,
    }
    if args.keep_all:
        trainer['min_change'] = 0.0
    parameters: dict[str, dict[str, object]] = {
        'superres': {'model': args.model, 'engine': args.engine},
        'trainer': trainer,
        'camera': {
            'width': 320,
            'height': 240,
            'scale': 2,
            'rate': args.rate,
            'publish_truth': False,
            'profile': 'tof',
        },
    }
    for name, values in parameters.items():
        children.start(name, node_command(name, namespace, values))
    listener = Listener(namespace, children.pids())
    try:
        listener.until(listener.ready)
        idle = listener.phase(args.idle)
        print(listener.call('start_collecting'), flush=True)
        busy = listener.phase(60 * args.minutes)
        print(listener.call('stop_collecting'), flush=True)
        listener.until(lambda: listener.status['collecting']['state'] == 'idle')
        counts = listener.status['collecting']
        return idle + listener.phase(args.idle), busy, counts
    finally:
        listener.close()


def _report(idle: Phase, busy: Phase, counts: dict[str, Any], out: Path | None) -> None:
    title = '640x480 colour and 320x240 depth beside a superres node'
    publish(
        title,
        ['trainer', 's', 'its CPU, of one core', 'superres CPU ms a frame', 'enlarged frames a s',
         'latency p50 ms', 'p99 ms'],
        [
            idle.row('idle'),
            busy.row('collecting'),
            ['ratio', '', '', '', '', *(
                f'{busy.latency_ms(p) / idle.latency_ms(p):.2f}' for p in (50, 99)
            )],
        ],
        _told(busy, counts),
        out,
    )  # fmt: skip


def _told(busy: Phase, counts: dict[str, Any]) -> str:
    dropped = ', '.join(f'{number} {reason}' for reason, number in counts['dropped'].items())
    memory = busy.resident_mb
    tenth = max(1, len(memory) // 10)
    return (
        f'Frames offered {counts["offered"]} ({counts["offered"] / busy.seconds:.1f} a s), kept '
        f'{counts["kept"]} ({counts["kept"] / busy.seconds:.1f} a s); not kept: '
        f'{dropped or "none"}. Resident memory of the trainer, medians of a tenth of the time: '
        f'{median(memory[tenth : 2 * tenth] or memory):.0f} MB in the second, '
        f'{median(memory[-tenth:]):.0f} MB in the last; {max(memory):.0f} MB at most.'
    )


if __name__ == '__main__':
    sys.exit(main())
