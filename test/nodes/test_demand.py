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
"""To whom the superres node listens, when, and how reliably."""

from __future__ import annotations

import pytest
import rclpy.event_handler
from graph import Graph, camera, info
from rclpy.qos import QoSReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2

from cdst_ros.nodes import events

RELIABLE, BEST_EFFORT = QoSReliabilityPolicy.RELIABLE, QoSReliabilityPolicy.BEST_EFFORT


def subscribed(graph: Graph) -> int:
    return graph.user.count_subscribers('depth/image_raw')


def asked(graph: Graph) -> list[QoSReliabilityPolicy]:
    found = graph.user.get_subscriptions_info_by_topic(f'{graph.namespace}/depth/image_raw')
    return [s.qos_profile.reliability for s in found]


@pytest.mark.parametrize(
    ('kind', 'topic'),
    [
        (Image, 'depth_hr/image_raw'),
        (CameraInfo, 'depth_hr/camera_info'),
        (CompressedImage, 'depth_hr/image_raw/compressedDepth'),
        (Image, 'superres/confidence'),
        (Image, 'superres/sigma'),
        (PointCloud2, 'depth_hr/points'),
    ],
)
def test_lazy_node_listens_while_somebody_listens_to_it(make_graph, kind, topic):
    graph = make_graph()
    assert subscribed(graph) == 0
    listener = graph.user.create_subscription(kind, topic, lambda msg: None, 5)
    graph.until(lambda: subscribed(graph) == 1)
    graph.user.destroy_subscription(listener)
    graph.until(lambda: subscribed(graph) == 0)


def test_idle_node_is_well(make_graph):
    status = make_graph().status()
    assert status.level == b'\0'
    assert 'idle' in status.message


def test_demand_is_polled_where_rclpy_has_no_matched_events(make_graph, monkeypatch):
    """Humble knows none: its containers take no such argument."""

    class Publisher:
        def __init__(self, *, deadline=None, liveliness=None, incompatible_qos=None):
            self.real = rclpy.event_handler.PublisherEventCallbacks()

        def create_event_handlers(self, *arguments):
            return self.real.create_event_handlers(*arguments)

    class Subscription(Publisher):
        def __init__(self, *, deadline=None, liveliness=None, incompatible_qos=None):
            self.real = rclpy.event_handler.SubscriptionEventCallbacks(
                incompatible_qos=incompatible_qos
            )

    monkeypatch.setattr(events, 'PublisherEventCallbacks', Publisher)
    monkeypatch.setattr(events, 'SubscriptionEventCallbacks', Subscription)
    graph = make_graph()
    graph.flow()
    graph.until(lambda: asked(graph) == [RELIABLE])
    graph.withdraw()
    graph.advertise(BEST_EFFORT)
    graph.settle()
    graph.withdraw()
    graph.advertise(RELIABLE)
    graph.until(lambda: asked(graph) == [RELIABLE])


def test_eager_node_listens_at_once(make_graph):
    graph = make_graph(lazy=False)
    graph.until(lambda: subscribed(graph) == 1)
    assert graph.set(lazy=True).successful
    graph.until(lambda: subscribed(graph) == 0)


def test_asks_for_what_publishers_offer_and_adapts(make_graph):
    graph = make_graph()
    graph.flow()
    graph.until(lambda: asked(graph) == [RELIABLE])
    graph.withdraw()
    graph.advertise(BEST_EFFORT)
    graph.until(lambda: asked(graph) == [BEST_EFFORT])
    graph.settle()
    graph.withdraw()
    graph.advertise(RELIABLE)
    graph.until(lambda: asked(graph) == [RELIABLE])
    graph.settle()


def test_one_best_effort_publisher_among_reliable_ones_is_heard(make_graph):
    graph = make_graph()
    graph.flow()
    graph.until(lambda: asked(graph) == [RELIABLE])
    graph.user.create_publisher(Image, 'depth/image_raw', Graph.qos(BEST_EFFORT))
    graph.until(lambda: asked(graph) == [BEST_EFFORT])
    graph.settle()


def test_reliability_can_be_fixed(make_graph):
    graph = make_graph(reliability='best_effort')
    graph.flow()
    assert asked(graph) == [BEST_EFFORT]


def test_publishers_qos_can_be_overridden(make_graph):
    graph = make_graph(publisher_reliability='best_effort')

    def offered(topic):
        found = graph.user.get_publishers_info_by_topic(f'{graph.namespace}/{topic}')
        return [p.qos_profile.reliability for p in found]

    graph.until(lambda: offered('depth_hr/image_raw') == [BEST_EFFORT])
    graph.until(lambda: offered('depth_hr/camera_info') == [RELIABLE])


def test_best_effort_listener_is_served(make_graph):
    graph = make_graph()
    graph.flow()
    graph.images = graph.listen(Image, 'depth_hr/image_raw', best_effort=True)
    graph.settle()


def test_silence_names_the_topic_and_who_could_be_meant(make_graph):
    graph = make_graph(lazy=False, warn_after_s=0.2)
    graph.withdraw()
    graph.user.create_publisher(Image, 'camera/depth/image_rect_raw', 5)
    graph.until(
        lambda: graph.said(
            f'nothing on {graph.namespace}/depth/image_raw',
            'nobody publishes it',
            f'{graph.namespace}/camera/depth/image_rect_raw',
        )
    )
    assert 'nothing arrives' in graph.status().message


def test_silence_of_a_matched_publisher_names_qos_size_and_transport(make_graph):
    graph = make_graph(lazy=False, warn_after_s=0.2)

    def told():
        graph.info.publish(info(camera(480, 640), graph.tick()))
        return graph.said(
            f'{graph.namespace}/user (sensor_msgs/msg/Image, reliable, volatile)',
            'subscribed reliable',
            '0.6 MB',
            'fastdds.xml',
        )

    graph.until(told)
    graph.flow()


def test_silence_names_a_topic_of_another_type(other_context, make_graph):
    graph = make_graph(context=other_context, lazy=False, warn_after_s=0.2)
    graph.withdraw()
    graph.user.create_publisher(CompressedImage, 'depth/image_raw', 5)
    graph.until(lambda: graph.said('carries sensor_msgs/msg/CompressedImage', 'input_transport'))
