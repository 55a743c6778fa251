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
"""Waiting for something in a coroutine, while the executor goes on with other callbacks."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.task import Future

_T = TypeVar('_T')
#: How often to look [s].
_LOOK_S = 0.05


class _Awaited(NamedTuple):
    condition: Callable[[], bool]
    future: Future
    end_s: float


class Waiting:
    """
    Lets coroutines of a node wait for conditions, and for work on a thread.

    Everything runs on the executor's thread but the work itself.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._awaited: list[_Awaited] = []
        self._timer: Any = None
        self._threads = ThreadPoolExecutor(1, 'desk')

    async def until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Return whether ``condition`` held before the time was up."""
        if condition():
            return True
        future = Future()
        self._awaited.append(_Awaited(condition, future, time.monotonic() + timeout_s))
        if self._timer is None:
            self._timer = self._node.create_timer(
                _LOOK_S,
                self._look,
                callback_group=ReentrantCallbackGroup(),
                clock=Clock(clock_type=ClockType.STEADY_TIME),
            )
        self._timer.reset()
        return bool(await future)

    async def apart(self, work: Callable[[], _T]) -> _T:
        """Return what ``work`` does, on a thread."""
        doing = self._threads.submit(work)
        await self.until(doing.done, 3600.0)
        return doing.result()

    def close(self) -> None:
        """End all waiting; the conditions are told not to hold."""
        for one in self._awaited:
            one.future.set_result(False)
        self._awaited.clear()
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None
        self._threads.shutdown(wait=False)

    def _look(self) -> None:
        now_s, left = time.monotonic(), []
        for one in self._awaited:
            holds = one.condition()
            if holds or now_s >= one.end_s:
                one.future.set_result(holds)
            else:
                left.append(one)
        self._awaited = left
        if not left:
            self._timer.cancel()
