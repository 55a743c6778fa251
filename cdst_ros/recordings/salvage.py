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
Reads what is left of a damaged storage file of a rosbag2.

MCAP is read as a stream, record by record, without its index, which a truncated file lacks; SQLite
row by row, so that a damaged page costs the rows on it.
"""

from __future__ import annotations

import sqlite3
import struct
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, McapRecord, Message, Schema
from mcap.stream_reader import StreamReader, get_chunk_data_stream

from cdst_ros.recordings.bag_message import RawMessage, Topic

#: Rows that may fail one after the other before the rest of a database is given up.
_HOPELESS_ROWS = 1000
_ZSTD_MAGIC = b'\x28\xb5\x2f\xfd'
#: What parsing damaged bytes raises: the parsers' own errors, struct's, and the decompressors'.
_BROKEN = (McapError, struct.error, ValueError, EOFError, RuntimeError, zstandard.ZstdError)


class Salvage(ABC):
    """A damaged file, read as far as it goes; it tells ``note`` what could not be read."""

    def __init__(self, path: Path, note: Callable[[str], None]) -> None:
        self.path = path
        self._note = note

    @abstractmethod
    def topics(self) -> Iterator[Topic]:
        """Yield what topics can still be found."""

    @abstractmethod
    def messages(self, topics: Collection[str]) -> Iterator[RawMessage]:
        """Yield what can still be read of ``topics``, in the order it was written."""

    def _plain(self, data: bytes) -> bytes | None:
        """Return a message as it was before rosbag2 compressed it, or None if it is damaged."""
        # Serialised messages begin with their byte order: 0, then 0 or 1.
        if not data.startswith(_ZSTD_MAGIC):
            return data
        try:
            return zstandard.ZstdDecompressor().decompressobj().decompress(data)
        except zstandard.ZstdError as error:
            self._note(f'{self.path.name} has damaged compressed messages ({_reason(error)})')
            return None


class McapSalvage(Salvage):
    """An MCAP file without a usable index."""

    def topics(self) -> Iterator[Topic]:
        """Yield the topics that have messages, by reading the file once."""
        counts = Counter((message.topic, message.msgtype) for message in self._all())
        for (topic, msgtype), count in counts.items():
            yield Topic(topic, msgtype, count)

    def messages(self, topics: Collection[str]) -> Iterator[RawMessage]:
        """Yield what can still be read of ``topics``, in the order it was written."""
        return (message for message in self._all() if message.topic in topics)

    def _all(self) -> Iterator[RawMessage]:
        schemas: dict[int, str] = {}
        channels: dict[int, Channel] = {}
        for record in self._records():
            if isinstance(record, Schema):
                schemas[record.id] = record.name
            elif isinstance(record, Channel):
                channels[record.id] = record
            elif isinstance(record, Message) and record.channel_id in channels:
                channel = channels[record.channel_id]
                msgtype = schemas.get(channel.schema_id, '')
                if (plain := self._plain(record.data)) is not None:
                    yield RawMessage(channel.topic, msgtype, record.log_time, plain)

    def _records(self) -> Iterator[McapRecord]:
        with self.path.open('rb') as file:
            records = iter(StreamReader(file, emit_chunks=True).records)
            while True:
                at = file.tell()
                try:
                    record = next(records)
                except StopIteration:
                    return
                except _BROKEN as error:
                    size = self.path.stat().st_size
                    self._note(
                        f'{self.path.name} breaks off or breaks up after byte {at} of {size} '
                        f'({_reason(error)})'
                    )
                    return
                if isinstance(record, Chunk):
                    yield from self._chunk_records(record, at)
                else:
                    yield record

    def _chunk_records(self, chunk: Chunk, at: int) -> Iterator[McapRecord]:
        """Yield the records of a chunk up to its damage."""
        try:
            stream, size = get_chunk_data_stream(chunk, validate_crc=True)
            while stream.count < size:
                record = _chunk_record(stream, size)
                if record is not None:
                    yield record
            if size != chunk.uncompressed_size:
                raise EOFError(f'{size} of {chunk.uncompressed_size} bytes')
        except _BROKEN as error:
            self._note(f'{self.path.name}: the chunk at byte {at} is damaged ({_reason(error)})')


class SqliteSalvage(Salvage):
    """A SQLite file that cannot be read in one go."""

    def topics(self) -> Iterator[Topic]:
        """Yield the topics noted; how many messages each has is not known."""
        try:
            with closing(self._connect()) as database:
                for name, msgtype in self._topics(database).values():
                    yield Topic(name, msgtype, 0)
        except sqlite3.Error:
            # Without its topics nothing in the file has a meaning.
            return

    def messages(self, topics: Collection[str]) -> Iterator[RawMessage]:
        """Yield what can still be read of ``topics``, in the order it was written."""
        try:
            with closing(self._connect()) as database:
                known = self._topics(database)
                for topic, log_time_ns, data in self._rows(database):
                    name, msgtype = known.get(topic, ('', ''))
                    if name in topics and (plain := self._plain(data)) is not None:
                        yield RawMessage(name, msgtype, log_time_ns, plain)
        except sqlite3.Error as error:
            self._note(f'{self.path.name} cannot be read further ({_reason(error)})')

    def _connect(self) -> sqlite3.Connection:
        mode = 'mode=ro' if has_log(self.path) else 'immutable=1'
        database = sqlite3.connect(f'file:{quote(str(self.path))}?{mode}', uri=True)
        # Lets SQLite open a file that has fewer pages than its header says, as ".recover" does.
        database.execute('PRAGMA writable_schema=ON')
        return database

    @staticmethod
    def _topics(database: sqlite3.Connection) -> dict[int, tuple[str, str]]:
        rows = database.execute('SELECT id, name, type FROM topics')
        return {topic: (name, msgtype) for topic, name, msgtype in rows}

    def _rows(self, database: sqlite3.Connection) -> Iterator[tuple[int, int, bytes]]:
        """Yield (topic, log time, data) of the rows 1, 2, ..., leaping over damaged ones."""
        last = _last_row(database)
        number, lost, failing = 0, 0, 0
        while number < last if last is not None else failing < _HOPELESS_ROWS:
            number += 1
            try:
                row = database.execute(
                    'SELECT topic_id, timestamp, data FROM messages WHERE id = ?', (number,)
                ).fetchone()
            except sqlite3.Error:
                failing += 1
                continue
            lost, failing = lost + failing, 0
            if row is not None:
                yield row
        if last is None:
            self._note(
                f'{self.path.name}: {lost} rows are damaged, and all after row {number - failing}'
            )
        elif lost + failing:
            self._note(f'{self.path.name}: {lost + failing} of {last} rows are damaged')


def has_log(file: Path) -> bool:
    """Return whether a killed recorder left messages in a write-ahead log beside ``file``."""
    log = file.with_name(file.name + '-wal')
    return log.exists() and log.stat().st_size > 0


def _last_row(database: sqlite3.Connection) -> int | None:
    """Return the greatest row number, or None if the end of the table is damaged."""
    try:
        (last,) = database.execute('SELECT max(id) FROM messages').fetchone()
    except sqlite3.Error:
        return None
    return last or 0


def _chunk_record(stream: ReadDataStream, size: int) -> McapRecord | None:
    """Read one record of a chunk of ``size`` bytes; None if it is of a kind not needed here."""
    opcode, length = stream.read1(), stream.read8()
    if stream.count + length > size:
        raise EOFError(f'a record of {length} bytes, {size - stream.count} are left')
    if opcode == Opcode.SCHEMA:
        return Schema.read(stream)
    if opcode == Opcode.CHANNEL:
        return Channel.read(stream)
    if opcode == Opcode.MESSAGE:
        return Message.read(stream, length)
    stream.read(length)
    return None


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


#: By the suffix of the storage file.
SALVAGERS: dict[str, type[Salvage]] = {'.mcap': McapSalvage, '.db3': SqliteSalvage}
