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
"""Warnings that come once in a while, however often their cause does."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any

#: Texts remembered at most; beyond that all may be said again.
_MEMORY = 200
_NUMBER = re.compile(r'\d+(\.\d+)?')


class ThrottledLog:
    """
    Says each thing at most once a period, and how often it was held back.

    Texts that differ in their numbers only are one thing. rclpy's own throttle goes by line of
    code and by ROS time, which stands still in a paused simulation; this one goes by what is said
    and by steady time. Any thread may call it.

    :param logger: of the node
    :param period_s: time between two messages of one kind [s]
    """

    def __init__(
        self, logger: Any, period_s: float = 5.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._logger = logger
        self._period_s = period_s
        self._clock = clock
        self._lock = threading.Lock()
        self._said: dict[str, tuple[float, int]] = {}

    def warn(self, text: str) -> bool:
        """Warn, unless the like was said within the period; return whether it was said."""
        held_back = self._due(_NUMBER.sub('#', text))
        if held_back is None:
            return False
        more = f' ({held_back} more like this since the last message)' if held_back else ''
        self._logger.warning(text + more)
        return True

    def info(self, text: str) -> None:
        """Tell of progress, unless the like was told within the period."""
        if self._due(_NUMBER.sub('#', text)) is not None:
            self._logger.info(text)

    def _due(self, kind: str) -> int | None:
        """Return how many were held back, None when it is too early."""
        now = self._clock()
        with self._lock:
            last, held_back = self._said.get(kind, (float('-inf'), 0))
            if now - last < self._period_s:
                self._said[kind] = (last, held_back + 1)
                return None
            if len(self._said) >= _MEMORY:
                self._said.clear()
            self._said[kind] = (now, 0)
            return held_back
