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
Collect under bad circumstances; note what the trainer says, and that nothing is lost.

Each has a trainer process of its own, reached over DDS by a robot that sees a room. Frames are
recorded, the circumstance comes, and goes; then every frame recorded before has to be there, the
recording has to verify, and the next good frame has to be kept::

    python benchmarks/bad_circumstances.py --markdown docs/bad-circumstances.md
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import rclpy
from report import command, machine, markdown
from robot import (
    PATIENCE_S,
    Robot,
    as_seen_by,
    environment,
    frames_of,
    trainer_command,
    walk,
)

from cdst_ros.learning.job import LOG, Job
from cdst_ros.learning.supervisor import LEAST_ROOM
from cdst_ros.learning.workshop import Workshop
from cdst_ros.nodes.children import Children
from cdst_ros.recordings.verify import verify

#: Size of the disk that is filled, and of a file on it that makes room when it goes [bytes].
_DISK, _FILLER = 2_000_000, 600_000
#: How long a training may take to do anything, beside other work [s].
_TRAINING_S = 600.0
_numbers = count()


@dataclass
class Stage:
    """
    What a case plays on.

    :param robot: that sends frames
    :param folder: of the recording, as this process reaches it
    :param pid: of the trainer
    :param start: starts one more trainer on the same recording, of this node name
    """

    robot: Robot
    folder: Path
    pid: int
    start: Callable[[str], None]


def _keeps_a_frame(stage: Stage) -> str:
    met = len(frames_of(stage.folder))
    kept = stage.robot.send_until(lambda: len(frames_of(stage.folder)) > met)
    return 'the next frame is kept' if kept else ''


@dataclass(frozen=True)
class Case:
    """
    One circumstance.

    :param name: what it is
    :param says: pattern of what has to be said
    :param come: brings it about, once; what it returns is what was said, else frames are sent and
        the log is listened to
    :param go: undoes it
    :param streams: that are sent meanwhile
    :param parameters: of the trainer
    :param prefix: runs the trainer in an environment of its own, given the folder
    :param needs: tries whether this machine has that environment
    :param frames: that are recorded before
    :param learning: folder that is learned in
    :param goes_on: lets it go on after all, and returns what it did; empty where it does not
    """

    name: str
    says: str
    come: Callable[[Stage], str | None]
    go: Callable[[Stage], None] = lambda stage: None
    streams: Sequence[str] = ('depth', 'rgb')
    parameters: dict[str, object] = field(default_factory=dict)
    prefix: Callable[[Path], list[str]] = lambda folder: []
    needs: Sequence[str] = ()
    frames: int = 3
    learning: str = 'learning'
    goes_on: Callable[[Stage], str] = _keeps_a_frame


class Outcome(NamedTuple):
    """
    How it ended.

    :param said: by the trainer
    :param before: frames recorded before
    :param whole: whether these are there still, and the recording verifies
    :param goes_on: what it did afterwards; empty where it did not go on
    """

    said: str
    before: int
    whole: bool
    goes_on: str


def run(case: Case, folder: Path) -> Outcome | None:
    """Play one case in an empty folder; None where this machine cannot."""
    if case.needs and subprocess.run(case.needs, capture_output=True, check=False).returncode:
        return None
    namespace = f'/circumstance_{os.getpid()}_{next(_numbers)}'
    recording = folder / 'disk' / 'recording'
    recording.parent.mkdir()

    def trainer(node: str) -> list[str]:
        values = {'learning': str(folder / f'{case.learning}_{node}'), **case.parameters}
        return [
            *case.prefix(recording.parent),
            *trainer_command(namespace, recording, **values),
            *('-r', f'__node:={node}'),
        ]

    with Children(os.environ) as children:
        children.start('trainer', trainer('trainer'))
        pid = children.pids()['trainer']
        robot = Robot(children, namespace)
        try:
            stage = Stage(
                robot,
                as_seen_by(pid, recording),
                pid,
                lambda node: children.start(node, trainer(node)),
            )
            return _play(case, stage)
        finally:
            robot.close()


def _play(case: Case, stage: Stage) -> Outcome:
    robot = stage.robot
    if case.frames:
        answer = robot.call('start_collecting')
        assert answer.success, answer.message
        enough = robot.send_until(lambda: len(frames_of(stage.folder)) >= case.frames)
        assert enough, robot.output()
    else:
        assert robot.wait(lambda: robot.call('stop_collecting'), PATIENCE_S)
    before, since = frames_of(stage.folder), len(robot.log)
    said = case.come(stage) or ''
    if not said:
        robot.send_until(lambda: robot.heard(case.says, since), case.streams)
        said = robot.heard(case.says, since)
    with suppress(FileNotFoundError):
        before = [*before, *(f for f in frames_of(stage.folder) if f not in before)]
    case.go(stage)
    if not case.frames:
        assert robot.call('start_collecting').success, robot.output()
    goes_on = case.goes_on(stage)
    robot.call('stop_collecting')
    after = frames_of(stage.folder)
    whole = after[: len(before)] == before and verify(stage.folder).sound
    return Outcome(said, len(before), whole, goes_on)


def cases() -> list[Case]:
    """Return the circumstances of collecting, in a fixed order."""
    return [
        Case(
            'disk full',
            'not written.*No space left',
            _nothing,
            _make_room,
            prefix=lambda disk: _small_disk(disk, _DISK, _FILLER),
            needs=('unshare', '-Urm', 'true'),
        ),
        Case(
            'disk nearly full, min_disk_gigabytes is 0.001',
            'over budget.*left on the disk',
            _nothing,
            _make_room,
            parameters={'min_disk_gigabytes': 0.001},
            prefix=lambda disk: _small_disk(disk, _DISK, _FILLER),
            needs=('unshare', '-Urm', 'true'),
        ),
        Case(
            'permission denied, from the start',
            'Permission denied',
            _forbid_and_start,
            _allow,
            prefix=_without_privileges,
            needs=('unshare', '-U', 'true'),
            frames=0,
        ),
        Case(
            'permission denied, while collecting',
            'not written.*Permission denied',
            lambda stage: _forbid(stage.folder / 'depth'),
            lambda stage: _permit(stage.folder / 'depth'),
            prefix=_without_privileges,
            needs=('unshare', '-U', 'true'),
        ),
        Case(
            'the folder taken away, while collecting',
            'not written.*Put the folder back',
            lambda stage: _move(stage.folder, '.away'),
            lambda stage: _move(stage.folder.with_name('recording.away'), ''),
        ),
        Case(
            'clock jumping back by an hour, of camera and robot',
            'the stamps ran back by',
            lambda stage: _set_clock(stage, -3600.0),
            parameters={'max_age': 0.0},
        ),
        Case(
            'clock of the camera alone off by an hour',
            'stale',
            lambda stage: _set_clock(stage, 3600.0),
            lambda stage: _set_clock(stage, 0.0),
        ),
        Case(
            'colour stopping',
            'no pair is complete.*rgb',
            lambda stage: stage.robot.withdraw('rgb'),
            streams=('depth',),
        ),
        Case('reference with the size of the depth', 'reference is 96x84', _send_small_reference),
        Case(
            'reference with the camera_info of another size',
            'its camera_info',
            _send_odd_reference,
        ),
        Case('two trainers on one folder', 'is writing to', _start_another),
    ]


def _nothing(stage: Stage) -> None:
    """Let the frames that are sent do it."""


def _small_disk(disk: Path, size: int, filler: int) -> list[str]:
    """Give the trainer a disk of its own, with a file on it that may go [bytes]."""
    script = (
        f'mount -t tmpfs -o size={size} tmpfs {disk} && head -c {filler} /dev/zero '
        f'> {disk}/filler && exec "$@"'
    )
    return ['unshare', '-Urm', 'sh', '-c', script, 'sh']


def full_disk_of_training() -> Case:
    """Return the circumstance of a training; not among the others, for it needs torch."""
    return Case(
        'disk full, while training',
        'no room on the disk.*it goes on',
        _train_until_full,
        _make_room,
        # The recording, and room for a training; what is on the disk beside them may go.
        prefix=lambda disk: _small_disk(disk, 3 * LEAST_ROOM, LEAST_ROOM),
        needs=('unshare', '-Urm', 'true'),
        parameters={'base_model': 'lite_x2', 'steps': 400, 'priority': 'normal'},
        frames=60,
        learning='disk/learning',
        goes_on=_trains_on,
    )


def _train_until_full(stage: Stage) -> str:
    """Have it trained past a checkpoint, fill the disk, and return what the status says then."""
    robot = stage.robot
    robot.call('stop_collecting')
    answer = robot.call('train')
    assert answer.success, answer.message
    assert robot.wait(lambda: list(_job(stage).folder.glob('runs/*/*.ckpt')), _TRAINING_S)
    with suppress(OSError), (stage.folder.parent / 'more').open('wb') as more:
        while True:
            more.write(bytes(4096))
            more.flush()
    robot.wait(lambda: robot.status['learning']['job']['reason'], _TRAINING_S)
    return str(robot.status['learning']['job']['reason'])


def _trains_on(stage: Stage) -> str:
    job = _job(stage)

    def told() -> list[str]:
        lines = (job / LOG).read_text(encoding='utf-8').splitlines()
        return [line for line in lines if line.startswith('training from step ')]

    began = len(told())
    stage.robot.wait(lambda: len(told()) > began, _TRAINING_S)
    at = job.progress().get('step', 0)
    stage.robot.wait(lambda: job.progress().get('step', 0) > at, _TRAINING_S)
    return f'the training goes on {told()[-1].removeprefix("training ")}'


def _job(stage: Stage) -> Job:
    jobs = Workshop(stage.folder.parent / 'learning_trainer' / 'jobs')
    job = jobs.latest()
    assert job is not None
    return job


def _make_room(stage: Stage) -> None:
    for name in ('filler', 'more'):
        (stage.folder.parent / name).unlink(missing_ok=True)


def _without_privileges(disk: Path) -> list[str]:
    """Run the trainer as this user and no more: permissions do not hold root up."""
    return ['unshare', '-U']


def _forbid(folder: Path) -> None:
    folder.chmod(0o555)


def _permit(folder: Path) -> None:
    folder.chmod(0o755)


def _forbid_and_start(stage: Stage) -> str:
    _forbid(stage.folder.parent)
    return str(stage.robot.call('start_collecting').message)


def _allow(stage: Stage) -> None:
    _permit(stage.folder.parent)


def _move(folder: Path, suffix: str) -> None:
    folder.rename(folder.with_name(f'recording{suffix}'))


def _set_clock(stage: Stage, error_s: float) -> None:
    stage.robot.clock_error_s = error_s


def _send_small_reference(stage: Stage) -> str:
    frame = walk()[0]
    small = replace(
        frame, truth_mm=frame.truth_mm[::2, ::2].copy(), camera_hr=frame.camera, color=frame.color
    )
    return _send_reference(stage, small, 'reference is')


def _send_odd_reference(stage: Stage) -> str:
    frame = walk()[0]
    return _send_reference(
        stage, replace(frame, truth_mm=frame.truth_mm[:100, :150]), 'its camera'
    )


def _send_reference(stage: Stage, frame: Any, says: str) -> str:
    """Send good pairs beside a reference that is none; return what is said of it."""
    robot, since = stage.robot, len(stage.robot.log)

    def said() -> bool:
        robot.send(('reference',), frame)
        robot.send()
        robot.wait(lambda: robot.heard(says, since), 0.1)
        return bool(robot.heard(says, since))

    robot.wait(said, PATIENCE_S)
    return robot.heard(says, since)


def _start_another(stage: Stage) -> str:
    stage.start('another')
    return str(stage.robot.call('start_collecting', 'another').message)


def main() -> int:
    """Try every case, and print the table; 1 if one of them was not stood."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--markdown', type=Path, help='write the table to this file, too')
    options = parser.parse_args()
    environment()
    rclpy.init()
    rows, stood = [], True
    for case in [*cases(), full_disk_of_training()]:
        with tempfile.TemporaryDirectory() as name:
            outcome = run(case, Path(name))
            shutil.rmtree(name, onerror=lambda *_: None)
            Path(name).mkdir(exist_ok=True)
        rows.append([case.name, *_told(outcome, name)])
        print(*rows[-1], sep='\n    ', flush=True)
        stood &= outcome is None or bool(
            re.search(case.says, outcome.said) and outcome.whole and outcome.goes_on
        )
    rclpy.try_shutdown()
    header = ['circumstance', 'what the trainer said', 'frames before', 'all there, verified',
              'afterwards']  # fmt: skip
    text = _document(markdown(header, rows))
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding='utf-8')
    return 0 if stood else 1


def _told(outcome: Outcome | None, folder: str) -> list[str]:
    if outcome is None:
        return ['not tried: this machine lets nobody unshare(1)', '-', '-', '-']
    said = outcome.said.replace(folder, '').replace(sys.executable, 'python').replace('|', '/')
    said = re.sub(r'/circumstance_\d+_\d+', '', ' '.join(said.split())) or 'nothing'
    return [
        said,
        str(outcome.before),
        'yes' if outcome.whole else '**no**',
        outcome.goes_on or '**it does not go on**',
    ]


def _document(table: str) -> str:
    return (
        '# Bad circumstances, and what the trainer says\n\n'
        'Each came over a `trainer` process that was collecting, the last over one that was '
        'training, and went again. Every frame recorded before has to be there afterwards, the '
        'recording has to verify, and the next good frame has to be kept; a training has to go on '
        f'from its checkpoint.\n\n`{command()}`, {date.today()}, {machine()}\n\n{table}\n'
    )


if __name__ == '__main__':
    sys.exit(main())
