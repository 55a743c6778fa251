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
"""Waiting for something to happen, without a fixed delay."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

#: No test waits longer for anything, however busy the machine [s].
PATIENCE_S = 60.0


def wait_until(
    condition: Callable[[], Any],
    meanwhile: Callable[[], Any] = lambda: time.sleep(0.02),
    timeout_s: float = PATIENCE_S,
) -> Any:
    """Do ``meanwhile`` until ``condition`` holds; return what it returned."""
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end, 'it did not happen in time'
        meanwhile()
    return found
