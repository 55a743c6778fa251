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
"""What the tests of nodes share: ROS, and graphs that are closed when a test ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
from graph import Graph, NodeGraph
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions
from trainer_graph import TrainerGraph


@pytest.fixture(scope='session', autouse=True)
def ros() -> Iterator[None]:
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    yield
    rclpy.try_shutdown()


@pytest.fixture
def other_context() -> Iterator[Context]:
    """Return a context that is another participant to DDS, as another process is."""
    context = Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    yield context
    context.try_shutdown()


@pytest.fixture
def make_graph() -> Iterator[Callable[..., Any]]:
    graphs: list[NodeGraph] = []

    def make(kind: type[NodeGraph] = Graph, **parameters: Any) -> Any:
        graphs.append(kind(**parameters))
        return graphs[-1]

    yield make
    for graph in graphs:
        graph.close()


@pytest.fixture
def make_trainer(make_graph: Callable[..., Any], tmp_path: Path) -> Callable[..., TrainerGraph]:
    def make(**parameters: Any) -> TrainerGraph:
        graph: TrainerGraph = make_graph(
            kind=TrainerGraph, **{'recording': tmp_path / 'recording', **parameters}
        )
        return graph

    return make
