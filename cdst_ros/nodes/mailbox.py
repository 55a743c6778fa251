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
"""Calls handed to the thread that spins a node."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from rclpy.node import Node


class Mailbox:
    """
    Runs calls on the executor's thread soon; any thread, and any callback, may post.

    Entities of a node are made and destroyed there only, never inside one of their own callbacks.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._calls: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._guard = node.create_guard_condition(self._deliver)
        self._open = True

    def post(self, call: Callable[[], None]) -> None:
        """Have ``call`` run on the executor's thread; nothing happens after ``close``."""
        with self._lock:
            if self._open:
                self._calls.append(call)
                self._guard.trigger()

    def close(self) -> None:
        """Forget what has not been delivered."""
        with self._lock:
            if self._open:
                self._open = False
                self._calls.clear()
                self._node.destroy_guard_condition(self._guard)

    def _deliver(self) -> None:
        while self._calls:
            self._calls.popleft()()
