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
"""The trainer node: its states, and what it tells of them."""

from __future__ import annotations

import pytest
from lifecycle_msgs.msg import Transition
from test_lifecycle import ACTIVE, INACTIVE, UNCONFIGURED, change, state
from trainer_graph import TrainerGraph


@pytest.fixture
def make_trainer(make_graph):
    def make(**parameters):
        return make_graph(kind=TrainerGraph, **parameters)

    return make


def test_states_by_service_and_in_the_latched_status(make_trainer):
    graph = make_trainer(start=False)
    assert state(graph) == UNCONFIGURED
    graph.until(lambda: graph.told and graph.told[-1]['state'] == 'unconfigured')
    assert change(graph, Transition.TRANSITION_CONFIGURE)
    assert state(graph) == INACTIVE
    graph.until(lambda: graph.told[-1]['state'] == 'inactive')
    assert change(graph, Transition.TRANSITION_ACTIVATE)
    assert state(graph) == ACTIVE
    graph.until(lambda: graph.told[-1]['state'] == 'active')
    assert change(graph, Transition.TRANSITION_DEACTIVATE)
    assert change(graph, Transition.TRANSITION_CLEANUP)
    graph.until(lambda: graph.told[-1]['state'] == 'unconfigured')


def test_whoever_comes_late_learns_the_present_state(make_trainer):
    graph = make_trainer()
    graph.until(lambda: graph.told and graph.told[-1]['state'] == 'active')
    graph.told.clear()
    graph.hear_status()
    graph.until(lambda: graph.told and graph.told[-1]['state'] == 'active')
