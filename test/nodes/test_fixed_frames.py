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
"""What /tf_static says of how cameras lie to each other."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from trainer_graph import walk

from cdst_ros.nodes import fixed_frames
from cdst_ros.nodes.fixed_frames import FixedFrames

#: A quarter turn about z.
TURN = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])


def transform(parent: str, child: str, x: float = 0.0, turned: bool = False) -> TransformStamped:
    stamped = TransformStamped(child_frame_id=child)
    stamped.header.frame_id = parent
    stamped.transform.translation.x = x
    half = np.sqrt(0.5)
    stamped.transform.rotation.z, stamped.transform.rotation.w = (half, half) if turned else (0, 1)
    return stamped


def message(*transforms: TransformStamped) -> Any:
    """Return what a tf2_msgs/TFMessage holds; the wheels of ROS have none."""
    return SimpleNamespace(transforms=list(transforms))


@pytest.fixture
def node() -> Iterator[Node]:
    node = rclpy.create_node('fixed_frames_test')
    yield node
    node.destroy_node()


def test_frames_are_linked_over_their_parent(node):
    frames = FixedFrames(node)
    assert frames.between('rgb', 'depth') is None
    frames.take(message(transform('base', 'depth', x=1.0)))
    assert frames.between('rgb', 'depth') is None
    frames.take(message(transform('base', 'rgb', x=1.5, turned=True)))
    found = frames.between('rgb', 'depth')
    np.testing.assert_allclose(found[:3, 3], (0.5, 0, 0))
    np.testing.assert_allclose(found[:3, :3], TURN, atol=1e-12)
    frames.destroy()


def test_a_frame_lies_to_itself_without_any_transform(node):
    frames = FixedFrames(node)
    np.testing.assert_array_equal(frames.between('camera', '/camera'), np.eye(4))
    frames.destroy()


def test_a_transform_that_is_none_is_left_out(node):
    frames = FixedFrames(node)
    broken = transform('base', 'rgb')
    broken.transform.rotation.w = 0.0
    frames.take(message(broken, transform('base', 'depth')))
    assert frames.between('rgb', 'base') is None
    assert frames.between('depth', 'base') is not None
    frames.destroy()


def test_what_is_missing_is_said(node, monkeypatch):
    frames = FixedFrames(node)
    monkeypatch.setattr(fixed_frames, 'TFMessage', None)
    assert 'no tf2_msgs' in frames.explain('rgb', 'depth')
    monkeypatch.setattr(fixed_frames, 'TFMessage', SimpleNamespace)
    said = frames.explain('rgb', 'depth')
    assert 'rgb' in said
    assert 'static_transform_publisher' in said
    frames.destroy()


def test_latched_transforms_are_heard(make_trainer):
    messages = pytest.importorskip('tf2_msgs.msg', reason='the wheels of ROS have no tf2_msgs')
    graph = make_trainer(min_change=0.0)
    graph.frame_ids = {'rgb': 'rgb', 'depth': 'depth'}
    latched = fixed_frames._LATCHED
    publisher = graph.user.create_publisher(messages.TFMessage, '/tf_static', latched)
    both = [transform('base', 'depth', x=1.0), transform('base', 'rgb', x=1.5)]
    publisher.publish(messages.TFMessage(transforms=both))
    assert graph.call('start_collecting').success

    def linked() -> bool:
        graph.see(walk()[0])
        return bool(graph.stamps()) and graph.recorded(1)[-1].extrinsics('color') is not None

    graph.until(linked)
    np.testing.assert_allclose(graph.recorded(1)[-1].extrinsics('color')[:3, 3], (0.5, 0, 0))


def test_extrinsics_are_recorded_where_known_and_missed_where_not(make_trainer):
    graph = make_trainer(min_change=0.0)
    graph.frame_ids = {'rgb': 'rgb', 'depth': 'depth'}
    assert graph.call('start_collecting').success
    graph.see_until_kept()
    assert graph.recorded(1)[0].extrinsics('color') is None
    graph.until(lambda: graph.said('how rgb lies to depth is not known'))
    frames = graph.node._parts['collecting']._frames
    both = message(transform('base', 'depth', x=1.0), transform('base', 'rgb', x=1.5))
    graph.on_node(lambda: frames.take(both))
    stamp = graph.see(walk()[1])
    graph.until(lambda: stamp in graph.stamps())
    frame = graph.recorded(1)[graph.stamps().index(stamp)]
    np.testing.assert_allclose(frame.extrinsics('color')[:3, 3], (0.5, 0, 0))
