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
Kill a trainer that collects, with SIGKILL, at random moments; look at the recording each time.

Every trainer goes on with the recording that the one before left. Each time the recording has to
verify, all frames recorded before have to be there, and so has what the trainer told that it had
kept; of the frame in hand, files without a line may be left, and nothing else::

    python benchmarks/collecting_kill.py --kills 10
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from report import publish
from robot import PATIENCE_S, frames_of, trainer_command
from std_msgs.msg import String

from cdst_ros.nodes.children import Children
from cdst_ros.nodes.watch import node_command, run_environment
from cdst_ros.recordings.layout import KINDS
from cdst_ros.recordings.reader import Recording
from cdst_ros.recordings.verify import verify


class Killed(NamedTuple):
    """
    One kill, and what it left.

    :param after_s: how long the trainer had been collecting [s]
    :param before: frames when it began
    :param told: frames of the recording that it had last told of
    :param left: frames afterwards
    :param files: images that belong to no line, by frame
    :param whole: whether the recording verifies and has the frames that were there before
    """

    after_s: float
    before: int
    told: int
    left: int
    files: dict[str, int]
    whole: bool

    @property
    def stood(self) -> bool:
        """Whether nothing but the frame in hand was lost."""
        return self.whole and len(self.files) <= 1 and self.left >= self.told


class Status:
    """What the trainer tells of itself."""

    def __init__(self, namespace: str) -> None:
        self._node = rclpy.create_node('listener', namespace=namespace)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self.last: dict[str, Any] = {}
        latched = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
        self._node.create_subscription(String, 'trainer/status', self._hear, latched)

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._node.destroy_node()

    @property
    def frames(self) -> int:
        """Frames of the recording, as last told."""
        return int(self.last.get('collecting', {}).get('frames', 0))

    def listen(self, seconds: float) -> None:
        """Listen for so long."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=min(rest, 0.02))

    def _hear(self, message: String) -> None:
        self.last = json.loads(message.data)


def kill_again_and_again(
    environ: dict[str, str], recording: Path, kills: int, rng: random.Random
) -> Iterator[Killed]:
    """Yield what each kill left."""
    namespace = f'/kill_{os.getpid()}'
    command = trainer_command(
        namespace, recording, collect=True, learning=str(recording.with_name('learning'))
    )
    camera: dict[str, object] = {
        'width': 320,
        'height': 240,
        'scale': 2,
        'profile': 'tof',
        'loop_frames': 12,
    }
    with Children(environ) as children:
        children.start('camera', node_command('camera', namespace, camera))
        for number in range(kills):
            name = f'trainer {number}'
            before = frames_of(recording)
            status = Status(namespace)
            children.start(name, command)
            _await(lambda before=before: len(frames_of(recording)) > len(before), status, children)
            began, delay_s = time.monotonic(), rng.uniform(0.0, 3.0)
            status.listen(delay_s)
            os.kill(children.pids()[name], signal.SIGKILL)
            after_s = time.monotonic() - began
            _await_end(children, name)
            told = status.frames
            status.close()
            after = frames_of(recording)
            whole = verify(recording).sound and after[: len(before)] == before
            yield Killed(after_s, len(before), told, len(after), _strays(recording), whole)


def _await(condition: Any, status: Status, children: Children) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            logs = '\n'.join(children.log(name) for name in children.pids())
            raise SystemExit(f'nothing is recorded. The processes said last:\n{logs}')
        status.listen(0.05)


def _await_end(children: Children, name: str) -> None:
    while (event := children.wait(PATIENCE_S)) is not None:
        if (event.child, event.name) == (name, 'exited'):
            return
    raise SystemExit(f'{name} does not end')


def _strays(recording: Path) -> dict[str, int]:
    """Return how many files of each frame belong to no line."""
    known = {i.file for frame in Recording(recording) for i in frame.entry.images.values()}
    found: dict[str, int] = {}
    for kind in KINDS:
        for file in sorted((recording / kind).iterdir()):
            if f'{kind}/{file.name}' not in known:
                frame = file.name.split('.')[0]
                found[frame] = found.get(frame, 0) + 1
    return found


def main() -> int:
    """Kill, and print the table; 1 if more than the frame in hand was ever lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--kills', type=int, default=10)
    parser.add_argument('--seed', type=int, default=0, help='of the moments')
    parser.add_argument('--folder', type=Path, help='on the disk to be written to')
    parser.add_argument('--out', type=Path, help='write the table here, too (Markdown)')
    args = parser.parse_args()
    environ, _ = run_environment(os.environ)
    os.environ.update(environ)
    rclpy.init()
    killed = []
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        rng = random.Random(args.seed)
        for one in kill_again_and_again(environ, Path(name) / 'recording', args.kills, rng):
            killed.append(one)
            print(one, flush=True)
    rclpy.try_shutdown()
    publish(
        'A trainer that collects, killed with SIGKILL',
        ['kill', 'collecting for s', 'frames before', 'told to be kept', 'frames afterwards',
         'files of the frame in hand', 'verified, all there'],
        [
            [number, f'{one.after_s:.2f}', one.before, one.told, one.left,
             sum(one.files.values()), 'yes' if one.whole else '**no**']
            for number, one in enumerate(killed, start=1)
        ],
        'Frames of 640x480 colour and 320x240 depth at 30 Hz, every one kept that there was time '
        'for. The next trainer went on with the same recording.',
        args.out,
    )  # fmt: skip
    return 0 if all(one.stood for one in killed) else 1


if __name__ == '__main__':
    sys.exit(main())
