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
"""Engines that take minutes to build, kept on disk: one builds, the other processes wait."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import TypeVar
from uuid import uuid4

from cdst_ros.superres.engine import EngineError

Loaded = TypeVar('Loaded')

#: Largest sum of the sizes of the plans that are kept [bytes].
LIMIT_BYTES = 2 * 2**30
#: For how long one process waits for the plan of another [s]: longer than a build may take.
WAIT_S = 2 * 3600.0

_SUFFIX = '.plan'
_PARTIAL = '.partial'
_POLL_S = 0.2

_log = logging.getLogger(__name__)


class PlanRefusedError(Exception):
    """A plan that its runtime does not take, such as one of another version."""


class BuildCancelledError(EngineError):
    """Nobody wants the engine any more."""


def cache_folder() -> Path:
    """Return the folder of the plans: ``cdst_ros/engines`` in the user's XDG cache folder."""
    base = Path(os.environ.get('XDG_CACHE_HOME', ''))
    # The XDG base directory specification has relative paths ignored.
    return (base if base.is_absolute() else Path.home() / '.cache') / 'cdst_ros' / 'engines'


def plan_key(fields: Mapping[str, str]) -> str:
    """Return the name of the plan for which all of ``fields`` hold."""
    text = json.dumps(dict(fields), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class PlanCache:
    """
    Plans by what they depend on, in one file each.

    A file is a line of JSON (the fields, the length and sha256 of the plan) and the plan. It takes
    its name when it is whole, so a kill at any moment leaves no half plan. Where nothing can be
    written, plans are built anew in each process, which is said once.

    :param folder: None: that of the user
    :param limit_bytes: the plans that were used least lately go when all are larger than this
    :param wait_s: for how long to wait for another process that builds the same plan
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        limit_bytes: int = LIMIT_BYTES,
        wait_s: float = WAIT_S,
    ) -> None:
        self.folder = cache_folder() if folder is None else folder
        self._limit_bytes = limit_bytes
        self._wait_s = wait_s
        self._told = False

    def path(self, fields: Mapping[str, str]) -> Path:
        """Return the file of a plan, which need not be there."""
        return self.folder / (plan_key(fields) + _SUFFIX)

    def fetch(
        self,
        fields: Mapping[str, str],
        *,
        build: Callable[[], bytes],
        load: Callable[[bytes], Loaded],
        report: Callable[[str], None] = lambda _: None,
        cancelled: Event | None = None,
    ) -> Loaded:
        """
        Return the plan as its runtime loads it, from disk or built.

        A plan that is damaged, or that ``load`` refuses, is built anew, once.

        :param fields: everything that the plan depends on
        :param build: returns the plan
        :param load: raises ``PlanRefusedError`` for what its runtime does not take
        :param report: told when another process is waited for
        :param cancelled: ends the waiting
        :raises EngineError: what ``build`` raises; a new plan is refused; waited for too long
        """
        found = self._read(fields)
        refused: bytes | None = None
        if found is not None:
            try:
                return load(found)
            except PlanRefusedError as fault:
                refused = found
                _log.warning('%s: %s; it is built anew', self.path(fields), fault)
        with self._locked(fields, report, cancelled or Event()):
            found = self._read(fields, again=True)  # another process may have built it meanwhile
            if found is not None and found != refused:
                with suppress(PlanRefusedError):
                    return load(found)
            plan = build()
            self._write(fields, plan)
        try:
            return load(plan)
        except PlanRefusedError as fault:
            raise EngineError(f'the plan that was just built is refused: {fault}') from fault

    def _read(self, fields: Mapping[str, str], again: bool = False) -> bytes | None:
        """Return a whole plan and note that it was used; None where there is none."""
        path = self.path(fields)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._tell(f'{path} can not be read: {error.strerror}')
            return None
        head, _, plan = content.partition(b'\n')
        if head != _head(fields, plan):
            if not again:
                _log.warning('%s is damaged; it is built anew', path)
            return None
        with suppress(OSError):
            os.utime(path)
        return plan

    def _write(self, fields: Mapping[str, str], plan: bytes) -> None:
        """Keep a plan if that is possible."""
        path = self.path(fields)
        partial = path.with_suffix(f'.{uuid4().hex}{_PARTIAL}')
        try:
            for left_behind in self.folder.glob(f'{path.stem}.*{_PARTIAL}'):
                left_behind.unlink(missing_ok=True)  # by a kill: we hold the lock of this plan
            with partial.open('wb') as file:
                file.write(_head(fields, plan) + b'\n' + plan)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
            self._make_room(path)
        except OSError as error:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            self._tell(f'{path} can not be written: {error.strerror}')

    def _make_room(self, newest: Path) -> None:
        """Delete plans, the least recently used first, until the rest is within the limit."""
        plans = sorted(
            ((status.st_mtime_ns, status.st_size, plan) for plan, status in self._plans()),
            key=lambda entry: (entry[2] == newest, entry[0]),
        )
        total = sum(size for _, size, _ in plans)
        for _, size, plan in plans[:-1]:  # the one that was just built stays
            if total <= self._limit_bytes:
                return
            plan.unlink(missing_ok=True)
            total -= size
            _log.info('%s was not used lately and is deleted to make room', plan)

    def _plans(self) -> Iterator[tuple[Path, os.stat_result]]:
        for plan in self.folder.glob(f'*{_SUFFIX}'):
            with suppress(FileNotFoundError):  # another process made room just now
                yield plan, plan.stat()

    @contextmanager
    def _locked(
        self, fields: Mapping[str, str], report: Callable[[str], None], cancelled: Event
    ) -> Iterator[None]:
        """Hold the lock of a plan, which ends with the process that holds it."""
        path = self.path(fields).with_suffix('.lock')
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = path.open('a')
        except OSError as error:
            self._tell(f'{self.folder} can not be written to: {error.strerror}')
            yield
            return
        with file:
            self._wait_for(file.fileno(), path, report, cancelled)
            yield

    def _wait_for(
        self, lock: int, path: Path, report: Callable[[str], None], cancelled: Event
    ) -> None:
        began = time.monotonic()
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waited = time.monotonic() - began
            except OSError as error:  # a file system without locks, such as some NFS
                self._tell(f'{path} can not be locked: {error.strerror}')
                return
            else:
                return
            report(f'another process builds this engine; waiting for it since {waited:.0f} s')
            if waited > self._wait_s:
                raise EngineError(
                    f'another process has been building this engine for {waited:.0f} s and more: '
                    f'end it (`fuser {path}` names it), or use another engine'
                )
            if cancelled.wait(_POLL_S):
                raise BuildCancelledError('the engine is no longer wanted')

    def _tell(self, reason: str) -> None:
        if not self._told:
            self._told = True
            _log.warning(
                '%s. Engines are built anew in each process, which takes long: make the folder '
                'writable, free some space, or set XDG_CACHE_HOME to another folder',
                reason,
            )


def _head(fields: Mapping[str, str], plan: bytes) -> bytes:
    """Return the line that stands before a plan."""
    content = {
        'fields': dict(fields),
        'bytes': len(plan),
        'sha256': hashlib.sha256(plan).hexdigest(),
    }
    return json.dumps(content, sort_keys=True).encode()
