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
"""
The raw messages of a rosbag2, in the order they were recorded.

Bags are read by ``rosbags``, which refuses a damaged one whole. What it refuses is salvaged file
by file (``salvage.py``), and what could not be read is counted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol

import yaml
from rosbags.rosbag2 import Reader

from cdst_ros.recordings.bag_message import RawMessage, Topic
from cdst_ros.recordings.errors import BagError
from cdst_ros.recordings.salvage import SALVAGERS, Salvage, has_log

METADATA_FILE = 'metadata.yaml'
#: Suffixes of the storage files of a rosbag2.
STORAGES = tuple(SALVAGERS)


@dataclass
class Damage:
    """
    What could not be read of a bag's files.

    :param lost: messages of the topics last asked for that are known to be lost
    :param notes: what is damaged and how, a sentence each
    """

    lost: int = 0
    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        """Add a sentence, once: files are read several times."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def __bool__(self) -> bool:
        return bool(self.notes)


class _Part(Protocol):
    """Files of a bag that are read together."""

    path: Path

    def topics(self) -> Iterator[Topic]: ...

    def messages(self, topics: Collection[str]) -> Iterator[RawMessage]: ...


def is_bag(path: Path) -> bool:
    """Return whether ``path`` looks like a rosbag2: a storage file, or a folder that has one."""
    if path.is_dir():
        return (path / METADATA_FILE).exists() or bool(storage_files(path))
    return path.suffix in STORAGES


def storage_files(path: Path) -> list[Path]:
    """Return the storage files of the bag in ``path``, in the order they were written."""
    if not path.is_dir():
        return [path] if path.suffix in STORAGES else []
    files = [file for file in path.iterdir() if file.suffix in STORAGES]
    # bag_10.mcap comes after bag_9.mcap.
    return sorted(files, key=lambda f: [int(n) for n in re.findall(r'\d+', f.stem)] + [0])


class BagStream:
    """
    The messages of a bag, whole or damaged.

    Use as a context manager. ``damage`` grows while messages are read.
    """

    def __init__(self, path: Path | str) -> None:
        """
        Open the bag ``path``: a rosbag2 folder, or one ``.mcap`` or ``.db3`` file.

        :raises BagError: when there is no bag, or nothing of it can be read
        """
        self.path = Path(path)
        self.damage = Damage()
        self._stack = ExitStack()
        if not self.path.exists():
            raise BagError(f'{self.path} does not exist')
        if not is_bag(self.path):
            raise BagError(
                f'{self.path} is no bag: give a rosbag2 folder (with {METADATA_FILE}), or one '
                f'{" or ".join(STORAGES)} file'
            )
        try:
            self._parts = self._open()
            #: By name.
            self.topics = self._merged_topics()
        except BaseException:
            self.close()
            raise

    def messages(self, topics: Collection[str] = ()) -> Iterator[RawMessage]:
        """
        Yield the messages of ``topics`` (of all topics if empty) in the order of their log times.

        Where reading breaks, the rest is salvaged; salvaged files keep the order they were
        written in.
        """
        wanted = frozenset(topics or self.topics)
        found = 0
        for part in self._parts:
            for message in self._part_messages(part, wanted):
                found += 1
                yield message
        promised = sum(self.topics[topic].messages for topic in wanted & self.topics.keys())
        self.damage.lost = max(0, promised - found)

    @property
    def seconds(self) -> float:
        """How long recording took, by the log times of what is whole [s]."""
        spans = [part.span_ns for part in self._parts if isinstance(part, _RosbagsPart)]
        spans = [span for span in spans if span[0] < span[1]]
        if not spans:
            return 0.0
        starts, ends = zip(*spans, strict=True)
        return float(max(ends) - min(starts)) / 1e9

    def close(self) -> None:
        """Let go of the bag's files."""
        self._stack.close()

    def __enter__(self) -> BagStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self) -> list[_Part]:
        try:
            return [self._open_reader(self.path)]
        except PermissionError as error:
            raise BagError(f'{self.path} cannot be read: {error.strerror}') from error
        except Exception as error:
            # rosbags meets damage with whatever its parsers happen to raise.
            self.damage.note(f'{self.path.name} is damaged: {_reason(error)}')
        return [self._open_file(file) for file in storage_files(self.path)]

    def _open_file(self, file: Path) -> _Part:
        # rosbags does not look into a write-ahead log.
        if not has_log(file):
            try:
                return self._open_reader(file)
            except Exception as error:
                self.damage.note(f'{file.name} is damaged: {_reason(error)}')
        return self._salvage(file)

    def _open_reader(self, path: Path) -> _RosbagsPart:
        reader = Reader(path)
        reader.open()
        self._stack.callback(reader.close)
        return _RosbagsPart(reader)

    def _salvage(self, file: Path) -> Salvage:
        return SALVAGERS[file.suffix](file, self.damage.note)

    def _merged_topics(self) -> dict[str, Topic]:
        """Return the topics of all parts, with the counts of the bag's metadata if it has any."""
        found: dict[str, Topic] = {}
        for part in self._parts:
            for topic in part.topics():
                before = found.get(topic.name)
                count = topic.messages + (before.messages if before else 0)
                found[topic.name] = topic._replace(messages=count)
        if not found and self.damage.notes:
            raise BagError(
                f'nothing can be read of {self.path}: {"; ".join(self.damage.notes)}. Restore it '
                'from a copy, or record it again.'
            )
        promised = _promised(self.path)
        return {n: t._replace(messages=promised.get(n, t.messages)) for n, t in found.items()}

    def _part_messages(self, part: _Part, wanted: frozenset[str]) -> Iterator[RawMessage]:
        """Yield the messages of a part; if reading it breaks, salvage what has not come yet."""
        last, at_last = -1, set[str]()
        source = part.messages(wanted)
        while True:
            try:
                message = next(source)
            except StopIteration:
                return
            except Exception as error:
                # As in _open: any exception of its parsers means damage.
                self.damage.note(f'{part.path.name} is damaged: {_reason(error)}')
                break
            if message.log_time_ns != last:
                last, at_last = message.log_time_ns, set()
            at_last.add(message.topic)
            yield message
        for file in storage_files(part.path):
            for message in self._salvage(file).messages(wanted):
                time = message.log_time_ns
                if time > last or (time == last and message.topic not in at_last):
                    yield message


class _RosbagsPart:
    """A bag, or one of its files, that rosbags can open."""

    def __init__(self, reader: Reader) -> None:
        self.path = Path(str(reader.path))
        self._reader = reader

    @property
    def span_ns(self) -> tuple[int, int]:
        """Log times of the first and the last message [ns]."""
        return self._reader.start_time, self._reader.end_time

    def topics(self) -> Iterator[Topic]:
        for name, info in self._reader.topics.items():
            yield Topic(name, info.msgtype or '', info.msgcount)

    def messages(self, topics: Collection[str]) -> Iterator[RawMessage]:
        wanted = [c for c in self._reader.connections if c.topic in topics]
        if wanted:
            for connection, log_time_ns, data in self._reader.messages(wanted):
                yield RawMessage(connection.topic, connection.msgtype, log_time_ns, data)


def _promised(path: Path) -> dict[str, int]:
    """Return how many messages a bag's metadata says each topic has; nothing if it is damaged."""
    try:
        metadata = yaml.safe_load((path / METADATA_FILE).read_text(encoding='utf-8'))
        topics = metadata['rosbag2_bagfile_information']['topics_with_message_count']
        return {t['topic_metadata']['name']: int(t['message_count']) for t in topics}
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return {}


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
