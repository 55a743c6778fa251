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
"""Models that were accepted: kept on disk, the last on top, so that each can be taken back."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from cdst_ros.learning.job import JobError
from cdst_ros.recordings.atomic import write_file
from cdst_ros.superres.contract import read_metadata

_FILE = 'accepted.json'


@dataclass(frozen=True)
class Accepted:
    """
    A model that took over.

    :param name: of the model
    :param file: of it, in the ledger's folder
    :param replaced: what ran before, as the superres node was told it: a name or a file
    :param replaced_name: of that model
    :param at: when [s, Unix time]
    :param sentence: what spoke for it
    """

    name: str
    file: str
    replaced: str
    replaced_name: str
    at: float
    sentence: str


class Ledger:
    """
    The accepted models, in a folder.

    :param folder: made with the first
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self) -> list[Accepted]:
        """
        Return what was accepted and not taken back, the oldest first.

        :raises JobError: when the file is damaged
        """
        path = self.folder / _FILE
        try:
            return [Accepted(**values) for values in json.loads(path.read_text(encoding='utf-8'))]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError) as error:
            raise JobError(
                f'{path} is damaged ({error}): remove it; the models beside it stay'
            ) from None

    def last(self) -> Accepted | None:
        """Return what was accepted last."""
        entries = self.entries()
        return entries[-1] if entries else None

    def keep(self, model: Path) -> Path:
        """
        Copy a model to where it stays, and return the copy.

        :raises OSError: when the disk refuses
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        name = read_metadata(model).name
        kept = self.folder / f'{name}.onnx'
        number = 2
        while kept.exists() and kept.read_bytes() != model.read_bytes():
            kept = self.folder / f'{name}-{number}.onnx'
            number += 1
        if not kept.exists():
            write_file(kept, model.read_bytes())
        return kept

    def add(self, kept: Path, replaced: str, replaced_name: str, sentence: str) -> Accepted:
        """Note that a model has taken over."""
        name = read_metadata(kept).name
        entry = Accepted(name, str(kept), replaced, replaced_name, time.time(), sentence)
        self._write([*self.entries(), entry])
        return entry

    def take_back(self) -> None:
        """Forget what was accepted last; its file stays."""
        self._write(self.entries()[:-1])

    def _write(self, entries: list[Accepted]) -> None:
        text = json.dumps([asdict(entry) for entry in entries], indent=2) + '\n'
        write_file(self.folder / _FILE, text.encode())
