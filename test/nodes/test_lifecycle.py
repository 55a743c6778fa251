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
"""Transitions of the superres node: what is held when, and what is said when one fails."""

from __future__ import annotations

import gc
import os
import threading
import weakref

import pytest
from graph import Graph
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from sensor_msgs.msg import CameraInfo, Image
from tiny_model import write_model

from cdst_ros.nodes import choice, superres_node
from cdst_ros.superres.engines import open_engine, registry

UNCONFIGURED, INACTIVE, ACTIVE = 1, 2, 3


def change(graph: Graph, transition: int) -> bool:
    """Ask for a transition from another node, as a lifecycle manager does."""
    client = graph.user.create_client(ChangeState, f'{graph.node.get_name()}/change_state')
    graph.until(client.service_is_ready)
    request = ChangeState.Request(transition=Transition(id=transition))
    future = client.call_async(request)
    graph.until(future.done)
    graph.user.destroy_client(client)
    return future.result().success


def state(graph: Graph) -> int:
    client = graph.user.create_client(GetState, f'{graph.node.get_name()}/get_state')
    graph.until(client.service_is_ready)
    future = client.call_async(GetState.Request())
    graph.until(future.done)
    graph.user.destroy_client(client)
    return future.result().current_state.id


def test_states_by_service(make_graph):
    graph = make_graph(start=False)
    assert state(graph) == UNCONFIGURED
    assert change(graph, Transition.TRANSITION_CONFIGURE)
    assert state(graph) == INACTIVE
    assert graph.user.count_publishers('depth_hr/image_raw') == 1
    assert change(graph, Transition.TRANSITION_ACTIVATE)
    graph.flow()
    assert change(graph, Transition.TRANSITION_DEACTIVATE)
    graph.until(lambda: graph.user.count_subscribers('depth/image_raw') == 0)
    assert change(graph, Transition.TRANSITION_ACTIVATE)
    graph.settle()
    assert change(graph, Transition.TRANSITION_DEACTIVATE)
    assert change(graph, Transition.TRANSITION_CLEANUP)
    graph.until(lambda: graph.user.count_publishers('depth_hr/image_raw') == 0)
    assert state(graph) == UNCONFIGURED
    assert change(graph, Transition.TRANSITION_UNCONFIGURED_SHUTDOWN)


@pytest.mark.parametrize(
    ('parameters', 'parts'),
    [
        ({'engine': 'onnxruntime', 'scale': 0, 'model': 'nowhere.onnx'}, ('nowhere.onnx',)),
        ({'engine': 'bicubc'}, ('use one of auto',)),
        ({'engine': 'tensorrt', 'scale': 0, 'model': '{tiny}'}, ('tensorrt', 'use engine')),
        ({'engine': 'onnxruntime', 'scale': 3, 'model': '{tiny}'}, ('by 2 and scale is 3',)),
        ({'engine': 'onnxruntime', 'scale': 0, 'model': '{contract9}'}, ('contract 9',)),
        ({'engine': 'bicubic', 'precision': 'bf16'}, ('bf16',)),
        ({'min_depth': 3.0, 'max_depth': 1.0}, ('min_depth',)),
    ],
)
def test_refusal_says_why_and_the_next_try_works(
    make_graph, tmp_path, monkeypatch, parameters, parts
):
    monkeypatch.setattr(registry, 'GPU_DEVICES', ())  # there is none, for TensorRT
    files = {
        '{tiny}': write_model(tmp_path / 'tiny.onnx'),
        '{contract9}': write_model(tmp_path / 'contract9.onnx', contract=9),
    }
    values = {k: str(files.get(v, v)) if k == 'model' else v for k, v in parameters.items()}
    graph = make_graph(start=False, **values)
    assert not graph.on_node(graph.node.start)
    for part in parts:
        graph.until(lambda part=part: graph.said('cannot', part))
    assert state(graph) == UNCONFIGURED
    good = {'engine': 'bicubic', 'scale': 2, 'precision': 'f32', 'min_depth': 0.0}
    assert graph.set(**good).successful
    assert graph.on_node(graph.node.start)
    graph.flow()


def test_refusal_is_an_error_in_the_diagnostics_until_the_next_try(make_graph):
    graph = make_graph(start=False, engine='bicubc')
    assert not graph.on_node(graph.node.start)
    status = graph.status()
    assert status.level == b'\2'
    assert 'use one of auto' in status.message
    assert graph.set(engine='bicubic').successful
    assert graph.on_node(graph.node.start)
    assert graph.status().level == b'\0'


def test_unforeseen_exception_in_a_transition_is_logged(make_graph, monkeypatch):
    def fail(*args, **arguments):
        raise RuntimeError('the library fell apart')

    graph = make_graph(start=False)
    with monkeypatch.context() as patch:
        patch.setattr(choice, 'open_engine', fail)
        assert not graph.on_node(graph.node.start)
    graph.until(lambda: graph.said('cannot configure', 'Traceback', 'the library fell apart'))
    assert graph.on_node(graph.node.start)
    graph.flow()


def test_configuring_again_leaks_nothing(make_graph, monkeypatch):
    engines = []

    def open_watched(*args, **arguments):
        engine = open_engine(*args, **arguments)
        engines.append(weakref.ref(engine))
        return engine

    monkeypatch.setattr(choice, 'open_engine', open_watched)
    graph = make_graph(start=False, lazy=False)

    def round_trip():
        assert graph.on_node(graph.node.start)
        graph.settle()
        assert graph.on_node(graph.node.trigger_deactivate)
        assert graph.on_node(graph.node.trigger_cleanup)

    def holdings():
        gc.collect()
        node = graph.node
        return {
            'threads': threading.active_count(),
            'files': len(os.listdir('/proc/self/fd')),
            'publishers': len(list(node.publishers)),
            'subscriptions': len(list(node.subscriptions)),
            'timers': len(list(node.timers)),
            'guards': len(list(node.guards)),
            'waitables': len(list(node.waitables)),
            'managed': len(node._managed_entities),
            'engines': sum(ref() is not None for ref in engines),
        }

    graph.images = graph.listen(Image, 'depth_hr/image_raw')
    graph.infos = graph.listen(CameraInfo, 'depth_hr/camera_info')
    round_trip()
    before = holdings()
    for _ in range(6):
        round_trip()
    assert holdings() == before
    assert before['engines'] == 0


def test_deactivation_finishes_the_frame_in_hand_and_closes_the_engine(make_graph):
    graph = make_graph()
    graph.flow()
    graph.send()
    assert graph.on_node(graph.node.trigger_deactivate)
    assert not [t for t in threading.enumerate() if t.name == 'superres']
    assert graph.on_node(graph.node.trigger_cleanup)
    assert not [t for t in threading.enumerate() if t.name == 'engine builder']


def test_a_reliability_that_is_none_refuses_before_anybody_listens(make_graph):
    graph = make_graph(start=False, reliability='perhaps')
    assert not graph.on_node(graph.node.start)
    graph.until(lambda: graph.said('cannot configure', "'perhaps'", 'auto, reliable or best_'))
    assert state(graph) == UNCONFIGURED


def test_a_subscription_that_cannot_be_made_leaves_the_node_inactive(make_graph, monkeypatch):
    def refuse(*args, **arguments):
        raise ValueError('the middleware has no room')

    graph = make_graph(start=False, lazy=False)
    with monkeypatch.context() as patch:
        patch.setattr(superres_node, 'DepthSource', refuse)
        assert not graph.on_node(graph.node.start)
    graph.until(lambda: graph.said('cannot subscribe', 'the middleware has no room'))
    assert state(graph) == INACTIVE
    assert graph.on_node(graph.node.trigger_activate)
    graph.flow()
