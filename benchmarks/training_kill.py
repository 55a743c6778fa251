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
Kill a training with SIGKILL at random moments, and see that it goes on each time.

A job learns from a recording of a synthetic camera. At a random step the training alone is
killed, or every process of the job at once, as when the power fails; then the job is resumed as
the trainer node does. At the end the model is held against that of a job which nobody disturbed::

    python benchmarks/training_kill.py --out training_kill.md
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import onnx
from onnx import numpy_helper
from report import publish

from cdst_ros.learning.background import born
from cdst_ros.learning.job import Job, Order
from cdst_ros.learning.workshop import Workshop, wait_for
from cdst_ros.recordings.verify import verify
from cdst_ros.recordings.writer import Picture, RecordingWriter
from cdst_ros.superres.store import shipped_models
from cdst_ros.synthetic import SyntheticCamera, load_profile

#: Steps between checkpoints: what a kill may cost.
EVERY = 20
#: How long anything may take [s].
PATIENCE_S = 3600.0


class Kill(NamedTuple):
    """One kill: what was killed, the step it was at, and the step that it went on from."""

    what: str
    at: int
    resumed_from: int
    seconds: float


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').split('\n\n')[0])
    parser.add_argument('--kills', type=int, default=10)
    parser.add_argument('--steps', type=int, default=300)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--out', type=Path, help='write the table here, .md or .json')
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows, notes = measure(Path(folder), arguments.kills, arguments.steps, arguments.seed)
    header = ['', 'killed', 'at step', 'goes on from', 's until it trains again']
    publish('Killing a training', header, rows, notes, arguments.out)


def measure(folder: Path, kills: int, steps: int, seed: int) -> tuple[list[list[str]], str]:
    """Return the rows of the table, and what came of it all."""
    recording = record(folder / 'room')
    order = Order(
        recording=str(recording),
        base=str(shipped_models()['fast_x4']),
        name='killed',
        steps=steps,
        gap_s=0.5,
        priority='normal',
        judge_frames=10,
        overrides=(f'checkpoint_every={EVERY}', 'data.pool=4'),
    )
    undisturbed = run(Workshop(folder / 'undisturbed'), order)
    workshop = Workshop(folder / 'jobs')
    job = workshop.start(order)
    rng = random.Random(seed)
    found = []
    for number in range(kills):
        # A tenth of the way for each, so that all of them come before the end.
        low, high = (round(steps * (number + share) / (kills + 1)) for share in (0.3, 1.0))
        found.append(kill(workshop, job, rng.randint(max(1, low), max(1, high)), rng))
    status = wait_for(workshop, job, PATIENCE_S)
    rows = [
        [str(number), one.what, str(one.at), str(one.resumed_from), f'{one.seconds:.1f}']
        for number, one in enumerate(found, start=1)
    ]
    sound = 'verifies' if verify(recording).sound else 'is damaged'
    equal = 'equal to the bit' if same_weights(undisturbed, job) else 'different'
    notes = (
        f'Checkpoints every {EVERY} of {steps} steps. The job is {status.state} after '
        f'{status.resumed} resumptions. The recording {sound}. The weights of its model and of '
        f'one that nobody disturbed are {equal}.'
    )
    return rows, notes


def run(workshop: Workshop, order: Order) -> Job:
    """Have a job done that nobody disturbs."""
    job = workshop.start(order)
    status = wait_for(workshop, job, PATIENCE_S)
    if status.state != 'finished':
        raise SystemExit(f'the job that nobody disturbed {status.state}: {status.reason}')
    return job


def kill(workshop: Workshop, job: Job, step: int, rng: random.Random) -> Kill:
    """Kill at a step, and wait until it trains again."""
    until(lambda: job.progress().get('step', 0) >= step)
    everything = rng.random() < 0.5
    status = job.status()
    training = child_of(status.pid)
    began_s = time.monotonic()
    if everything:
        os.killpg(status.pid, signal.SIGKILL)
    else:
        os.kill(training, signal.SIGKILL)
    until(lambda: not born(training))
    at = int(job.progress()['step'])
    before = (job / 'log.txt').stat().st_size
    if everything:
        until(lambda: not workshop.is_minded())
        workshop.resume()

    def told() -> int | None:
        text = (job / 'log.txt').read_bytes()[before:].decode(errors='replace')
        lines = [line for line in text.splitlines() if line.startswith('training from step ')]
        return int(lines[0].split()[3]) if lines else None

    until(lambda: told() is not None)
    resumed_from = told()
    assert resumed_from is not None
    what = 'all processes' if everything else 'the training'
    return Kill(what, at, resumed_from, time.monotonic() - began_s)


def child_of(pid: int) -> int:
    """Return the process that another has started."""
    found = until(lambda: Path(f'/proc/{pid}/task/{pid}/children').read_text().split())
    return int(found[0])


def until(condition: Callable[[], Any]) -> Any:
    """Wait for a condition; return what it returned."""
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        if time.monotonic() > end:
            raise SystemExit('nothing has happened for too long')
        time.sleep(0.01)
    return found


def same_weights(one: Job, other: Job) -> bool:
    """Return whether two models hold the same weights."""
    ours, theirs = (
        {
            t.name: numpy_helper.to_array(t).tobytes()
            for t in onnx.load(str(job.model())).graph.initializer
        }
        for job in (one, other)
    )
    return ours == theirs


def record(folder: Path) -> Path:
    """Record a synthetic stereo camera, with the truth as its reference."""
    camera = SyntheticCamera(
        3, 40, 30, scale=4, rate_hz=5.0, profile=load_profile('stereo'), frames=60
    )
    with RecordingWriter(folder, rate_hz=5.0) as writer:
        for number in range(60):
            frame = camera.frame(number)
            writer.append(
                frame.stamp_ns,
                Picture(frame.depth, frame.frame_id, frame.camera),
                reference=Picture(frame.truth_mm, frame.frame_id, frame.camera_hr),
                pose=frame.pose,
            )
    return folder


if __name__ == '__main__':
    main()
