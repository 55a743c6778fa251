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
"""An engine that takes minutes to get ready, and the one that works until then."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from threading import Event
from typing import NamedTuple, Protocol

from cdst_ros.depth.arrays import F32, U8, Bool
from cdst_ros.superres.engine import Engine, EngineError, EngineInfo, Inference
from cdst_ros.superres.engines.agreement import compare

#: Sizes for which a frame is kept to check the engine on.
_KEPT_SAMPLES = 2

_log = logging.getLogger(__name__)

Size = tuple[int, int]


class SlowEngine(Engine, Protocol):
    """An engine that has to be made ready for each frame size."""

    def ready(self, size: Size) -> bool:
        """Return whether frames of that height and width run at once; any thread."""

    def prepare(self, size: Size, report: Callable[[str], None], cancelled: Event) -> None:
        """
        Make it ready for frames of a height and width; any thread, while others are inferred.

        :param report: told what is being done, now and then
        :param cancelled: ends it early
        :raises ModelError: when it can not take the model
        :raises EngineError: when it can not take that size, or not at present
        """


class _Sample(NamedTuple):
    """A frame, and what the standby made of it."""

    depth: F32
    valid: Bool
    rgb: U8 | None
    due: Inference


class StandbyEngine:
    """
    Runs a frame on the slow engine where that is ready for its size, else on the standby.

    The slow engine is used for a size only when it has agreed with the standby on a frame of that
    size; that is how an engine that was compiled wrongly is found. Where it does not agree, or
    breaks later, the standby goes on.

    :param wait: frames of a new size wait until the slow engine is ready, and an engine that can
        not be used raises: for work that is not live, and must be what it says it is
    """

    def __init__(self, slow: SlowEngine, standby: Engine, *, wait: bool) -> None:
        """Take both engines, which are of one model."""
        self.slow = slow
        self._standby = standby
        self._wait = wait
        self._lock = threading.Lock()
        self._samples: OrderedDict[Size, _Sample] = OrderedDict()
        self._agreed: set[Size] = set()
        self._refused: dict[Size, str] = {}
        self._size: Size | None = None
        self._closed = False

    @property
    def info(self) -> EngineInfo:
        """What the next frame runs on, if it is of the size of the last one."""
        with self._lock:
            slow = self._wait or (self._size is not None and self._usable(self._size))
        return (self.slow if slow else self._standby).info

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why the standby goes on, where it does so for good."""
        with self._lock:
            return tuple(dict.fromkeys(self._refused.values()))

    def wants(self, size: Size) -> bool:
        """Return whether ``prepare`` is due for frames of a height and width, and possible."""
        with self._lock:
            seen = size in self._agreed or size in self._samples
            return seen and size not in self._refused and not self._usable(size)

    def infer(self, depth: F32, valid: Bool, rgb: U8 | None = None) -> Inference:
        """Enlarge one frame on whichever is ready."""
        size = (depth.shape[0], depth.shape[1])
        with self._lock:
            self._size = size
            usable = self._usable(size)
        if not usable:
            out = self._infer_on_standby(size, depth, valid, rgb)
            if not self._wait or not self.wants(size):
                return out
            self.prepare(size)
        try:
            return self.slow.infer(depth, valid, rgb)
        except Exception as error:  # whatever it is, the standby does not suffer from it
            if self._wait:
                raise
            self._refuse(size, f'{self.slow.info.engine} broke: {error}')
            return self._infer_on_standby(size, depth, valid, rgb)

    def prepare(
        self,
        size: Size,
        report: Callable[[str], None] = lambda _: None,
        cancelled: Event | None = None,
    ) -> None:
        """
        Make the slow engine ready for a size of which a frame was seen; any thread.

        :raises ModelError: when it can not take the model; the standby goes on
        :raises EngineError: when it can not be used for that size; the standby goes on
        """
        cancelled = cancelled or Event()
        try:
            self.slow.prepare(size, report, cancelled)
            self._check(size)
        except Exception as error:  # whatever it is, the standby does not suffer from it
            if not (self._wait or self._closed or cancelled.is_set()):
                self._refuse(size, str(error))
            raise

    def close(self) -> None:
        """Release both."""
        self._closed = True
        self.slow.close()
        self._standby.close()

    def _usable(self, size: Size) -> bool:
        return size in self._agreed and size not in self._refused and self.slow.ready(size)

    def _infer_on_standby(self, size: Size, depth: F32, valid: Bool, rgb: U8 | None) -> Inference:
        out = self._standby.infer(depth, valid, rgb)
        with self._lock:
            if size not in self._samples and size not in self._agreed and out.valid.any():
                self._samples[size] = _Sample(
                    depth.copy(),
                    valid.copy(),
                    None if rgb is None else rgb.copy(),
                    Inference(
                        out.depth.copy(),
                        None if out.sigma is None else out.sigma.copy(),
                        out.valid.copy(),
                    ),
                )
                while len(self._samples) > _KEPT_SAMPLES:
                    self._samples.popitem(last=False)
        return out

    def _check(self, size: Size) -> None:
        """
        Hold the slow engine against the standby.

        :raises EngineError: when they disagree
        """
        with self._lock:
            if size in self._agreed:
                return
            sample = self._samples.get(size)
        if sample is None:
            raise EngineError(
                f'no frame of {size[1]}x{size[0]} pixels with a valid one among them was seen, '
                f'to hold {self.slow.info.engine} against {self._standby.info.engine}'
            )
        agreement = compare(self.slow.infer(*sample[:3]), sample.due)
        text = f'{self.slow.info.engine} and {self._standby.info.engine}: {agreement}'
        if not agreement.holds:
            raise EngineError(
                f'{self.slow.info.engine} does not find what {self._standby.info.engine} finds in '
                f'one and the same frame ({text}): it is not used; use engine '
                f'{self._standby.info.engine}, or another version of {self.slow.info.engine}'
            )
        with self._lock:
            self._agreed.add(size)
            del self._samples[size]
        name = self.slow.info.engine
        _log.info('%s takes over for %dx%d px; one frame on both: %s', name, *size[::-1], text)

    def _refuse(self, size: Size, reason: str) -> None:
        with self._lock:
            self._refused[size] = reason
        _log.error('%s goes on: %s', self._standby.info.engine, reason)
