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
"""Files that are whole or absent, whenever the process or the machine stops."""

from __future__ import annotations

import os
from pathlib import Path

#: Marks a file that is still being written; whoever finds one may delete it.
TEMPORARY = '.partial'


def write_file(path: Path, data: bytes) -> None:
    """
    Write ``data`` to ``path`` so that the file is never seen half written.

    The bytes go to a temporary file beside it, reach the disk, and take the name in one step.

    :raises OSError: when they cannot be written; nothing is left behind then
    """
    temporary = path.with_name(path.name + TEMPORARY)
    try:
        with temporary.open('wb') as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make new names in ``folder`` reach the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
