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
"""Nodes as processes of their own, and what they say."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def node_processes(module: str) -> Iterator[Callable[..., subprocess.Popen]]:
    """Give a maker of processes of a module of nodes; end them all when left."""
    command = [sys.executable, '-m', f'cdst_ros.nodes.{module}', '--ros-args']
    processes: list[subprocess.Popen] = []

    def start(*arguments: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [*command, *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        return process

    try:
        yield start
    finally:
        for process in processes:
            process.kill()
            process.wait()


def read_until(process: subprocess.Popen, part: str) -> None:
    """Read what a process says until a line holds ``part``."""
    for line in process.stderr:
        if part in line:
            return
    pytest.fail(f'the process ended without saying {part!r}')
