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
"""Writes frames on a thread of its own: encoding and the disk do not hold up the engine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.sinks import Sink
from cdst_ros.evaluation.sources import SourceFrame

#: Frames that may wait to be written; more would only need more memory.
_WAITING = 2


class WritingThread:
    """
    Hands frames to a sink, in their order.

    The sink is made, used and closed on the thread, for databases want that. Leaving the context
    waits until everything is written; leaving it by an exception drops what still waits.
    """

    def __init__(self, make_sink: Callable[[], Sink]) -> None:
        """Take what makes the sink; it is called with the first frame."""
        self._make_sink = make_sink
        self._sink: Sink | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix='writing')
        self._waiting: deque[Future[None]] = deque()

    @property
    def notes(self) -> list[str]:
        """What the sink could not take along; complete once the context is left."""
        return [] if self._sink is None else self._sink.notes

    def add(
        self, frame: SourceFrame, depth: F32, camera: CameraModel | None, encoding: str
    ) -> None:
        """
        Write a frame soon; ``depth`` may be written over at once.

        :raises Exception: what went wrong with an earlier frame
        """
        while len(self._waiting) >= _WAITING:
            self._waiting.popleft().result()
        self._waiting.append(
            self._thread.submit(self._write, frame, depth.copy(), camera, encoding)
        )

    def __enter__(self) -> WritingThread:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                while self._waiting:
                    self._waiting.popleft().result()
                self._thread.submit(self._close).result()
        finally:
            self._thread.shutdown(wait=True, cancel_futures=True)

    def _write(
        self, frame: SourceFrame, depth: F32, camera: CameraModel | None, encoding: str
    ) -> None:
        if self._sink is None:
            self._sink = self._make_sink()
        self._sink.add(frame, depth, camera, encoding)

    def _close(self) -> None:
        if self._sink is not None:
            self._sink.close()
