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
"""The thread that works on the newest item only."""

from __future__ import annotations

import os
import queue
import threading

import pytest

from cdst_ros.nodes.worker import Worker


@pytest.fixture
def gate():
    return threading.Event()


def test_newest_item_wins(gate):
    done, superseded, begun, last = [], [], threading.Event(), threading.Event()

    def work(item):
        begun.set()
        assert gate.wait(10)
        done.append(item)
        if item == 4:
            last.set()

    worker = Worker('w', work, pytest.fail, lambda: superseded.append(1))
    worker.submit(1)
    assert begun.wait(10)
    for item in (2, 3, 4):
        worker.submit(item)
    gate.set()
    assert last.wait(10)
    worker.stop()
    assert done == [1, 4]
    assert len(superseded) == 2


def test_an_exception_costs_its_item_only():
    told = queue.SimpleQueue()

    def work(item):
        if item == 'bad':
            raise ValueError('bad item')
        told.put(item)

    worker = Worker('w', work, told.put)
    worker.submit('bad')
    assert str(told.get(timeout=10)) == 'bad item'
    worker.submit('good')
    assert told.get(timeout=10) == 'good'
    worker.stop()


def test_stop_finishes_the_item_in_hand_and_drops_the_waiting_one(gate):
    done, begun = [], threading.Event()

    def work(item):
        begun.set()
        assert gate.wait(10)
        done.append(item)

    worker = Worker('to be stopped', work, pytest.fail)
    worker.submit(1)
    assert begun.wait(10)
    worker.submit(2)
    stopper = threading.Thread(target=worker.stop)
    stopper.start()
    gate.set()
    stopper.join(10)
    assert done == [1]
    assert 'to be stopped' not in [t.name for t in threading.enumerate()]
    worker.stop()


def test_stop_from_its_own_thread_does_not_wait_for_itself():
    stopped = threading.Event()

    def work(item):
        worker.stop()
        stopped.set()

    worker = Worker('w', work, pytest.fail)
    worker.submit(1)
    assert stopped.wait(10)


def test_a_thread_that_gives_way_leaves_the_others_as_they_are():
    told = queue.SimpleQueue()

    def work(item):
        told.put(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    worker = Worker('w', work, pytest.fail, nice=19)
    worker.submit(1)
    assert told.get(timeout=10) == 19
    worker.stop()
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before
