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
"""Files of JSON lines that only grow, and lose at most the line in hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from cdst_ros.recordings.errors import RecordingError

Entry = TypeVar('Entry')


class DamagedLine(NamedTuple):
    """A line that cannot be read: its number from 1, and why."""

    number: int
    reason: str


@dataclass(frozen=True)
class Lines(Generic[Entry]):
    """
    What a file of lines holds.

    ``whole_bytes`` end with the last whole line; ``torn_bytes`` after them are what a kill left.
    """

    entries: list[Entry]
    damaged: list[DamagedLine]
    whole_bytes: int
    torn_bytes: int


def read_lines(file: Path, parse: Callable[[bytes], Entry]) -> Lines[Entry]:
    """
    Read a file of lines; one that is not there has none.

    :param parse: makes an entry of a line, or raises RecordingError
    :raises RecordingError: when the file is there and cannot be read
    """
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        data = b''
    except OSError as error:
        raise RecordingError(f'{file} cannot be read: {error.strerror}') from error
    *whole, torn = data.split(b'\n')
    entries: list[Entry] = []
    damaged: list[DamagedLine] = []
    for number, line in enumerate(whole, start=1):
        try:
            entries.append(parse(line))
        except RecordingError as error:
            damaged.append(DamagedLine(number, str(error)))
    return Lines(entries, damaged, len(data) - len(torn), len(torn))


class LineFile:
    """Appends lines to a file; one that could not be finished is taken back."""

    def __init__(self, path: Path) -> None:
        """
        Open the file, made if it is missing.

        :raises OSError: when it cannot be written
        """
        self._file = path.open('ab', buffering=0)
        self._whole_bytes = self._file.tell()

    def cut(self, whole_bytes: int) -> None:
        """
        Remove what a kill left behind the last whole line.

        :raises OSError: when the disk refuses
        """
        if whole_bytes < self._whole_bytes:
            self._file.truncate(whole_bytes)
            os.fsync(self._file.fileno())
        self._whole_bytes = whole_bytes

    def append(self, line: bytes) -> None:
        """
        Add a line; once this returns, it survives a power cut.

        :param line: with its end
        :raises OSError: when the disk refuses; the file is as it was before
        """
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
            os.fsync(self._file.fileno())
        except OSError:
            with suppress(OSError):
                self._file.truncate(self._whole_bytes)
            raise
        self._whole_bytes += len(line)

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._file.fileno()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
