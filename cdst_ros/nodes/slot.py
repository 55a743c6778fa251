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
"""The engine in use, and the one that takes over at the next frame."""

from __future__ import annotations

import threading

from cdst_ros.nodes.engines import Engines
from cdst_ros.superres.engine import EngineInfo


class EngineSlot:
    """
    Hands the worker its engines; new ones are taken between two frames, and the old ones closed.

    ``take`` belongs to the worker's thread, everything else to the executor's.
    """

    def __init__(self, engines: Engines) -> None:
        self._lock = threading.Lock()
        self._current = engines
        self._next: Engines | None = None

    @property
    def info(self) -> EngineInfo:
        """What the next frame will run through."""
        return self.engines.info

    @property
    def engines(self) -> Engines:
        """The engines of the next frame."""
        with self._lock:
            return self._next or self._current

    def put(self, engines: Engines) -> None:
        """Let ``engines`` take over at the next frame."""
        with self._lock:
            skipped, self._next = self._next, engines
        if skipped is not None:
            skipped.close()

    def take(self) -> Engines:
        """Return the engines for the frame at hand."""
        with self._lock:
            if self._next is None:
                return self._current
            old, self._current, self._next = self._current, self._next, None
            taken = self._current
        old.close()
        return taken

    def close(self) -> None:
        """Release the engines; the worker must have stopped."""
        self.take().close()
