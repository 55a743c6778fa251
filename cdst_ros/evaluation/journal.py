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
"""The sums of frames on disk, so that a run that was killed goes on where it was."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from cdst_ros.evaluation.frame_scoring import FrameSums
from cdst_ros.evaluation.report import EvaluationError

#: Version of the file's layout.
FORMAT = 1


class Journal:
    """
    A file of one JSON line a frame and scale, after a first line that says what they are of.

    A line is written when its frame is scored; one that a kill cut is written again. Use as a
    context manager.
    """

    def __init__(self, path: Path, of: dict[str, Any]) -> None:
        """
        Open or start the journal.

        :param of: all that the sums depend on, as JSON values
        :raises EvaluationError: when the file is the journal of another evaluation, or none
        :raises OSError: when it cannot be written
        """
        self.path = path
        self._places: dict[tuple[int, int], int] = {}
        first = json.dumps({'journal': FORMAT, 'of': of}, sort_keys=True).encode() + b'\n'
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open('a+b')
        try:
            self._read(first)
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        """Return the number of frames, counted once a scale."""
        return len(self._places)

    def __contains__(self, key: tuple[int, int]) -> bool:
        return key in self._places

    def get(self, index: int, scale: int) -> FrameSums | None:
        """Return what is kept of a frame."""
        place = self._places.get((index, scale))
        if place is None:
            return None
        self._file.seek(place)
        return FrameSums.from_json(json.loads(self._file.readline()))

    def add(self, frame: FrameSums) -> None:
        """Write a frame; once this returns it survives a kill."""
        place = self._file.seek(0, os.SEEK_END)
        self._file.write(json.dumps(frame.to_json()).encode() + b'\n')
        self._file.flush()
        self._places[frame.index, frame.scale] = place

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def _read(self, first: bytes) -> None:
        """Find the frames; start the file where it is empty, cut off what a kill left."""
        self._file.seek(0)
        found = self._file.readline()
        if not found.endswith(b'\n'):
            # Empty, or cut before anything was scored.
            if found and not first.startswith(found):
                raise self._refusal(found)
            self._file.truncate(0)
            self._file.write(first)
            self._file.flush()
            return
        if found != first:
            raise self._refusal(found, first)
        place = self._file.tell()
        while line := self._file.readline():
            try:
                values = json.loads(line)
                key = int(values['index']), int(values['scale'])
            except (ValueError, KeyError, TypeError):
                break
            if not line.endswith(b'\n'):
                break
            self._places[key] = place
            place = self._file.tell()
        self._file.truncate(place)

    def _refusal(self, found: bytes, wanted: bytes = b'') -> EvaluationError:
        remedy = 'choose another file for --resume, or remove it to begin anew'
        try:
            ours, theirs = json.loads(wanted)['of'], json.loads(found)['of']
            other = sorted(key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key))
        except (ValueError, KeyError, TypeError):
            return EvaluationError(f'{self.path} is no journal of an evaluation: {remedy}')
        return EvaluationError(
            f'{self.path} is the journal of another evaluation ({", ".join(other) or "format"} '
            f'differ): {remedy}'
        )
