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
"""The process that builds a plan: its answers, its end, and those who wait for it."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cdst_ros.superres.engine import EngineError
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.engines.cache import BuildCancelledError

SIZE = (12, 16)


@pytest.fixture
def hold(monkeypatch, tmp_path):
    """Return a file: builds wait while it is there, and tell that in another."""
    file = tmp_path / 'hold'
    file.touch()
    monkeypatch.setenv('STANDIN_HOLD', str(file))
    return file


def builders(hold):
    """Return the processes that have begun to build."""
    reached = Path(f'{hold}.reached')
    return list(dict.fromkeys(reached.read_text().split())) if reached.exists() else []


def until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def gone(pid):
    try:
        state = Path(f'/proc/{pid}/stat').read_text().rsplit(')', maxsplit=1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == 'Z'


def order_of(engine):
    from cdst_ros.superres.engines.model import input_shapes
    from cdst_ros.superres.engines.tensorrt.order import PlanOrder

    return PlanOrder(str(engine._path), engine._sha256, input_shapes(engine.info, *SIZE), 0)


def test_a_build_that_nobody_wants_any_more_ends_at_once(play, hold, make_model):
    play()
    engine = open_engine(make_model(), 'tensorrt').slow
    cancelled, raised = threading.Event(), []

    def prepare():
        try:
            engine.prepare(SIZE, lambda _: None, cancelled)
        except EngineError as error:
            raised.append(error)

    thread = threading.Thread(target=prepare)
    thread.start()
    until(lambda: builders(hold))
    (builder,) = builders(hold)
    cancelled.set()
    thread.join(30)

    assert isinstance(raised[0], BuildCancelledError)
    assert gone(builder)
    assert not list(engine._cache.folder.glob('*.plan'))


def test_a_build_that_hangs_is_given_up(play, hold, make_model):
    play()
    engine = open_engine(make_model(), 'tensorrt').slow
    from cdst_ros.superres.engines.tensorrt.builder import run_build

    with pytest.raises(EngineError, match='it hangs'):
        run_build(order_of(engine), lambda _: None, threading.Event(), timeout_s=0.5)
    assert all(gone(builder) for builder in builders(hold))


def test_a_build_that_is_killed_says_so_and_leaves_nothing(play, hold, make_model):
    play()
    engine = open_engine(make_model(), 'tensorrt').slow
    raised = []

    def prepare():
        try:
            engine.prepare(SIZE, lambda _: None, threading.Event())
        except EngineError as error:
            raised.append(str(error))

    thread = threading.Thread(target=prepare)
    thread.start()
    until(lambda: builders(hold))
    os.kill(int(builders(hold)[0]), signal.SIGKILL)
    thread.join(30)
    assert 'by SIGKILL' in raised[0]
    assert not list(engine._cache.folder.glob('*.plan'))
    hold.unlink()
    engine.prepare(SIZE, lambda _: None, threading.Event())

    assert engine.ready(SIZE)


#: Wants an engine, in a process of its own.
PROCESS = """
import sys
import numpy as np
from cdst_ros.superres.engines import open_engine, registry
registry.GPU_DEVICES = ('/dev/null',)
engine = open_engine(sys.argv[1], 'tensorrt')
depth = np.full((12, 16), 2, np.float32)
out = engine.infer(depth, depth > 0)
print(engine.info.engine, out.depth.shape, flush=True)
"""


def start(path):
    from .conftest import STANDIN

    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join([str(STANDIN), *sys.path])}
    command = [sys.executable, '-c', PROCESS, str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_of_two_processes_one_builds_and_both_run(play, hold, make_model):
    play()
    path = make_model()
    processes = [start(path) for _ in range(2)]
    until(lambda: builders(hold))
    hold.unlink()

    assert [process.communicate(timeout=120)[0] for process in processes] == [
        'tensorrt (24, 32)\n'
    ] * 2
    assert len(builders(hold)) == 1


def test_a_node_that_is_killed_takes_its_build_along(play, hold, make_model, tmp_path):
    play()
    path = make_model()
    first = start(path)
    until(lambda: builders(hold))
    (orphan,) = builders(hold)
    first.kill()
    first.communicate()
    until(lambda: gone(orphan))
    assert not list((tmp_path / 'cache').rglob('*.plan'))
    hold.unlink()

    assert start(path).communicate(timeout=120)[0] == 'tensorrt (24, 32)\n'
