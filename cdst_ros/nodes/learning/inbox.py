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
"""Models that a person brings from elsewhere, by copying a file into a folder."""

from __future__ import annotations

import time
from pathlib import Path

from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engine import ModelError

#: A file that has not changed for so long has been copied whole [s].
_SETTLED_S = 2.0
_TAKEN, _REFUSED, _UNJUDGED = '.taken', '.refused', '.unjudged'


class Inbox:
    """
    A folder that is looked into; what was found there gets another suffix.

    :param folder: may be missing
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def arrived(self) -> Path | None:
        """Return a model that has been copied whole, the oldest first."""
        files = [file for file in self.folder.glob('*.onnx') if file.is_file()]
        for file in sorted(files, key=lambda file: file.stat().st_mtime):
            # By the time of the change, which a copy that keeps the time of the file sets as well.
            if time.time() - file.stat().st_ctime >= _SETTLED_S:
                return file
        return None

    def fault(self, file: Path) -> str:
        """Return why a file is no model; empty where it is one."""
        try:
            read_metadata(file)
        except ModelError as error:
            return str(error)
        return ''

    def take(self, file: Path) -> Path:
        """Note that a model has been dealt with; return where it is now."""
        return file.rename(file.with_name(file.name.removesuffix(_UNJUDGED) + _TAKEN))

    def refuse(self, file: Path) -> Path:
        """Note that a file is of no use; return where it is now."""
        return file.rename(file.with_name(file.name + _REFUSED))

    def put_off(self, file: Path) -> Path:
        """Note that a model could not be judged yet; return where it is now."""
        return file.rename(file.with_name(file.name + _UNJUDGED))

    def bring_back(self) -> None:
        """Let what could not be judged arrive once more, but for what has been replaced since."""
        for file in sorted(self.folder.glob(f'*.onnx{_UNJUDGED}')):
            arrived = file.with_name(file.name.removesuffix(_UNJUDGED))
            if not arrived.exists():
                file.rename(arrived)
