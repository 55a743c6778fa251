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
"""One writer a recording."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from cdst_ros.recordings.errors import RecordingError
from cdst_ros.recordings.layout import FRAMES_FILE
from cdst_ros.recordings.lines import LineFile

#: Where Linux lists who holds which lock.
_LOCKS = Path('/proc/locks')


def open_alone(recording: Path) -> LineFile:
    """
    Open the frames of a recording for writing, for this process alone.

    The lock is on the open file, so the kernel lets go of it however the process ends: there is
    no stale lock to remove. Threads and forked children share it.

    :raises RecordingError: when another writer has the recording open; says which process
    :raises OSError: when the file cannot be written
    """
    file = recording / FRAMES_FILE
    while True:
        frames = LineFile(file)
        try:
            fcntl.flock(frames, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A repair may have put another file in its place before we held this one.
            if os.fstat(frames.fileno()).st_ino == file.stat().st_ino:
                return frames
        except BlockingIOError:
            holder = _holder(frames.fileno())
            frames.close()
            raise RecordingError(
                f'{holder} is writing to {recording}: end it, or choose another folder.'
            ) from None
        except BaseException:
            frames.close()
            raise
        frames.close()


def _holder(descriptor: int) -> str:
    """Return who holds the lock on an open file, in words."""
    inode = os.fstat(descriptor).st_ino
    try:
        held = [line.split() for line in _LOCKS.read_text().splitlines()]
    except OSError:
        held = []
    # "1: FLOCK ADVISORY WRITE 4711 08:01:131072 0 EOF", proc(5); the process is 0 or less where
    # it is of another container.
    for words in held:
        if words[1:2] == ['FLOCK'] and words[5].endswith(f':{inode}') and int(words[4]) > 0:
            return _named(int(words[4]))
    return 'another process, perhaps in another container or on another machine,'


def _named(process: int) -> str:
    if process == os.getpid():
        return f'this process ({process})'
    try:
        words = Path(f'/proc/{process}/cmdline').read_bytes().split(b'\0')
    except OSError:
        words = []
    command = ' '.join(b' '.join(words).decode(errors='replace').split())
    return f'another process, {process}' + (f' ("{command[:80]}"),' if command else ',')
