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
The little of CUDA that an engine needs, with every error checked.

By ``cuda.bindings`` (cuda-python): NVIDIA's own, a few megabytes, with wheels for x86-64 and
aarch64, and no other dependency. torch would do too, but brings a CUDA of its own of some
gigabytes, and on a Jetson has no wheel where TensorRT itself is part of the system.
"""

from __future__ import annotations

import logging
import math
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from cuda.bindings import runtime as cudart

from cdst_ros.depth.arrays import F32
from cdst_ros.superres.engine import EngineError

_log = logging.getLogger(__name__)

#: Arrays in a block begin at multiples of this [bytes]: what cudaMalloc aligns to.
ALIGNMENT = 256


class CudaError(EngineError):
    """A CUDA call that failed; the message has its name and what CUDA says."""


class Device:
    """
    A GPU.

    :raises EngineError: where there is none of that number, or its driver does not work
    """

    def __init__(self, index: int = 0) -> None:
        count = _checked('cudaGetDeviceCount', cudart.cudaGetDeviceCount())
        if index >= count:
            raise EngineError(f'there is no GPU {index} here; there are {count}, from 0')
        self.index = index
        properties = _checked('cudaGetDeviceProperties', cudart.cudaGetDeviceProperties(index))
        #: Such as ``Orin``.
        self.name = properties.name.decode(errors='replace').strip('\0 ')
        #: Compute capability, such as ``8.7``.
        self.capability = f'{properties.major}.{properties.minor}'
        #: Versions of CUDA: of the runtime in use, and the newest that the driver knows.
        self.runtime = _version(_checked('cudaRuntimeGetVersion', cudart.cudaRuntimeGetVersion()))
        self.driver = _version(_checked('cudaDriverGetVersion', cudart.cudaDriverGetVersion()))

    def use(self) -> None:
        """Let the calls of this thread go to this GPU."""
        _checked('cudaSetDevice', cudart.cudaSetDevice(self.index))

    def free_bytes(self) -> int:
        """Return how much of the memory of the GPU in use is free [bytes]."""
        free, _ = _checked('cudaMemGetInfo', cudart.cudaMemGetInfo())
        return int(free)


class DeviceBlock:
    """Memory of the GPU; it goes with the last reference to it."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.address = int(_checked('cudaMalloc', cudart.cudaMalloc(size)))
        weakref.finalize(self, _release, cudart.cudaFree, self.address)


class PinnedBlock:
    """Memory of the host that the GPU copies from and to by itself; lives while arrays do."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.address = int(
            _checked('cudaHostAlloc', cudart.cudaHostAlloc(size, cudart.cudaHostAllocDefault))
        )
        weakref.finalize(self, _release, cudart.cudaFreeHost, self.address)

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """NumPy's way to arrays over this memory, which keep it alive."""
        return {
            'shape': (self.size,),
            'typestr': '|u1',
            'data': (self.address, False),
            'version': 3,
        }

    def array(self, offset: int, shape: tuple[int, ...]) -> F32:
        """Return the float32 array that begins at an offset [bytes]."""
        end = offset + 4 * math.prod(shape)
        found: F32 = np.asarray(self)[offset:end].view(np.float32).reshape(shape)
        return found


class Graph:
    """Work of a stream that was recorded, and is sent off as one."""

    def __init__(self, graph: Any) -> None:
        """Take the recorded work."""
        try:
            self._executable = _checked(
                'cudaGraphInstantiate', cudart.cudaGraphInstantiate(graph, 0)
            )
        finally:
            _release(cudart.cudaGraphDestroy, graph)
        weakref.finalize(self, _release, cudart.cudaGraphExecDestroy, self._executable)

    def launch(self, stream: Stream) -> None:
        """Send it off."""
        _checked('cudaGraphLaunch', cudart.cudaGraphLaunch(self._executable, stream.handle))


class Stream:
    """A stream of its own, which neither waits for others nor makes them wait."""

    def __init__(self) -> None:
        self.handle = _checked(
            'cudaStreamCreateWithFlags',
            cudart.cudaStreamCreateWithFlags(cudart.cudaStreamNonBlocking),
        )
        weakref.finalize(self, _release, cudart.cudaStreamDestroy, self.handle)

    def upload(self, source: PinnedBlock, target: DeviceBlock) -> None:
        """Begin to copy a whole block to the GPU."""
        self._copy(target.address, source.address, source.size, 'cudaMemcpyHostToDevice')

    def download(self, target: PinnedBlock, source: DeviceBlock) -> None:
        """Begin to copy a whole block from the GPU."""
        self._copy(target.address, source.address, target.size, 'cudaMemcpyDeviceToHost')

    def wait(self) -> None:
        """Return when all that was sent off is done."""
        _checked('cudaStreamSynchronize', cudart.cudaStreamSynchronize(self.handle))

    def record(self, work: Callable[[], None]) -> Graph:
        """
        Return what ``work`` sends to this stream, as a graph; nothing of it runs.

        :raises EngineError: when something in it can not be recorded; the stream works on
        """
        mode = cudart.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        _checked('cudaStreamBeginCapture', cudart.cudaStreamBeginCapture(self.handle, mode))
        try:
            work()
        except Exception as error:  # whatever it is, the stream must not stay as it is now
            state, graph = cudart.cudaStreamEndCapture(self.handle)
            if state == cudart.cudaError_t.cudaSuccess:
                _release(cudart.cudaGraphDestroy, graph)
            _forget_error()
            raise EngineError(f'it can not be recorded: {error}') from error
        try:
            graph = _checked('cudaStreamEndCapture', cudart.cudaStreamEndCapture(self.handle))
            return Graph(graph)
        except CudaError:
            _forget_error()
            raise

    def _copy(self, target: int, source: int, size: int, kind: str) -> None:
        _checked(
            f'cudaMemcpyAsync {kind}',
            cudart.cudaMemcpyAsync(target, source, size, cudart.cudaMemcpyKind[kind], self.handle),
        )


def aligned(size: int) -> int:
    """Return the next multiple of ``ALIGNMENT``."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def _checked(doing: str, result: tuple[Any, ...]) -> Any:
    """Return what a call returned besides its error."""
    error, *values = result
    if error != cudart.cudaError_t.cudaSuccess:
        text = ''
        with suppress(Exception):  # the text is a help, and its lack no other failure
            text = cudart.cudaGetErrorString(error)[1].decode()
        raise CudaError(f'{doing} failed: {getattr(error, "name", error)}: {text}')
    return values[0] if len(values) == 1 else values


def _release(function: Callable[[Any], tuple[Any, ...]], what: Any) -> None:
    """Give something back; nobody can do anything about a failure, but it is said."""
    error = function(what)[0]
    # As the process ends, CUDA may have given everything back already.
    if error not in (cudart.cudaError_t.cudaSuccess, cudart.cudaError_t.cudaErrorCudartUnloading):
        _log.warning('CUDA does not release memory or a stream: %s', getattr(error, 'name', error))


def _forget_error() -> None:
    """Let the error of a failed recording not come up again with a later call."""
    cudart.cudaGetLastError()


def _version(number: int) -> str:
    """Return ``12.6`` for 12060."""
    return f'{number // 1000}.{number % 1000 // 10}'
