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
"""A process that leaves a robot its processor: low priority, few threads, no life of its own."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

#: How much of the machine a job may take, and what that means.
PRIORITIES: dict[str, str] = {
    'idle': 'only what nobody else wants (SCHED_IDLE, nice 19, idle disk)',
    'low': 'a small share (nice 19, idle disk)',
    'normal': 'as any other process',
}
#: prctl(2): the signal that the kernel sends a child when its parent dies.
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)
_PRCTL = getattr(_LIBC, 'prctl', None)  # Linux has it
#: ioprio_set(2) has no wrapper in libc; its number, by machine.
_IOPRIO_SET = {'x86_64': 251, 'aarch64': 30}
_IOPRIO_WHO_PROCESS, _IOPRIO_CLASS_IDLE = 1, 3 << 13
#: When memory runs out, the kernel ends what has the most of these first; at most 1000.
_OOM_SCORE = '800'
#: What decides how many threads the libraries of a process start.
_THREADS = ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS', 'NUMEXPR_NUM_THREADS')


def dies_with_parent(signum: signal.Signals) -> Callable[[], None]:
    """Return what a child calls before it runs, so that ``signum`` ends it with its parent."""

    def ask() -> None:
        # One system call and nothing else, so no lock of another thread is in its way.
        if _PRCTL is not None:
            _PRCTL(_PR_SET_PDEATHSIG, signum)

    return ask


def give_way(priority: str) -> None:
    """
    Lower the priority of this process, and of all that it starts, as far as the system lets it.

    :param priority: a name of ``PRIORITIES``
    """
    if priority == 'normal':
        return
    with suppress(OSError):
        os.nice(19)
    if priority == 'idle':
        with suppress(OSError, AttributeError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    number = _IOPRIO_SET.get(platform.machine())
    if number is not None:
        _LIBC.syscall(number, _IOPRIO_WHO_PROCESS, 0, _IOPRIO_CLASS_IDLE)
    with suppress(OSError):
        Path('/proc/self/oom_score_adj').write_text(_OOM_SCORE)


def bounded(environ: dict[str, str], threads: int) -> dict[str, str]:
    """Return the variables of a process that may use so many threads."""
    return {**environ, **{name: str(threads) for name in _THREADS}}


def born(pid: int) -> int:
    """Return when a process started, in the kernel's ticks; 0 when there is no such process."""
    try:
        # The name in parentheses may hold anything; what follows is the state, field 3.
        after = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    except OSError:
        return 0
    return 0 if after[0] == 'Z' else int(after[19])
