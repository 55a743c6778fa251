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
The process that minds a job: ``python -m cdst_ros.learning.supervisor JOB``.

It runs one stage after the other, each as a child, and writes down how far it is. It may be
killed at any moment and started again: a stage that was begun is run again, and a training goes
on from its last checkpoint.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TextIO

from cdst_ros.learning.alone import alone
from cdst_ros.learning.background import born, bounded, dies_with_parent, give_way
from cdst_ros.learning.job import FAILED_MOST, HOPELESS, LOG, Job, JobError, Status
from cdst_ros.learning.stages import command

#: A stage that is killed so often in a row without getting any further is given up.
FUTILE_MOST = 3
#: How long a stage may take to end when it is asked to [s].
GRACE_S = 10.0
_LOOK_S = 0.1
#: With less room on its disk, a stage that broke off did so for that [bytes].
LEAST_ROOM = 64 << 20
#: Exit code: the job goes on when it is started again.
_STOPPED = 75


class Supervisor:
    """Minds one job until it has ended, or this process is asked to."""

    def __init__(self, job: Job, log: TextIO, lock: int) -> None:
        self._job = job
        self._order = job.order()
        self._log = log
        self._lock = lock
        self._asked = False
        self._further = False
        self._log_began = 0

    def stop(self, signum: int = 0, frame: FrameType | None = None) -> None:
        """Ask it to end; a signal handler."""
        self._asked = True

    def run(self) -> int:
        """Run what is left of the job; return the exit code."""
        status = self._job.status()
        if status.ended:
            return 0
        again = status.state == 'working'
        pid = os.getpid()
        status = self._write(
            replace(
                status,
                state='working',
                pid=pid,
                born=born(pid),
                resumed=status.resumed + again,
                reason='',
            )
        )
        if again:
            self._say(f'going on after interruption {status.resumed}')
        for stage in self._order.stages:
            while stage not in status.done:
                status = self._write(replace(status, stage=stage))
                status = self._after(status, stage, self._run(stage))
                if status.ended:
                    return 0 if status.state == 'finished' else 1
                if self._asked or status.reason:
                    return _STOPPED
        self._write(replace(status, state='finished', stage='', pid=0))
        return 0

    def _run(self, stage: str) -> int:
        """Run a stage; return its exit code, negative for a signal."""
        if self._asked or self._job.is_cancelled():
            return -signal.SIGTERM
        words = command(self._job, stage)
        self._say('$ ' + ' '.join(words))
        self._log_began = self._job.log_size()
        before = self._job.progress().get('step', 0)
        child = subprocess.Popen(
            words,
            env=bounded(dict(os.environ), self._order.threads),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            pass_fds=(self._lock,),
            preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509
        )
        asked_s = None
        while child.poll() is None:
            time.sleep(_LOOK_S)
            if self._asked or self._job.is_cancelled():
                if asked_s is None:
                    asked_s = time.monotonic()
                    child.terminate()
                elif time.monotonic() - asked_s > GRACE_S:
                    child.kill()
        self._further = self._job.progress().get('step', 0) > before
        return int(child.returncode)

    def _after(self, status: Status, stage: str, code: int) -> Status:
        """Return the status after a stage has ended with an exit code."""
        if code == 0:
            return self._write(replace(status, done=(*status.done, stage), futile=0, failed=0))
        if self._job.is_cancelled():
            self._say('cancelled')
            return self._write(replace(status, state='cancelled', pid=0))
        if self._asked:
            self._say('asked to end; started again, it goes on from here')
            return status
        if code > 0:
            return self._write(self._broken_off(status, stage, code))
        futile = 0 if self._further else status.futile + 1
        name = signal.Signals(-code).name
        self._say(f'{stage} was ended by {name}')
        if futile >= FUTILE_MOST:
            reason = (
                f'{stage} was ended by {name} {futile} times without getting further: is the '
                'memory full? The log of the kernel tells (journalctl -k)'
            )
            return self._write(self._failed(status, reason))
        return self._write(replace(status, resumed=status.resumed + 1, futile=futile))

    def _broken_off(self, status: Status, stage: str, code: int) -> Status:
        lack = lack_of_room(self._job.folder)
        if lack:
            return replace(status, reason=lack, pid=0)
        reason = f'{stage} failed: {self._job.tail(self._log_began)}'
        return self._failed(status, reason, hopeless=code == HOPELESS)

    def _failed(self, status: Status, reason: str, *, hopeless: bool = False) -> Status:
        failed = 1 if self._further else status.failed + 1
        return replace(
            status,
            state='failed',
            reason=reason,
            failed=FAILED_MOST if hopeless else failed,
            pid=0,
        )

    def _write(self, status: Status) -> Status:
        return self._job.write_status(status)

    def _say(self, text: str) -> None:
        print(f'{time.strftime("%Y-%m-%d %H:%M:%S")} {text}', file=self._log, flush=True)


def lack_of_room(folder: Path) -> str:
    """Return what to say of the disk of a folder; empty where it has room to work with."""
    if shutil.disk_usage(folder).free >= LEAST_ROOM:
        return ''
    return f'there is no room on the disk of {folder}: free some space, and it goes on'


def supervise(job: Job) -> int:
    """Mind a job; return the exit code: 0 when it has ended well, or another is at work."""
    with alone(job.folder.parent) as lock, (job / LOG).open('a', encoding='utf-8') as log:
        if lock is None:
            return 0
        try:
            supervisor = Supervisor(job, log, lock)
            give_way(job.order().priority)
            for signum in (signal.SIGTERM, signal.SIGINT):
                signal.signal(signum, supervisor.stop)
            return supervisor.run()
        except (JobError, OSError) as error:
            if lack_of_room(job.folder):
                return _STOPPED  # not even this can be written down; whoever looks sees the disk
            print(error, file=log, flush=True)
            job.write_status(replace(job.status(), state='failed', reason=str(error), pid=0))
            return 1


if __name__ == '__main__':
    sys.exit(supervise(Job(Path(sys.argv[1]))))
