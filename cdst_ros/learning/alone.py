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
"""Never two at once: a lock that the kernel lets go of however its holders end."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FILE = 'lock'
#: ``struct flock`` of 64-bit Linux, fcntl_locking(2): type, whence, start, length, process.
_FLOCK = struct.Struct('hhqqi4x')
_WHOLE_FILE = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


@contextmanager
def alone(jobs: Path) -> Iterator[int | None]:
    """
    Hold the lock of a folder of jobs; yield its descriptor, or None where another holds it.

    Children that inherit the descriptor hold it too, so that the folder is taken until the last
    process of a job has gone.
    """
    descriptor = os.open(jobs / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _WHOLE_FILE)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
    finally:
        os.close(descriptor)


def is_taken(jobs: Path) -> bool:
    """
    Return whether a job of the folder is at work.

    It looks without taking the lock, be it for a moment: neither another that looks nor a job
    that begins meanwhile finds the folder taken by it.
    """
    try:
        descriptor = os.open(jobs / _FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        found = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _WHOLE_FILE)
    finally:
        os.close(descriptor)
    return bool(_FLOCK.unpack(found)[0] != fcntl.F_UNLCK)
