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
"""What our rooms without ROS log, said by the node."""

from __future__ import annotations

import logging
from typing import Any

import cdst_ros


class LogForward(logging.Handler):
    """
    Passes what the package logs, from ``INFO`` on, to a node's logger until it is closed.

    :param logger: of the node
    """

    def __init__(self, logger: Any) -> None:
        super().__init__(logging.INFO)
        self._node = logger
        self._source = logging.getLogger(cdst_ros.__name__)
        self._level = self._source.level
        self._source.setLevel(logging.INFO)
        self._source.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Say it; rclpy wants a line of code to keep to one severity."""
        text = record.getMessage()
        if record.levelno >= logging.ERROR:
            self._node.error(text)
        elif record.levelno >= logging.WARNING:
            self._node.warning(text)
        else:
            self._node.info(text)

    def close(self) -> None:
        """Pass nothing on any more."""
        self._source.removeHandler(self)
        self._source.setLevel(self._level)
        super().close()
