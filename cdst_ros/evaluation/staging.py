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
"""Output that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class OutputExistsError(FileExistsError):
    """Something is where the output should go."""


@contextmanager
def staged(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """
    Yield where to make ``path``; it takes its name only when the block ends without an error.

    It is made beside its place, in a folder ``.NAME.partial`` that a kill leaves behind and the
    next run removes.

    :param replace: whether what is at ``path`` may give way; it stays until the new is whole
    :raises OutputExistsError: when something is at ``path``, and not ``replace``
    """
    if not replace and (path.exists() or path.is_symlink()):
        raise OutputExistsError(f'{path} exists: choose another place, or give --force')
    workplace = path.parent / f'.{path.name}.partial'
    if workplace.exists():
        shutil.rmtree(workplace)
    workplace.mkdir(parents=True)
    try:
        yield workplace / path.name
        if path.exists():
            os.replace(path, workplace / 'replaced')
        os.replace(workplace / path.name, path)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
