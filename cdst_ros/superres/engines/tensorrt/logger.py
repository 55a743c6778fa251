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
"""What TensorRT says, for our log and our error messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import tensorrt as trt

from cdst_ros.superres.engine import EngineError

#: So many of its last errors are told where something failed.
_LAST = 5


class Logger(trt.ILogger):  # type: ignore[misc]
    """
    Keeps TensorRT's errors, and passes them on; its warnings are chatter.

    :param tell: takes each error; any thread
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        trt.ILogger.__init__(self)
        self._tell = tell
        self._errors: deque[str] = deque(maxlen=_LAST)

    def log(self, severity: Any, msg: str) -> None:
        """Take a message from TensorRT."""
        if severity in (trt.ILogger.Severity.INTERNAL_ERROR, trt.ILogger.Severity.ERROR):
            self._errors.append(msg)
            self._tell(msg)

    def errors(self) -> str:
        """Return the last errors as a sentence, and forget them."""
        found, self._errors = '; '.join(self._errors), deque(maxlen=_LAST)
        return found or 'TensorRT does not say why'


def make(kind: Any, *arguments: Any, logger: Logger) -> Any:
    """
    Return a new object of TensorRT.

    :raises EngineError: where TensorRT makes none, which its bindings tell as a ``TypeError``
    """
    try:
        made = kind(*arguments)
    except TypeError as error:
        raise EngineError(
            f'TensorRT makes no {kind.__name__}: {logger.errors()} ({error})'
        ) from error
    if made is None:
        raise EngineError(f'TensorRT makes no {kind.__name__}: {logger.errors()}')
    return made
