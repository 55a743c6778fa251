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
"""Putting together what belongs together: messages of several topics, by their stamps."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar('T')

#: A stamp that is this much older than its stream's newest is no latecomer: time has been reset.
RESET_AFTER_NS = 1_000_000_000


@dataclass
class PairingCounts:
    """
    What became of the items; each dict has a key for every stream.

    :param delivered: sets delivered
    :param resets: times that all stamps jumped back (a bag that loops, a simulation restarted)
    :param without: sets delivered without this optional stream
    :param unmatched: items that had to make room before their set was complete
    :param replaced: items that a later one of the same stamp replaced
    :param outdated: items dropped because they were of the time before a jump back
    """

    delivered: int = 0
    resets: int = 0
    without: dict[str, int] = field(default_factory=dict)
    unmatched: dict[str, int] = field(default_factory=dict)
    replaced: dict[str, int] = field(default_factory=dict)
    outdated: dict[str, int] = field(default_factory=dict)


class StampPairer(Generic[T]):
    """
    Makes sets of one item a stream, all within ``tolerance_ns`` of the first stream's item.

    The first of ``names`` leads: a set is one of its items, with the nearest item of each other
    stream. Streams may arrive in any order and lose items; every item goes into one set at most.
    Memory is bounded: beyond ``capacity`` waiting items a stream drops its oldest.

    A set is delivered as soon as it is complete, with the nearest items that have arrived by then.
    With a tolerance under half the frame period there is only one candidate, so that nothing
    nearer can come later. Camera infos are streams like any other: each frame is paired with one
    of its own, and none is held for later frames.

    **Optional streams** are used when they come and never lose a frame when they do not. A set
    that lacks one waits until the item can no longer come, which is when that stream has shown a
    later stamp, or when a later set has all that it requires. A stream that has been silent since
    the last set delivered without it (or from the start) is not waited for, so that a topic
    without a publisher costs no latency.

    A stamp older than its stream's newest by ``reset_after_ns`` starts over: whatever is not near
    the new time is dropped. Smaller steps back are latecomers.

    Stamps that repeat are legal (a publisher that never sets them): an item replaces a waiting one
    of the same stamp, and is new when the earlier one has been delivered.

    Not thread-safe: push from one thread, or hold a lock.
    """

    def __init__(
        self,
        names: Iterable[str],
        tolerance_ns: int = 0,
        capacity: int = 10,
        optional: Iterable[str] = (),
        reset_after_ns: int = RESET_AFTER_NS,
        *,
        expected: Iterable[str] = (),
    ) -> None:
        """
        Start empty.

        :param names: the streams; the first leads and is required
        :param tolerance_ns: [ns] how far a stamp may lie from the leading one; 0 pairs equal ones
        :param capacity: items a stream may have waiting
        :param optional: those of ``names`` that a set can do without
        :param expected: those that are waited for from the start, for they are known to come
        :raises ValueError: when these make no sense together
        """
        self._names = tuple(names)
        self._optional = frozenset(optional)
        self._check(tolerance_ns, capacity, reset_after_ns)
        self._tolerance = tolerance_ns
        self._reset_after = reset_after_ns
        self._streams: dict[str, _Stream[T]] = {name: _Stream(capacity) for name in self._names}
        for name in expected:
            self._streams[name].silent = False
        self._lead = self._streams[self._names[0]]
        self._required = [n for n in self._names[1:] if n not in self._optional]
        self.counts = PairingCounts(
            without=dict.fromkeys(self._names, 0),
            unmatched=dict.fromkeys(self._names, 0),
            replaced=dict.fromkeys(self._names, 0),
            outdated=dict.fromkeys(self._names, 0),
        )

    def push(self, name: str, stamp_ns: int, item: T) -> dict[str, T] | None:
        """
        Add an item; return the oldest complete set, if there is one, without missing streams.

        One item may complete two sets; ``pop`` gives the other at once, the next ``push`` later.

        :raises ValueError: for a stream that is not among ``names``
        """
        stream = self._streams.get(name)
        if stream is None:
            raise ValueError(f"no stream '{name}' is paired here, only {', '.join(self._names)}")
        if stream.newest is not None and stream.newest - stamp_ns > self._reset_after:
            self._start_over(name, stamp_ns)
        replaced, evicted = stream.add(stamp_ns, item)
        self.counts.replaced[name] += replaced
        self.counts.unmatched[name] += evicted
        return self.pop()

    def pop(self, wait: bool = True) -> dict[str, T] | None:
        """
        Return the oldest set that is complete and waits for nothing, or None.

        :param wait: hold sets whose optional items may still come; False when nothing more comes
        """
        sets = list(self._complete())
        for i, found in enumerate(sets):
            awaited = self._add_optional(found) and wait
            if not awaited or i + 1 < len(sets):
                return self._deliver(found)
        return None

    def clear(self) -> None:
        """Forget all items and stamps; the counts stay."""
        for stream in self._streams.values():
            stream.clear()

    def _check(self, tolerance_ns: int, capacity: int, reset_after_ns: int) -> None:
        names = self._names
        if not names or len(set(names)) != len(names) or not self._optional <= set(names[1:]):
            raise ValueError(
                f'streams {names} with optional {sorted(self._optional)}: give each name once, a '
                'required one first, and only names of streams as optional'
            )
        if tolerance_ns < 0 or capacity < 1 or reset_after_ns <= tolerance_ns:
            raise ValueError(
                f'tolerance_ns {tolerance_ns}, capacity {capacity}, reset_after_ns '
                f'{reset_after_ns}: give 0 <= tolerance_ns < reset_after_ns and capacity >= 1'
            )

    def _complete(self) -> Iterator[dict[str, int]]:
        """Yield the stamps of every set that has all it requires, oldest first."""
        for stamp in self._lead.stamps:
            found = {self._names[0]: stamp}
            for name in self._required:
                match = self._match(name, stamp)
                if match is None:
                    break
                found[name] = match
            else:
                yield found

    def _match(self, name: str, stamp: int) -> int | None:
        """Return the nearest stamp of a stream, unless another leading item is nearer to it."""
        match = self._streams[name].nearest(stamp)
        if match is None or abs(match - stamp) > self._tolerance:
            return None
        return match if self._lead.nearest(match) == stamp else None

    def _add_optional(self, found: dict[str, int]) -> bool:
        """Add the optional items that have come to a set; return whether more may come."""
        stamp = found[self._names[0]]
        awaited = False
        for name in self._names:
            if name not in self._optional:
                continue
            match = self._match(name, stamp)
            if match is not None:
                found[name] = match
            else:
                awaited = awaited or self._streams[name].expects(stamp + self._tolerance)
        return awaited

    def _deliver(self, found: dict[str, int]) -> dict[str, T]:
        """Take a set out of its streams."""
        stamp = found[self._names[0]]
        for name in self._optional - found.keys():
            self.counts.without[name] += 1
            stream = self._streams[name]
            stream.silent |= stream.expects(stamp + self._tolerance)
        self.counts.delivered += 1
        return {name: self._streams[name].take(match) for name, match in found.items()}

    def _start_over(self, name: str, stamp: int) -> None:
        """Drop what is not near ``stamp``, the first stamp of ``name`` after a jump back."""
        others = (stream for other, stream in self._streams.items() if other != name)
        if not any(stream.near(stamp, self._reset_after) for stream in others):
            self.counts.resets += 1
        for other, stream in self._streams.items():
            self.counts.outdated[other] += stream.keep_near(stamp, self._reset_after)
        self._streams[name].newest = None


class _Stream(Generic[T]):
    """The waiting items of one stream, in the order of their stamps."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._items: dict[int, T] = {}
        self.stamps: list[int] = []
        #: The newest stamp seen since time was last reset.
        self.newest: int | None = None
        #: Nothing has come since the last set that had to do without.
        self.silent = True

    def add(self, stamp: int, item: T) -> tuple[bool, bool]:
        """Add an item; return whether it replaced one, and whether the oldest made room."""
        self.silent = False
        self.newest = stamp if self.newest is None else max(self.newest, stamp)
        replaced = stamp in self._items
        self._items[stamp] = item
        if replaced:
            return True, False
        insort(self.stamps, stamp)
        full = len(self.stamps) > self._capacity
        if full:
            self.take(self.stamps[0])
        return False, full

    def take(self, stamp: int) -> T:
        """Remove and return the item of a stamp."""
        self.stamps.remove(stamp)
        return self._items.pop(stamp)

    def nearest(self, stamp: int) -> int | None:
        """Return the waiting stamp nearest to ``stamp``, the older of two equally near."""
        i = bisect_left(self.stamps, stamp)
        around = self.stamps[max(i - 1, 0) : i + 1]
        return min(around, key=lambda s: abs(s - stamp), default=None)

    def expects(self, stamp: int) -> bool:
        """Whether an item of ``stamp`` or before may still come."""
        return not self.silent and (self.newest is None or self.newest <= stamp)

    def near(self, stamp: int, distance: int) -> bool:
        """Whether this stream's time is already that of ``stamp``."""
        return self.newest is not None and abs(self.newest - stamp) <= distance

    def keep_near(self, stamp: int, distance: int) -> int:
        """Drop the items farther than ``distance`` from ``stamp``; return how many."""
        outdated = [s for s in self.stamps if abs(s - stamp) > distance]
        for s in outdated:
            self.take(s)
        return len(outdated)

    def clear(self) -> None:
        """Forget everything."""
        self._items.clear()
        self.stamps.clear()
        self.newest = None
        self.silent = True
