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
"""A node as a process of its own: start, spin, end cleanly on SIGINT and SIGTERM."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType

import rclpy
import rclpy.logging
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

#: How long a signal may wait for a spin that is blocked in the middleware [s].
_SIGNAL_PERIOD_S = 0.1


class Stop:
    """Remembers that the process was asked to end; installed as the handler of signals."""

    def __init__(self) -> None:
        self.requested = False

    def __call__(self, signum: int = 0, frame: FrameType | None = None) -> None:
        """Ask the process to end."""
        self.requested = True


def run(
    make: Callable[[], Node],
    start: Callable[[Node], bool] = lambda node: True,
    finished: Callable[[Node], bool] = lambda node: False,
    args: Sequence[str] | None = None,
) -> int:
    """
    Run one node until it is finished or a signal asks it to end.

    rclpy's own handlers invalidate the context at once, under the feet of whatever is publishing,
    and raise KeyboardInterrupt anywhere. Ours only set a flag, so that the node ends between two
    callbacks, with its publishers alive, however often the signal comes.

    :param make: builds the node
    :param start: brings it up; False means that it refused, and said why
    :param finished: asked between callbacks whether the node has done its work
    :param args: command line, ``--ros-args`` included; None takes ``sys.argv``
    :return: exit code: 0, or 1 when the node refused to start and has said why
    """
    stop = Stop()
    handlers = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    rclpy.init(
        args=list(sys.argv if args is None else args),
        signal_handler_options=SignalHandlerOptions.NO,
    )
    try:
        return _spin(make(), start, finished, stop)
    except (InvalidParameterTypeException, InvalidParameterValueException) as error:
        rclpy.logging.get_logger('cdst_ros').fatal(f'refuses to start: {error}')
        return 1
    finally:
        rclpy.try_shutdown()
        for signum, handler in handlers.items():
            signal.signal(signum, handler)


def run_until_done(
    make: Callable[[], Node],
    start: Callable[[Node], bool],
    args: Sequence[str] | None = None,
) -> int:
    """
    Run one node that tells by ``done`` when its work is, and by ``failed`` whether it came to it.

    :param make: builds the node
    :param start: brings it up, as in ``run``
    :param args: command line, likewise
    :return: exit code: that of ``run``, and 1 when the node has failed
    """
    failed = False

    def finished(node: Node) -> bool:
        nonlocal failed
        failed = node.failed
        return bool(node.done)

    return run(make, start, finished, args) or int(failed)


def _spin(
    node: Node, start: Callable[[Node], bool], finished: Callable[[Node], bool], stop: Stop
) -> int:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        if not start(node):
            return int(rclpy.ok())
        while not (stop.requested or finished(node)):
            executor.spin_once(timeout_sec=_SIGNAL_PERIOD_S)
    except Exception:
        # Someone who shuts the context down has the same wish as a signal; what was in hand then
        # fails anyhow, for rclpy destroys the node first, from their thread.
        if rclpy.ok():
            raise
    finally:
        executor.remove_node(node)
        node.destroy_node()
        executor.shutdown()
    return 0
