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
"""Engines built in the background, while the one in use goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from threading import Event
from typing import NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32
from cdst_ros.nodes.choice import EngineChoice
from cdst_ros.nodes.engines import Engines
from cdst_ros.nodes.mailbox import Mailbox
from cdst_ros.nodes.worker import Worker
from cdst_ros.superres.engine import Engine, EngineError, ModelError
from cdst_ros.superres.engines import StandbyEngine
from cdst_ros.superres.frame import SuperResolution
from cdst_ros.superres.rehearsal import LEAST_SIZE, rehearse

Size = tuple[int, int]


class _Build(NamedTuple):
    """A new engine is wanted, and this was the last frame."""

    choice: EngineChoice
    frame: F32 | None
    cancelled: Event


class _Prepare(NamedTuple):
    """The engine in use is to be made ready for a size."""

    engine: StandbyEngine
    size: Size
    cancelled: Event


class EngineBuilder:
    """
    Builds and tries one engine after the other, on a thread of its own; the newest wish counts.

    :param built: takes tried engines, on the executor's thread
    :param failed: takes the reason otherwise, on the executor's thread
    """

    def __init__(
        self,
        mailbox: Mailbox,
        built: Callable[[EngineChoice, Engines], None],
        failed: Callable[[EngineChoice, str], None],
    ) -> None:
        self._mailbox = mailbox
        self._built = built
        self._failed = failed
        self._lock = threading.Lock()
        self._newest: _Build | _Prepare | None = None
        self._progress = ''
        self._in_hand: _Build | _Prepare | None = None
        self._worker = Worker('engine builder', self._work, self._broke)

    @property
    def progress(self) -> str:
        """What a build that takes long is at; empty where there is none."""
        return self._progress

    def build(self, choice: EngineChoice, frame: F32 | None) -> None:
        """
        Begin to build; returns at once.

        :param frame: a depth image like those to come, so that the first of them finds the engine
            warm and held against the CPU; None where there was none
        """
        self._order(_Build(choice, frame, Event()))

    def prepare(self, engine: StandbyEngine, size: Size) -> None:
        """Make the engine in use ready for a size, unless something is being built already."""
        with self._lock:
            if self._newest is not None:
                return
        self._order(_Prepare(engine, size, Event()))

    def stop(self) -> None:
        """End the build in hand, and the thread."""
        with self._lock:
            if self._newest is not None:
                self._newest.cancelled.set()
        self._worker.stop()

    def _order(self, order: _Build | _Prepare) -> None:
        with self._lock:
            if self._newest is not None:
                self._newest.cancelled.set()
            self._newest = order
        self._worker.submit(order)

    def _work(self, order: _Build | _Prepare) -> None:
        self._in_hand = order
        try:
            if isinstance(order, _Build):
                self._build(order)
            else:
                order.engine.prepare(order.size, self._report, order.cancelled)
        except (ModelError, EngineError) as error:
            self._tell(order, str(error))
        finally:
            self._progress = ''
            with self._lock:
                if self._newest is order:
                    self._newest = None

    def _build(self, order: _Build) -> None:
        engines = open_tried(order.choice, order.frame)
        try:
            if order.frame is not None:
                for engine in engines.standbys:
                    engine.prepare(_size(order.frame), self._report, order.cancelled)
        except (ModelError, EngineError):
            engines.close()
            raise
        self._mailbox.post(partial(self._built, order.choice, engines))

    def _report(self, progress: str) -> None:
        self._progress = progress

    def _broke(self, error: Exception) -> None:
        assert self._in_hand is not None
        self._tell(self._in_hand, f'{type(error).__name__}: {error}')

    def _tell(self, order: _Build | _Prepare, reason: str) -> None:
        # Of an engine in use, the engine itself says so, and goes on with its standby.
        if isinstance(order, _Build):
            self._mailbox.post(partial(self._failed, order.choice, reason))


def open_tried(
    choice: EngineChoice, frame: F32 | None = None, expected: Size | None = None
) -> Engines:
    """
    Return engines that have enlarged a frame already.

    :param frame: a depth image that is to be the first, so that it is this that a slow engine will
        be held against; None: a made-up one does
    :param expected: height and width of the frames to come, so that the first of them finds the
        engines warm; None: those of ``frame``, if there is one
    :raises ModelError: a model cannot be used
    :raises EngineError: an engine cannot be built here, or breaks
    """
    choice.check_guided()
    plain = _tried(choice.open(), frame, expected)
    try:
        guided = choice.open_guided()
        return Engines(plain, None if guided is None else _tried(guided, frame, expected))
    except (ModelError, EngineError):
        plain.close()
        raise


def _tried(engine: Engine, frame: F32 | None, expected: Size | None) -> Engine:
    size = expected or ((0, 0) if frame is None else _size(frame))
    try:
        if frame is not None:
            _enlarge(engine, frame)
        rehearse(
            engine, *(max(pixels, least) for pixels, least in zip(size, LEAST_SIZE, strict=True))
        )
    except EngineError:
        engine.close()
        raise
    return engine


def _enlarge(engine: Engine, frame: F32) -> None:
    scale = engine.info.scale
    height, width = (scale * side for side in frame.shape)
    grey = np.full((height, width, 3), 128, np.uint8) if engine.info.guided else None
    SuperResolution(engine)(frame, grey)


def _size(frame: F32) -> Size:
    return frame.shape[0], frame.shape[1]
