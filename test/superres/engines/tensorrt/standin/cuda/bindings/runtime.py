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
Plays cuda.bindings.runtime: a GPU whose memory is the host's, and whose streams run at once.

It has exactly the names that the engine uses and the real bindings have, and refuses what CUDA
refuses: copies beyond a block, memory that was freed, a stream used wrongly.
"""

from __future__ import annotations

import ctypes
import enum
import sys

from names import NAMES, cuda_types, fault, version_of

_REAL = NAMES['cuda'][version_of('cuda')]

# The names are those of the real one.
# ruff: noqa: N816
cudaError_t = enum.IntEnum('cudaError_t', _REAL['enumerations']['cudaError_t'])
cudaMemcpyKind = enum.IntEnum('cudaMemcpyKind', _REAL['enumerations']['cudaMemcpyKind'])
cudaStreamCaptureMode = enum.IntEnum(
    'cudaStreamCaptureMode', _REAL['enumerations']['cudaStreamCaptureMode']
)

_OK = cudaError_t.cudaSuccess
_INVALID = cudaError_t.cudaErrorInvalidValue

_device: dict[int, ctypes.Array] = {}
_host: dict[int, ctypes.Array] = {}
_streams: dict[int, _Stream] = {}
#: What the tests ask about: how often each function was called.
counts: dict[str, int] = {}


class _Stream:
    """A handle that turns into an int, as those of cuda.bindings do."""

    def __init__(self):
        self.capturing = None
        self.broken = False

    def __int__(self):
        return id(self)

    def send(self, work):
        """Run work, or note it while capturing."""
        if self.capturing is None:
            work()
        else:
            self.capturing.append(work)


class _Graph:
    def __init__(self, work):
        self.work = work


class _Properties:
    name = b'Stand-in GPU'
    major, minor = 8, 7


def _block(blocks, address):
    """Return the block that an address lies in, and the offset."""
    for start, memory in blocks.items():
        if start <= address < start + len(memory):
            return memory, address - start
    return None, 0


def device_bytes(address, count):
    """Return memory of the GPU as bytes that can be written, for TensorRT's stand-in."""
    memory, offset = _block(_device, address)
    assert memory is not None, 'the network reads or writes beyond the memory of the GPU'
    assert offset + count <= len(memory), 'the network reads or writes beyond its block'
    return memoryview(memory).cast('B')[offset : offset + count]


def stream_of(handle):
    """Return the stream of an int."""
    return _streams[handle]


def _allocate(blocks, size):
    memory = ctypes.create_string_buffer(size)
    blocks[ctypes.addressof(memory)] = memory
    return _OK, ctypes.addressof(memory)


def _free(blocks, address):
    return (_OK,) if blocks.pop(address, None) is not None else (_INVALID,)


def _copy(dst, src, count, kind, stream):
    to_device = kind == cudaMemcpyKind.cudaMemcpyHostToDevice
    target, to = _block(_device if to_device else _host, dst)
    source, start = _block(_host if to_device else _device, src)
    if target is None or source is None or int(stream) not in _streams:
        return (_INVALID,)
    if to + count > len(target) or start + count > len(source):
        return (_INVALID,)
    stream.send(lambda: ctypes.memmove(dst, src, count))
    return (_OK,)


def _create_stream(flags):
    assert flags == _REAL['names']['cudaStreamNonBlocking']
    stream = _Stream()
    _streams[int(stream)] = stream
    return _OK, stream


def _begin(stream, mode):
    assert mode == cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
    assert stream.capturing is None
    stream.capturing = []
    return (_OK,)


def _end(stream):
    work, stream.capturing = stream.capturing, None
    if work is None or stream.broken or fault('capture'):
        stream.broken = False
        return cudaError_t.cudaErrorStreamCaptureInvalidated, None
    return _OK, _Graph(work)


def _launch(graph, stream):
    for work in graph.work:
        work()
    return (_OK,)


def _synchronize(stream):
    # CUDA tells what broke in a kernel when it is waited for.
    if stream.broken:
        return (cudaError_t.cudaErrorIllegalAddress,)
    return (_OK,)


_FUNCTIONS = {
    'cudaGetDeviceCount': lambda: (_OK, 1),
    'cudaGetDeviceProperties': lambda device: (_OK, _Properties()),
    'cudaRuntimeGetVersion': lambda: (_OK, 12060),
    'cudaDriverGetVersion': lambda: (_OK, 12080),
    'cudaSetDevice': lambda device: (_OK,),
    'cudaMemGetInfo': lambda: (_OK, 2**30, 2**33),
    'cudaMalloc': lambda size: _allocate(_device, size),
    'cudaFree': lambda address: _free(_device, address),
    'cudaHostAlloc': lambda size, flags: _allocate(_host, size),
    'cudaFreeHost': lambda address: _free(_host, address),
    'cudaMemcpyAsync': _copy,
    'cudaStreamCreateWithFlags': _create_stream,
    'cudaStreamDestroy': lambda stream: (_OK,),
    'cudaStreamSynchronize': _synchronize,
    'cudaStreamBeginCapture': _begin,
    'cudaStreamEndCapture': _end,
    'cudaGraphInstantiate': lambda graph, flags: (_OK, graph),
    'cudaGraphLaunch': _launch,
    'cudaGraphDestroy': lambda graph: (_OK,),
    'cudaGraphExecDestroy': lambda graph: (_OK,),
    'cudaGetErrorString': lambda error: (_OK, b'the stand-in was told to fail'),
    'cudaGetLastError': lambda: (_OK,),
}


def _checked(name, doc, function):
    kinds = cuda_types(doc)

    def call(*arguments):
        counts[name] = counts.get(name, 0) + 1
        if len(arguments) != len(kinds):
            raise TypeError(f'{doc} was given {arguments}')
        for kind, argument in zip(kinds, arguments, strict=True):
            if kind == 'int' and type(argument) is not int:
                raise TypeError(f'{doc} was given {arguments}')
            if kind not in ('int', '') and type(argument).__name__ != kind:
                raise TypeError(f'{doc} was given {arguments}')
        if fault(name):
            returned = 2 if name in ('cudaMalloc', 'cudaHostAlloc') else 1
            return (cudaError_t.cudaErrorMemoryAllocation, None)[:returned]
        return function(*arguments)

    return call


for _name, _what in _REAL['names'].items():
    setattr(
        sys.modules[__name__],
        _name,
        _what if isinstance(_what, int) else _checked(_name, _what, _FUNCTIONS[_name]),
    )
