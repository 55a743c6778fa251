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

from collections.abc import Callable
from functools import partial

from cdst_ros.nodes.choice import EngineChoice
from cdst_ros.nodes.mailbox import Mailbox
from cdst_ros.nodes.worker import Worker
from cdst_ros.superres.engine import Engine, EngineError, ModelError
from cdst_ros.superres.rehearsal import LEAST_SIZE, rehearse


class EngineBuilder:
    """
    Builds and tries one engine after the other, on a thread of its own; the newest wish counts.

    :param built: takes a tried engine, on the executor's thread
    :param failed: takes the reason otherwise, on the executor's thread
    """

    def __init__(
        self,
        mailbox: Mailbox,
        built: Callable[[EngineChoice, Engine], None],
        failed: Callable[[EngineChoice, str], None],
    ) -> None:
        self._mailbox = mailbox
        self._built = built
        self._failed = failed
        self._worker = Worker('engine builder', self._build, self._broke)
        self._in_hand: EngineChoice | None = None

    def build(self, choice: EngineChoice, size: tuple[int, int]) -> None:
        """
        Begin to build; returns at once.

        :param size: height and width [px] of the frames to come, so that the first of them finds
            the engine warm; zeros where unknown
        """
        self._worker.submit((choice, size))

    def stop(self) -> None:
        """Finish the engine in hand and end the thread."""
        self._worker.stop()

    def _build(self, order: tuple[EngineChoice, tuple[int, int]]) -> None:
        choice, size = order
        self._in_hand = choice
        try:
            engine = open_tried(choice, size)
        except (ModelError, EngineError) as error:
            self._mailbox.post(partial(self._failed, choice, str(error)))
        else:
            self._mailbox.post(partial(self._built, choice, engine))

    def _broke(self, error: Exception) -> None:
        assert self._in_hand is not None
        reason = f'{type(error).__name__}: {error}'
        self._mailbox.post(partial(self._failed, self._in_hand, reason))


def open_tried(choice: EngineChoice, size: tuple[int, int] = (0, 0)) -> Engine:
    """
    Return an engine that has enlarged a frame already.

    :param size: height and width [px] of that frame, if it matters
    :raises ModelError: the model cannot be used
    :raises EngineError: the engine cannot be built here, or breaks
    """
    engine = choice.open()
    try:
        rehearse(
            engine, *(max(pixels, least) for pixels, least in zip(size, LEAST_SIZE, strict=True))
        )
    except EngineError:
        engine.close()
        raise
    return engine
