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
"""What a node tells the program that started it: one JSON object a line, on standard output."""

from __future__ import annotations

import json
import sys
import threading
from typing import Any, TextIO

_KEY = 'cdst_event'


class Announcer:
    """
    Writes events as lines; logs go to standard error, so nothing else stands between them.

    :param enabled: without a listener nothing is written
    """

    def __init__(self, enabled: bool, stream: TextIO | None = None) -> None:
        self._stream = (stream or sys.stdout) if enabled else None
        self._lock = threading.Lock()

    def say(self, event: str, **values: Any) -> None:
        """Announce an event; any thread may."""
        if self._stream is None:
            return
        line = json.dumps({_KEY: event, **values}) + '\n'
        with self._lock:
            self._stream.write(line)
            self._stream.flush()


def parse_announcement(line: str) -> tuple[str, dict[str, Any]] | None:
    """Return the event of a line and its values; None for a line that is something else."""
    if not line.startswith('{'):
        return None
    try:
        values = json.loads(line)
    except ValueError:
        return None
    event = values.pop(_KEY, None)
    return None if event is None else (str(event), values)
