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
"""How verbs fail: one paragraph for people, an exit code for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

FAILURE = 1
USAGE = 2


@contextmanager
def told_plainly(*expected: type[Exception], code: int = FAILURE) -> Iterator[None]:
    """Turn an expected error into its message on stderr and an exit code; no traceback."""
    try:
        yield
    except expected as error:
        fail(str(error), code)


def fail(message: str, code: int = FAILURE) -> NoReturn:
    """Print ``message`` on stderr and end with ``code``."""
    typer.secho(f'cdst-ros: {message}', fg=typer.colors.RED, err=True)
    raise typer.Exit(code)
