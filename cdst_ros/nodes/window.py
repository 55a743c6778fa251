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
"""Figures over the last few seconds."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from statistics import median
from typing import NamedTuple


class Spread(NamedTuple):
    """Median and maximum of what was seen; seconds."""

    p50: float
    max: float


class Window:
    """
    Counts events and durations of the last ``length_s`` seconds; any thread may add.

    :param length_s: [s]
    """

    def __init__(self, length_s: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._length_s = length_s
        self._clock = clock
        self._lock = threading.Lock()
        self._events: dict[str, deque[float]] = {}
        self._durations: dict[str, deque[tuple[float, float]]] = {}
        self._totals: Counter[str] = Counter()

    def count(self, event: str) -> None:
        """Note that ``event`` happened now."""
        now = self._clock()
        with self._lock:
            self._totals[event] += 1
            times = self._events.setdefault(event, deque())
            times.append(now)
            while times[0] < now - self._length_s:
                times.popleft()

    def add(self, durations: dict[str, float]) -> None:
        """Note how long each stage took [s], by name, in the order they are to be shown."""
        now = self._clock()
        with self._lock:
            for name, seconds in durations.items():
                kept = self._durations.setdefault(name, deque())
                kept.append((now, seconds))
                while kept[0][0] < now - self._length_s:
                    kept.popleft()

    def rate(self, event: str) -> float:
        """Return how often ``event`` happens [1/s]: by the intervals between its occurrences."""
        with self._lock:
            times = [t for t in self._events.get(event, ()) if t >= self._clock() - self._length_s]
        if len(times) < 2:
            return len(times) / self._length_s
        # An interval still open counts once it is longer than those seen: the rate then decays.
        open_s = self._clock() - times[-1]
        mean_s = (times[-1] - times[0]) / (len(times) - 1)
        if open_s > 2 * mean_s:
            return len(times) / (times[-1] - times[0] + open_s)
        return 1 / mean_s if mean_s > 0 else 0.0

    def total(self, event: str) -> int:
        """Return how often ``event`` has happened since the start."""
        with self._lock:
            return self._totals[event]

    def totals(self, prefix: str) -> dict[str, int]:
        """Return the totals of the events whose names begin with ``prefix``, which is cut off."""
        with self._lock:
            return {k[len(prefix) :]: n for k, n in self._totals.items() if k.startswith(prefix)}

    def recent(self, event: str) -> int:
        """Return how often ``event`` happened within the window."""
        with self._lock:
            since = self._clock() - self._length_s
            return sum(t >= since for t in self._events.get(event, ()))

    def spreads(self) -> dict[str, Spread]:
        """Return median and maximum [s] of each stage seen within the window."""
        with self._lock:
            since = self._clock() - self._length_s
            seen = {
                name: [d for t, d in kept if t >= since] for name, kept in self._durations.items()
            }
        return {name: Spread(median(d), max(d)) for name, d in seen.items() if d}
