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
The demo of learning: a robot that walks, collects, trains, accepts, and walks the same way again.

Every part is a process of its own, over real DDS. This module starts nodes; it is none itself,
and imports no rclpy.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cdst_ros.learning.workshop import Workshop, wait_for
from cdst_ros.nodes.children import Children
from cdst_ros.nodes.watch import (
    Progress,
    RunError,
    Watch,
    check_ros,
    node_command,
    run_environment,
)
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.store import find_model

#: What the trainer hears its reference on: the camera publishes it as the truth.
_REMAPPED = {
    'reference/image_raw': 'truth/image_raw',
    'reference/camera_info': 'truth/camera_info',
}
#: The truth of one frame in so many is published where it only scores.
_TRUTH_EVERY = 4
#: So long without a word from any process means that something hangs [s].
_PATIENCE_S = 300.0
#: Folder of all that is learned, and how long a training may take to end when it is asked to [s].
_LEARNING, _CANCEL_S = 'learning', 15.0
#: How long after the last frame collecting ends [s].
_STILL_S = 8.0


@dataclass(frozen=True)
class LearningDemo:
    """
    What to run.

    :param profile: of the synthetic sensor
    :param model: that runs at first, name or path
    :param width: of the synthetic camera [px]
    :param height: of the synthetic camera [px]
    :param frames: that the camera plays to be collected
    :param scored: frames that it plays to be scored, before and after
    :param rate_hz: frames a second
    :param room: number of the room that is learned from
    :param other_room: number of the room that is scored in, which is never learned from
    :param steps: of training
    :param folder: to learn in, which stays; None for one that is removed
    """

    profile: str = 'stereo'
    model: str = 'lite_x4'
    width: int = 160
    height: int = 120
    frames: int = 120
    scored: int = 60
    rate_hz: float = 10.0
    room: int = 21
    other_room: int = 10
    steps: int = 300
    folder: Path | None = None


def run_learning_demo(
    demo: LearningDemo, environ: Mapping[str, str], progress: Progress
) -> dict[str, Any]:
    """
    Run the demo to its end and return what it measured, as JSON values.

    ``before`` and ``after``: the evaluator's reports; ``offer``: what was offered; ``accepted``:
    what the trainer node said; ``seconds``: how long it all took.

    :param environ: of this process; what the user has set there is kept
    :raises ModelError: when the model cannot be used
    :raises RunError: when a process fails or hangs
    """
    check_ros()
    began_s = time.monotonic()
    scale = read_metadata(find_model(demo.model)).scale
    child_environ, shared = run_environment(environ)
    with tempfile.TemporaryDirectory(prefix='cdst_ros_') as temporary:
        folder = demo.folder or Path(temporary)
        with _no_training_left(folder / _LEARNING / 'jobs'), Children(child_environ) as children:
            run = _Run(demo, scale, folder, children, progress)
            children.start('superres', run.command('superres', {'model': demo.model}))
            children.start('trainer', run.command('trainer', run.trainer(), _REMAPPED))
            before = run.score('before')
            learned = run.learn()
            after = run.score('after')
    return {
        'before': before,
        'after': after,
        **learned,
        'profile': demo.profile,
        'seconds': time.monotonic() - began_s,
        'folder': str(demo.folder or ''),
        **shared,
        'date': datetime.now(timezone.utc).isoformat(timespec='seconds'),
    }


@contextmanager
def _no_training_left(jobs: Path) -> Iterator[None]:
    """End a training that goes on when the demo is broken off: it would outlive it."""
    try:
        yield
    finally:
        workshop = Workshop(jobs)
        job = workshop.cancel()
        if job is not None:
            wait_for(workshop, job, _CANCEL_S)
            workshop.kill(job)


class _Run:
    """One run: its processes, and what they tell."""

    def __init__(
        self,
        demo: LearningDemo,
        scale: int,
        folder: Path,
        children: Children,
        progress: Progress,
    ) -> None:
        self._demo = demo
        self._scale = scale
        self._folder = folder
        self._children = children
        self._progress = progress
        self._namespace = f'/learning_{os.getpid()}'

    def command(
        self,
        node: str,
        parameters: Mapping[str, object],
        remappings: Mapping[str, str] | None = None,
    ) -> list[str]:
        """Return the command line of a node."""
        return node_command(node, self._namespace, parameters, remappings)

    def trainer(self) -> dict[str, object]:
        """Return the parameters of the trainer node."""
        return {
            'recording': str(self._folder / 'room'),
            'learning': str(self._folder / _LEARNING),
            'color': 'none',
            'reference': 'required',
            # A walk of seconds: neighbours are to be kept, too, and the disk is the machine's.
            'min_change': 0.02,
            'min_valid': 0.1,
            'max_age': 0.0,
            'min_disk_gigabytes': 0.2,
            'steps': self._demo.steps,
            'priority': 'low',
            'gap': 1.0,
            'judge_frames': 20,
            'sensor': self._demo.profile,
        }

    def score(self, when: str) -> dict[str, Any]:
        """Walk through the other room, and return what the evaluator finds."""
        demo = self._demo

        def tell(doing: str, done: int, total: int) -> None:
            self._progress(f'{when}: {doing}', done, total)

        self._start_camera(demo.other_room, demo.scored, _TRUTH_EVERY, subscribers=2)
        self._children.start(
            'evaluator',
            self.command(
                'evaluator',
                {'model': demo.model, 'running': False, 'events': True, 'score_frames': 100},
            ),
        )
        return Watch(self._children, demo.scored, tell).until_reported()

    def learn(self) -> dict[str, Any]:
        """Walk through the room, and have the operator train on that; return what came of it."""
        demo = self._demo
        self._start_camera(demo.room, demo.frames, 1, subscribers=1)
        self._children.start(
            'operator',
            self.command(
                'operator', {'frames': demo.frames, 'patience': _STILL_S, 'events': True}
            ),
        )
        found: dict[str, Any] = {}
        while True:
            event = self._children.wait(_PATIENCE_S)
            if event is None:
                raise RunError(f'nothing has happened for {_PATIENCE_S:.0f} s:\n{self._log()}')
            values = event.values
            if event.name == 'exited':
                if event.child == 'operator' and 'accepted' in found:
                    return found
                if values['code'] or event.child not in ('camera', 'evaluator'):
                    raise RunError(
                        f'the {event.child} node ended early (exit code {values["code"]}). It '
                        f'said last:\n{self._children.log(event.child) or "nothing"}'
                    )
            elif event.name == 'prepared':
                self._progress('preparing frames', values['done'], values['total'])
            elif event.name == 'collected':
                self._progress('collecting', values['frames'], values['wanted'])
            elif event.name == 'trained':
                self._progress(values['stage'] or 'starting', values['step'], values['steps'])
            elif event.name == 'offered':
                found['offer'] = values
            elif event.name == 'accepted':
                found['accepted'] = values['said']
            elif event.name == 'gave_up':
                raise RunError(values['reason'])

    def _start_camera(self, room: int, frames: int, truth_every: int, subscribers: int) -> None:
        self._children.start(
            'camera',
            self.command(
                'camera',
                {
                    'seed': room,
                    'profile': self._demo.profile,
                    'width': self._demo.width,
                    'height': self._demo.height,
                    'scale': self._scale,
                    'rate': float(self._demo.rate_hz),
                    'frames': frames,
                    # One way, not to and fro: what is held out shall not have been seen before.
                    'loop_frames': frames,
                    'truth_every': truth_every,
                    'publish_colour': False,
                    'wait_for_subscribers': subscribers,
                    'events': True,
                },
            ),
        )

    def _log(self) -> str:
        return '\n'.join(
            f'{name}:\n{self._children.log(name, 5) or "nothing"}'
            for name in self._children.pids()
        )
