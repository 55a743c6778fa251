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
"""Processes that a program starts, listens to, and never leaves behind."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, NamedTuple, TextIO

from cdst_ros.learning.background import dies_with_parent
from cdst_ros.nodes.announce import parse_announcement

#: Log lines remembered of each child.
_LOG_LINES = 200
#: How long a child may take to end after each signal [s].
_GRACE_S = ((signal.SIGINT, 6.0), (signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0))


class Event(NamedTuple):
    """
    Something that a child announced, or its end: ``exited``, with its exit ``code``.

    :param child: its name
    """

    child: str
    name: str
    values: dict[str, Any]


class Children:
    """
    Starts processes in groups of their own, and ends them all on leaving the context.

    Ctrl-C in a terminal reaches the parent only; it ends the children in good order. Should the
    parent be killed, the kernel ends them.

    :param environ: for every child
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._logs: dict[str, deque[str]] = {}
        self._events: queue.Queue[Event] = queue.Queue()

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a child; its events carry ``name``."""
        with _held_back():
            process = subprocess.Popen(
                list(command),
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors='replace',
                start_new_session=True,
                preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509
            )
            self._processes[name] = process
        self._logs[name] = deque(maxlen=_LOG_LINES)
        threading.Thread(target=self._listen, args=(name, process), daemon=True).start()

    def wait(self, timeout_s: float) -> Event | None:
        """Return the next event of any child, or None when there is none in time."""
        try:
            return self._events.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def log(self, name: str, lines: int = 15) -> str:
        """Return the last lines that a child logged."""
        return '\n'.join(list(self._logs[name])[-lines:])

    def pids(self) -> dict[str, int]:
        """Return the process id of every child."""
        return {name: process.pid for name, process in self._processes.items()}

    def stop(self) -> None:
        """End every child: politely, then firmly. Another Ctrl-C does not interrupt this."""
        with _Undisturbed():
            for signum, grace_s in _GRACE_S:
                for process in self._processes.values():
                    _signal_group(process, signum)
                if self._ended_within(grace_s):
                    return

    def _ended_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        try:
            for process in self._processes.values():
                process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True

    def _listen(self, name: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        log = threading.Thread(target=self._keep_log, args=(name, process.stderr), daemon=True)
        log.start()
        for line in process.stdout:
            announced = parse_announcement(line)
            if announced is None:
                self._logs[name].append(line.rstrip())
            else:
                self._events.put(Event(name, *announced))
        log.join()
        self._events.put(Event(name, 'exited', {'code': process.wait()}))

    def _keep_log(self, name: str, stream: TextIO) -> None:
        for line in stream:
            self._logs[name].append(line.rstrip())


@contextmanager
def _held_back() -> Iterator[None]:
    """
    Let SIGINT and SIGTERM wait for the end of this.

    While a process forks, Python drops what their handlers raise.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    ends = (signal.SIGINT, signal.SIGTERM)
    before = {s: signal.signal(s, lambda signum, _: came.append(signum)) for s in ends}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
        for number in came:
            signal.raise_signal(number)


class _Undisturbed:
    """Holds Ctrl-C off; only the main thread may, and only there it would come."""

    def __enter__(self) -> None:
        self._main = threading.current_thread() is threading.main_thread()
        if self._main:
            self._before = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def __exit__(self, *_: object) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._before)


def _signal_group(process: subprocess.Popen[str], signum: signal.Signals) -> None:
    if process.poll() is not None:
        return
    with suppress(ProcessLookupError):  # it may have ended meanwhile
        os.killpg(process.pid, signum)
