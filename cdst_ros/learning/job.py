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
"""A job as a folder: what was asked, how far it is, and what came of it."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from cdst_ros.recordings.atomic import write_file

#: The files of a job.
ORDER, STATUS, PROGRESS, LOG = 'job.json', 'status.json', 'progress.json', 'log.txt'
CANCELLED, RESULT = 'cancelled', 'result.json'
REPORT_JSON, REPORT_HTML = 'report.json', 'report.html'
#: What a job that trains goes through, in this order; one that only judges leaves two out.
STAGES = ('split', 'train', 'export', 'judge')
#: States that a job does not leave any more.
ENDED = frozenset({'finished', 'failed', 'cancelled'})
#: Exit code of a stage that would fail in the same way again, whatever became of the machine.
HOPELESS = 65
#: What has failed so often in a row without getting further is begun anew.
FAILED_MOST = 2

_T = TypeVar('_T')


class JobError(ValueError):
    """A job that cannot be done as asked; the message says why, and what to do."""


@dataclass(frozen=True)
class Order:
    """
    What was asked.

    :param recording: folder of the recording to learn from; its frames are taken as they are
        when the job begins
    :param base: file of the model that is to be improved
    :param name: of the new model
    :param candidate: file of a model that is only to be judged; empty trains one
    :param config: training configuration, a shipped name or a file
    :param overrides: ``key=value`` for it
    :param steps: of training
    :param threads: that it may use
    :param priority: a name of ``background.PRIORITIES``
    :param held_out: share of the frames, the last ones, that are judged on and not learned from
    :param gap_s: of recorded time that is left out between the two [s]
    :param judge_frames: at most so many of those held out are judged on
    :param sensor: profile, a name or a file, that tells of the sensor what the recording does not;
        empty: the one that the base model is for
    :param python: interpreter that has torch; that of this process by default
    """

    recording: str
    base: str
    name: str
    candidate: str = ''
    config: str = 'adapt'
    overrides: tuple[str, ...] = ()
    steps: int = 1500
    threads: int = 1
    priority: str = 'idle'
    held_out: float = 0.2
    gap_s: float = 2.0
    judge_frames: int = 60
    sensor: str = ''
    python: str = sys.executable

    @property
    def stages(self) -> tuple[str, ...]:
        """What it goes through."""
        return STAGES if not self.candidate else ('split', 'judge')

    def differing(self, other: Order) -> list[str]:
        """
        Return the names of what another order asks otherwise; the model's name may be made up.

        Files are the same where the same is in them, for a job has copies of its own.
        """
        names = [f.name for f in fields(self) if f.name != 'name']
        return [n for n in names if not _same(getattr(self, n), getattr(other, n))]


@dataclass(frozen=True)
class Status:
    """
    How far a job is.

    :param state: ``waiting``, ``working``, ``finished``, ``failed`` or ``cancelled``
    :param stage: that it is in
    :param done: stages that it has behind it
    :param resumed: how often it went on after its process had ended
    :param futile: how often in a row that was without getting any further
    :param failed: how often in a row it has failed without getting any further in between
    :param pid: of the process that minds it, and of its session; 0 for none
    :param born: when that process started, as /proc tells it, to know it from a later one
    :param began: when the job was asked for [s, Unix time]
    :param updated: when this was written [s, Unix time]
    :param reason: why it failed, or what it waits for
    """

    state: str = 'waiting'
    stage: str = ''
    done: tuple[str, ...] = ()
    resumed: int = 0
    futile: int = 0
    failed: int = 0
    pid: int = 0
    born: int = 0
    began: float = field(default_factory=time.time)
    updated: float = 0.0
    reason: str = ''

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self.state in ENDED


class Job:
    """
    The folder of a job; any process may read it, the one that minds the job writes its status.

    :param folder: that holds ``job.json``
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, folder: Path, order: Order) -> Job:
        """Make a job in a folder that is there."""
        job = cls(folder)
        job.write_status(Status())
        # The order comes last: a folder with one is whole.
        write_file(folder / ORDER, _text(asdict(order)))
        return job

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def order(self) -> Order:
        """
        Return what was asked.

        :raises JobError: when the file is missing or damaged
        """
        return _read(self / ORDER, Order)

    def change_order(self, **values: Any) -> None:
        """Write what was asked with other values."""
        write_file(self / ORDER, _text(asdict(replace(self.order(), **values))))

    def status(self) -> Status:
        """
        Return how far it is; an interrupted write leaves the status before.

        One that cannot be read counts as none: the stages are run again, and a training goes on
        from its last checkpoint.
        """
        return _read(self / STATUS, Status)

    def write_status(self, status: Status) -> Status:
        """Write the status in one step, and return it with its time."""
        status = replace(status, updated=time.time())
        write_file(self / STATUS, _text(asdict(status)))
        return status

    def progress(self) -> dict[str, Any]:
        """Return ``step``, ``steps`` and what else the training tells; nothing before it does."""
        return _values(self / PROGRESS)

    def result(self) -> dict[str, Any]:
        """Return what the judge found; nothing before there is something."""
        return _values(self / RESULT)

    def is_cancelled(self) -> bool:
        """Whether it was asked to end for good."""
        return (self / CANCELLED).exists()

    def model(self) -> Path:
        """Return where the new model is, or will be."""
        order = self.order()
        return Path(order.candidate) if order.candidate else self / f'{order.name}.onnx'

    def log_size(self) -> int:
        """Return how long the log is [bytes]."""
        path = self / LOG
        return path.stat().st_size if path.exists() else 0

    def tail(self, since: int = 0, lines: int = 4) -> str:
        """Return the last lines of the log that were written after it was ``since`` bytes long."""
        try:
            text = (self / LOG).read_bytes()[since:].decode(errors='replace')
        except OSError:
            return ''
        return '\n'.join([line for line in text.splitlines() if line.strip()][-lines:])


def _same(one: Any, other: Any) -> bool:
    if one == other:
        return True
    if not (isinstance(one, str) and isinstance(other, str) and one and other):
        return False
    paths = Path(one), Path(other)
    if all(path.is_file() for path in paths):
        return paths[0].read_bytes() == paths[1].read_bytes()
    return paths[0].resolve() == paths[1].resolve()


def _values(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _read(path: Path, kind: type[_T]) -> _T:
    values = _values(path)
    names = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    try:
        return kind(
            **{
                name: tuple(value) if isinstance(value, list) else value
                for name, value in values.items()
                if name in names
            }
        )
    except TypeError:
        raise JobError(
            f'{path} is missing or damaged: remove {path.parent}, and train again'
        ) from None


def _text(values: dict[str, Any]) -> bytes:
    return (json.dumps(values, indent=2) + '\n').encode()
