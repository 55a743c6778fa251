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

from lifecycle_msgs.msg import Transition
from test_lifecycle import ACTIVE, INACTIVE, UNCONFIGURED, change, state


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


def test_a_refusal_is_said_in_the_log_the_status_and_the_diagnostics(make_trainer):
    graph = make_trainer(start=False, color='perhaps')
    assert not graph.on_node(graph.node.start)
    graph.until(lambda: graph.said('cannot configure', "'perhaps'", 'required, optional, none'))
    graph.until(lambda: graph.told and "'perhaps'" in graph.told[-1]['refusal'])
    assert graph.diagnosis().level == b'\2'
    assert graph.set(color='none').successful
    assert graph.on_node(graph.node.start)
    assert graph.diagnosis().level == b'\0'


def test_what_cannot_take_effect_is_refused(make_trainer):
    graph = make_trainer()
    refused = graph.set(min_depth=3.0, max_depth=2.0)
    assert not refused.successful
    assert 'no depth could ever be valid' in refused.reason
    assert not graph.set(recording='').successful
