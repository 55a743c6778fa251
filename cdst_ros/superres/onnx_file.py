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
"""Read the little of an ONNX file that matters before a runtime is chosen, without ``onnx``."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from cdst_ros.superres.engine import ModelError

# Field numbers of onnx.proto3: ModelProto, GraphProto, NodeProto, TensorProto,
# StringStringEntryProto.
_MODEL_GRAPH = 7
_MODEL_METADATA = 14
_GRAPH_NODE = 1
_GRAPH_INITIALIZER = 5
_NODE_OP_TYPE = 4
_TENSOR_DATA_TYPE = 2
_ENTRY_KEY = 1
_ENTRY_VALUE = 2

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class _DamagedError(Exception):
    """The bytes are no protobuf message; the text says where they stop being one."""


class _Field(NamedTuple):
    """
    A field: its number, and where its bytes lie in the file.

    :param value: of a number; None where the field is length-delimited
    """

    number: int
    start: int
    end: int
    value: int | None = None


class OnnxFile(NamedTuple):
    """
    What an ONNX file says of itself.

    :param properties: its ``metadata_props``
    :param operators: the operator types of its main graph, such as ``Conv``
    :param weight_types: TensorProto.DataType of the weights of its main graph
    """

    properties: dict[str, str]
    operators: frozenset[str]
    weight_types: frozenset[int]


def read_onnx_file(path: Path) -> OnnxFile:
    """
    Read metadata and operator types; weights are skipped unread, so any size is fast.

    :raises ModelError: where there is no such file, or it is no whole ONNX model
    """
    try:
        size = os.path.getsize(path)
        with open(path, 'rb') as file:
            return _read_model(file, size)
    except FileNotFoundError:
        raise ModelError(f'{path}: there is no such model file; check the path') from None
    except IsADirectoryError:
        raise ModelError(f'{path} is a folder; give the .onnx file in it') from None
    except OSError as error:
        raise ModelError(f'{path} cannot be read: {error.strerror or error}') from error
    except _DamagedError as fault:
        raise ModelError(
            f'{path} is no whole ONNX model: {fault}; copy or export it again{_pointer_hint(path)}'
        ) from None


def _read_model(file: BinaryIO, size: int) -> OnnxFile:
    properties: dict[str, str] = {}
    operators: set[str] = set()
    weight_types: set[int] = set()
    has_graph = False
    for field in _fields(file, 0, size):
        if field.number == _MODEL_METADATA:
            key, value = _read_entry(file, field)
            properties[key] = value
        elif field.number == _MODEL_GRAPH:
            has_graph = True
            operators |= _read_operators(file, field)
            weight_types |= _read_weight_types(file, field)
    if not has_graph:
        raise _DamagedError('it holds no graph')
    return OnnxFile(properties, frozenset(operators), frozenset(weight_types))


def _read_entry(file: BinaryIO, entry: _Field) -> tuple[str, str]:
    texts = {_ENTRY_KEY: '', _ENTRY_VALUE: ''}
    for field in _fields(file, entry.start, entry.end):
        texts[field.number] = _text(file, field)
    return texts[_ENTRY_KEY], texts[_ENTRY_VALUE]


def _read_operators(file: BinaryIO, graph: _Field) -> set[str]:
    return {
        _text(file, field)
        for node in _fields(file, graph.start, graph.end)
        if node.number == _GRAPH_NODE
        for field in _fields(file, node.start, node.end)
        if field.number == _NODE_OP_TYPE
    }


def _read_weight_types(file: BinaryIO, graph: _Field) -> set[int]:
    return {
        field.value
        for tensor in _fields(file, graph.start, graph.end)
        if tensor.number == _GRAPH_INITIALIZER
        for field in _all_fields(file, tensor.start, tensor.end)
        if field.number == _TENSOR_DATA_TYPE and field.value is not None
    }


def _fields(file: BinaryIO, start: int, end: int) -> Iterator[_Field]:
    """Yield the length-delimited fields of the message in ``[start, end)``; skip the others."""
    return (field for field in _all_fields(file, start, end) if field.value is None)


def _all_fields(file: BinaryIO, start: int, end: int) -> Iterator[_Field]:
    """Yield the numbers and length-delimited fields of the message in ``[start, end)``."""
    position = start
    while position < end:
        key, position = _read_varint(file, position, end)
        number, wire_type = key >> 3, key & 7
        if number == 0:
            raise _DamagedError(f'byte {position} is no protobuf field')
        if wire_type == _BYTES:
            length, position = _read_varint(file, position, end)
            if position + length > end:
                raise _DamagedError(
                    f'the field at byte {position} needs {length} bytes, {end - position} follow'
                )
            yield _Field(number, position, position + length)
            position += length
        elif wire_type == _VARINT:
            began = position
            value, position = _read_varint(file, position, end)
            yield _Field(number, began, position, value)
        elif wire_type in (_FIXED64, _FIXED32):
            position += 8 if wire_type == _FIXED64 else 4
        else:
            raise _DamagedError(f'byte {position} is no protobuf field')
    if position > end:
        raise _DamagedError(f'it ends within the field at byte {end}')


def _read_varint(file: BinaryIO, position: int, end: int) -> tuple[int, int]:
    """Return the base-128 integer at ``position`` and the position after it."""
    file.seek(position, io.SEEK_SET)
    value = 0
    for count, byte in enumerate(file.read(min(10, end - position))):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, position + count + 1
    raise _DamagedError(f'it ends within the number at byte {position}')


def _text(file: BinaryIO, field: _Field) -> str:
    file.seek(field.start, io.SEEK_SET)
    try:
        return file.read(field.end - field.start).decode('utf-8')
    except UnicodeDecodeError:
        raise _DamagedError(f'the text at byte {field.start} is not UTF-8') from None


def _pointer_hint(path: Path) -> str:
    """Return what to add where the file is a stand-in that Git LFS left."""
    with open(path, 'rb') as file:
        if file.read(40).startswith(b'version https://git-lfs'):
            return ' (it is a Git LFS pointer: run `git lfs pull` where it came from)'
    return ''
