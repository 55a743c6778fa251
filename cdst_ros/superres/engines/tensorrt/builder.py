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
Starts the process that builds a plan, and hears how it gets on.

A process of its own: the builder takes gigabytes of memory that it never gives back, its crash
must not take the node along, and it can be ended at any time.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from threading import Event

from cdst_ros.superres.engine import EngineError, ModelError
from cdst_ros.superres.engines.cache import BuildCancelledError
from cdst_ros.superres.engines.tensorrt import build
from cdst_ros.superres.engines.tensorrt.order import PlanOrder

#: A build takes minutes; after this it hangs [s].
TIMEOUT_S = 3600.0

_POLL_S = 0.2

_log = logging.getLogger(__name__)


def run_build(
    order: PlanOrder,
    report: Callable[[str], None],
    cancelled: Event,
    timeout_s: float = TIMEOUT_S,
) -> bytes:
    """
    Return the plan.

    :param report: told how far it is
    :param cancelled: ends the build
    :raises ModelError: when TensorRT can not take the model
    :raises EngineError: when it can not build it, breaks down or hangs
    """
    began = time.monotonic()
    with _process(order) as (process, answers):
        while True:
            if cancelled.is_set():
                raise BuildCancelledError('the engine is no longer wanted')
            if time.monotonic() - began > timeout_s:
                raise EngineError(
                    f'TensorRT has been building for more than {timeout_s:.0f} s: it hangs; use '
                    'another engine'
                )
            if not answers.poll(_POLL_S):
                continue
            try:
                kind, content = answers.recv()
            except (EOFError, OSError):
                raise EngineError(_breakdown(process.wait())) from None
            if kind == build.PROGRESS:
                report(f'{content}, {time.monotonic() - began:.0f} s')
            elif kind == build.LOG:
                _log.warning('TensorRT: %s', content)
            elif kind == build.PLAN:
                return bytes(content)
            else:
                raise (ModelError if kind == build.MODEL_ERROR else EngineError)(content)


@contextmanager
def _process(order: PlanOrder) -> Iterator[tuple[subprocess.Popen[str], Connection]]:
    """Run the process while the block runs."""
    reader, writer = os.pipe()
    answers = Connection(reader, writable=False)
    command = [sys.executable, '-m', build.__name__, str(writer)]
    # It is to find what we have found, however that came to be on our path.
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, sys.path))}
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=(writer,),
            env=environment,
            text=True,
        )
    except OSError as error:
        answers.close()
        raise EngineError(f'the process that builds the engine does not start: {error}') from error
    finally:
        os.close(writer)
    assert process.stdin is not None
    try:
        with suppress(BrokenPipeError):  # it broke down; its answers end, which says so
            process.stdin.write(json.dumps(order._asdict()) + '\n')
            process.stdin.flush()
        yield process, answers
    finally:
        process.kill()
        process.wait()
        answers.close()
        with suppress(BrokenPipeError):
            process.stdin.close()


def _breakdown(code: int) -> str:
    how = f'with exit code {code}'
    if code < 0:
        how = f'by {signal.Signals(-code).name}'
    return (
        f'the process that builds the engine broke down ({how}): what it printed may say why; '
        'SIGKILL often means that memory ran out'
    )
