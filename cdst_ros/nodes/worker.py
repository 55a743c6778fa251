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
"""One thread that works on the newest item only."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar('Item')


class Worker(Generic[Item]):
    """
    Calls ``work`` with the newest item handed in; items it had no time for are dropped.

    :param name: of the thread
    :param work: runs on the worker's thread, under no lock
    :param failed: told of an exception that ``work`` let out, which costs that item only
    :param superseded: told of each item that a newer one replaced before its turn
    :param nice: how far the thread gives way to others, 0 not at all to 19 (Linux: a thread's
        own, not the process's)
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Item], None],
        failed: Callable[[Exception], None],
        superseded: Callable[[], None] = lambda: None,
        nice: int = 0,
    ) -> None:
        self._work = work
        self._failed = failed
        self._superseded = superseded
        self._nice = nice
        self._changed = threading.Condition()
        self._waiting: Item | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, item: Item) -> None:
        """Hand in an item; returns at once."""
        with self._changed:
            replaced, self._waiting = self._waiting, item
            self._changed.notify_all()
        if replaced is not None:
            self._superseded()

    def stop(self) -> None:
        """Finish the item in hand, drop the waiting one, and end the thread."""
        with self._changed:
            self._stopping = True
            self._waiting = None
            self._changed.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        if self._nice:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._nice)
        while (item := self._next()) is not None:
            try:
                self._work(item)
            except Exception as error:
                self._failed(error)
            del item  # a frame must not live on while the worker waits

    def _next(self) -> Item | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._waiting is not None)
            item, self._waiting = self._waiting, None
            return item
