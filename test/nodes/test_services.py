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
"""Services that answer in words."""

from __future__ import annotations

import pytest
from graph import NodeGraph
from rclpy.lifecycle import LifecycleNode
from rclpy.task import Future
from std_srvs.srv import Trigger

from cdst_ros.nodes.services import ServiceRefusedError, serve


class Serving(LifecycleNode):
    """A node whose services do what a test tells them."""

    def __init__(self, namespace: str) -> None:
        super().__init__('serving', namespace=namespace)
        self.waiting = Future()
        serve(self, '~/good', lambda: 'done, and said')
        serve(self, '~/refusing', self.refuse)
        serve(self, '~/no_disk', self.find_no_disk)
        serve(self, '~/broken', lambda: str(1 // 0))
        serve(self, '~/slow', self.wait)

    def refuse(self) -> str:
        raise ServiceRefusedError('not now: call ~/good first')

    def find_no_disk(self) -> str:
        raise OSError(28, 'No space left on device')

    async def wait(self) -> str:
        return str(await self.waiting)


@pytest.fixture
def graph():
    graph = NodeGraph(Serving)
    yield graph
    graph.close()


def ask(graph: NodeGraph, service: str):
    client = graph.user.create_client(Trigger, f'serving/{service}')
    graph.until(client.service_is_ready)
    return client.call_async(Trigger.Request())


def answer(graph: NodeGraph, service: str):
    future = ask(graph, service)
    graph.until(future.done)
    return future.result()


def test_what_was_done_is_said(graph):
    found = answer(graph, 'good')
    assert (found.success, found.message) == (True, 'done, and said')
    graph.until(lambda: graph.said('good: done, and said'))


@pytest.mark.parametrize(
    ('service', 'says'),
    [('refusing', 'call ~/good first'), ('no_disk', 'No space'), ('broken', 'ZeroDivisionError')],
)
def test_what_could_not_be_done_is_said_and_the_node_goes_on(graph, service, says):
    found = answer(graph, service)
    assert not found.success
    assert says in found.message
    graph.until(lambda: graph.said(service, says))
    assert answer(graph, 'good').success


def test_a_service_that_waits_holds_up_no_other(graph):
    slow = ask(graph, 'slow')
    for _ in range(3):
        assert answer(graph, 'good').success
    assert not slow.done()
    graph.on_node(lambda: graph.node.waiting.set_result('at last'))
    graph.until(slow.done)
    assert slow.result().message == 'at last'
