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
"""A folder of jobs: start one, look how far it is, have it go on, cancel it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cdst_ros.learning.alone import is_taken
from cdst_ros.learning.background import born
from cdst_ros.learning.job import (
    CANCELLED,
    FAILED_MOST,
    LOG,
    ORDER,
    Job,
    JobError,
    Order,
    Status,
)
from cdst_ros.learning.parts import divide
from cdst_ros.learning.stages import has_checkpoint
from cdst_ros.learning.supervisor import lack_of_room
from cdst_ros.recordings.atomic import write_file
from cdst_ros.recordings.reader import read_entries
from cdst_ros.superres.contract import read_metadata

_SUFFIX, _CONFIGS = '.onnx', ('.yaml', '.yml')
#: Jobs that have ended are kept, the newest so many.
KEPT = 8
#: What a job may be asked for otherwise when it goes on.
_FREE = {'threads', 'priority', 'python'}
#: How long the processes of a job that has ended may take to go [s].
_LEAVE_S = 5.0
#: Variables that only ROS reads.
_FOREIGN = ('ROS_', 'RMW_', 'RCUTILS_', 'FASTRTPS_', 'FASTDDS_', 'CYCLONEDDS_')


class Workshop:
    """
    Jobs, one at a time; they outlive the process that starts them.

    :param folder: of the jobs, made when the first is started
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: Minders that this process started: once they end, it has to take note of that.
        self._children: list[subprocess.Popen[bytes]] = []

    def jobs(self) -> list[Job]:
        """Return the jobs, the oldest first."""
        return [Job(file.parent) for file in sorted(self.folder.glob(f'*/{ORDER}'))]

    def latest(self) -> Job | None:
        """Return the newest job."""
        jobs = self.jobs()
        return jobs[-1] if jobs else None

    def at_work(self) -> Job | None:
        """Return the job that has not ended, whether or not a process minds it."""
        return next((job for job in reversed(self.jobs()) if not job.status().ended), None)

    def is_minded(self) -> bool:
        """Return whether a process is at work on a job."""
        self._children = [child for child in self._children if child.poll() is None]
        return is_taken(self.folder)

    def is_over(self, job: Job) -> bool:
        """Return whether a job has ended, and its processes with it."""
        return not self.is_minded() and job.status().ended

    def start(self, order: Order) -> Job:
        """
        Begin a job; returns at once.

        Models and configuration are copied, so that whatever becomes of their files changes
        nothing.

        :raises JobError: when another is at work, the recording has too few frames, or the model
            to start from is guided
        :raises RecordingError: when the recording cannot be read
        :raises ModelError: when a model cannot be used
        :raises OSError: when the disk refuses
        """
        self._refuse_a_second()
        if not order.candidate:
            _refuse_guided(order.base)
        entries = read_entries(Path(order.recording)).entries
        divide(entries, order.held_out, order.gap_s)
        self._tidy()
        folder = self.folder / _free_name(self.folder)
        folder.mkdir(parents=True)
        job = Job.create(
            folder,
            replace(
                order,
                recording=str(Path(order.recording).resolve()),
                base=_copied(order.base, folder / 'base'),
                candidate=order.candidate and _copied(order.candidate, folder / 'candidate'),
                config=_kept(order.config, folder),
            ),
        )
        self._mind(job)
        return job

    def _refuse_a_second(self) -> None:
        present = self.at_work()
        last = self.latest()
        if present is None and last is not None:
            wait_for(self, last, _LEAVE_S)
        if present is not None or self.is_minded():
            raise JobError(
                f'{present.name if present else "another job"} is at work in {self.folder}: wait '
                'for it, or cancel it'
            )

    def failed_before(self, order: Order) -> Job | None:
        """Return the last job, where it failed, was asked for the same, and can go on."""
        job = self.latest()
        if job is None or not can_go_on(job):
            return None
        return job if set(job.order().differing(order)) <= _FREE else None

    def take_up(self, job: Job, order: Order) -> Job:
        """
        Have a job that has failed go on with the frames that it has; returns at once.

        :param order: tells how it is run from now on: by which interpreter, with which priority
        :raises JobError: when another is at work
        :raises OSError: when the disk refuses
        """
        self._refuse_a_second()
        job.change_order(**{name: getattr(order, name) for name in _FREE})
        # As if it had been interrupted where it failed.
        job.write_status(replace(job.status(), state='working', futile=0, reason=''))
        self._mind(job)
        return job

    def last_finished(self) -> Job | None:
        """Return the newest job that has made a model."""
        finished = (job for job in reversed(self.jobs()) if job.status().state == 'finished')
        return next(finished, None)

    def resume(self) -> Job | None:
        """Have the job that has not ended go on, unless a process minds it; return it."""
        job = self.at_work()
        if job is None or self.is_minded():
            return job
        if job.is_cancelled():
            self._conclude(job)
            return None
        if not self.waits_for_room(job):
            self._mind(job)
        return job

    def _mind(self, job: Job) -> None:
        """Start the process that minds a job."""
        with (job / LOG).open('ab') as log:
            self._children.append(
                subprocess.Popen(
                    [sys.executable, '-m', 'cdst_ros.learning.supervisor', str(job.folder)],
                    env=_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # A session of its own: neither Ctrl-C nor the end of the node reaches it.
                    start_new_session=True,
                )
            )

    def waits_for_room(self, job: Job) -> str:
        """
        Return what a job says that nobody minds, for its disk is full; empty for any other.

        By the disk, and not by what the job has noted: where nothing fits, neither does a note.
        """
        lack = lack_of_room(job.folder)
        return lack if lack and not is_taken(self.folder) else ''

    def cancel(self) -> Job | None:
        """Ask the job at work to end for good; returns at once. None when there is none."""
        job = self.at_work()
        if job is None:
            return None
        write_file(job / CANCELLED, b'')
        if not self._signal(job, signal.SIGTERM) and not self.is_minded():
            self._conclude(job)
        return job

    def stop(self, job: Job) -> None:
        """Ask the processes of a job to end; it goes on from there when it is resumed."""
        self._signal(job, signal.SIGTERM)

    def kill(self, job: Job) -> None:
        """End the processes of a cancelled job that did not end when they were asked to."""
        if not job.status().ended:
            self._signal(job, signal.SIGKILL)
            self._conclude(job)

    def _signal(self, job: Job, signum: signal.Signals) -> bool:
        """Send a signal to the minder; a firm one to all of its session. False if it has gone."""
        status = job.status()
        # The number may have gone to another process since.
        if not status.pid or born(status.pid) != status.born:
            return False
        try:
            if signum == signal.SIGKILL:
                os.killpg(status.pid, signum)
            else:
                os.kill(status.pid, signum)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def _conclude(self, job: Job) -> None:
        status = job.status()
        job.write_status(replace(status, state='cancelled', pid=0))

    def _tidy(self) -> None:
        """Remove all but the newest jobs."""
        for job in self.jobs()[: -KEPT + 1]:
            shutil.rmtree(job.folder, ignore_errors=True)


def can_go_on(job: Job) -> bool:
    """
    Return whether a job that has failed may go on from its checkpoint, asked for once more.

    Not where it would fail as it did: for its configuration, which a training without a
    checkpoint never got past, for a loss that is not finite, or in the same place twice.
    """
    status = job.status()
    return status.state == 'failed' and status.failed < FAILED_MOST and has_checkpoint(job)


def wait_for(workshop: Workshop, job: Job, timeout_s: float) -> Status:
    """Return the status of a job once it and its processes have ended, or the time is up."""
    end_s = time.monotonic() + timeout_s
    while not workshop.is_over(job) and time.monotonic() < end_s:
        time.sleep(0.05)
    return job.status()


def _free_name(folder: Path) -> str:
    """Return the time as a name, with a number where that is taken."""
    stem = datetime.now().strftime('%Y%m%d-%H%M%S')
    names = (stem, *(f'{stem}-{number}' for number in range(2, 100)))
    return next(name for name in names if not (folder / name).exists())


def _refuse_guided(base: str) -> None:
    """Refuse a start that sees colour: what a job makes better is a network of depth alone."""
    metadata = read_metadata(base)
    if metadata.guided:
        raise JobError(
            f'{metadata.name} is guided: it sees colour when it runs. What can be adapted is a '
            'model of depth alone: start from one, such as lite_x4. A guided model can then be '
            'trained beside what comes of it: cdst-ros train guided_x4 start=ADAPTED.onnx'
        )


def _copied(model: str, folder: Path) -> str:
    """Copy a model under the name that it has; return the copy."""
    metadata = read_metadata(model)
    folder.mkdir(parents=True)
    return str(shutil.copyfile(model, folder / f'{metadata.name}{_SUFFIX}'))


def _kept(config: str, folder: Path) -> str:
    """Copy a file of configuration into a job; return the copy, or the name of a shipped one."""
    file = Path(config).expanduser()
    if file.suffix not in _CONFIGS or not file.is_file():
        return config
    return str(shutil.copyfile(file, folder / file.name))


def _environment() -> dict[str, str]:
    """Return the variables of this process without those of ROS: a training has none."""
    return {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
