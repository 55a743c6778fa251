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
"""A superres node and somebody who uses it, talking over DDS."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import Log
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.encodings import encode, fill_image
from cdst_ros.depth.messages import stamp_ns
from cdst_ros.nodes.qos import matching_reliability
from cdst_ros.nodes.superres_node import SuperresNode

PATIENCE_S = 30.0
_numbers = itertools.count()


def wall(height: int = 24, width: int = 32) -> F32:
    """Return a slanted wall (H, W), 1 to 2 m, with a step in the middle."""
    depth = np.linspace(1.0, 2.0, width, dtype=np.float32)[None].repeat(height, axis=0)
    depth[height // 2 :] += 0.5
    return depth


def camera(height: int = 24, width: int = 32) -> CameraModel:
    """Return a camera for ``wall``."""
    return CameraModel.from_intrinsics(width, width, width / 2, height / 2, width, height)


def image(depth: F32, stamp_s: float, encoding: str = '16UC1') -> Image:
    """Return a depth message."""
    msg = Image()
    fill_image(msg, encode(depth, encoding), encoding)
    set_header(msg, stamp_s)
    return msg


def info(model: CameraModel, stamp_s: float) -> CameraInfo:
    """Return the message of a camera."""
    msg = CameraInfo()
    model.fill(msg)
    set_header(msg, stamp_s)
    return msg


def set_header(msg: Any, stamp_s: float, frame_id: str = 'depth_optical') -> None:
    """Give a message its stamp and frame."""
    msg.header.stamp.sec, nanoseconds = divmod(round(stamp_s * 1e9), 10**9)
    msg.header.stamp.nanosec = nanoseconds
    msg.header.frame_id = frame_id


def pixels(msg: Image) -> Any:
    """Return the pixels (H, W) of an output."""
    dtype = {'16UC1': np.uint16, '32FC1': np.float32}[msg.encoding]
    return np.frombuffer(msg.data, dtype).reshape(msg.height, msg.width)


class Inbox:
    """Messages of one topic by stamp [ns], in the order of arrival."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def __call__(self, msg: Any) -> None:
        self.messages.append(msg)

    def at(self, stamp_s: float) -> Any:
        """Return the message of that stamp, or None."""
        wanted = round(stamp_s * 1e9)
        return next((m for m in self.messages if stamp_ns(m.header) == wanted), None)


def overridden(values: dict[str, Any]) -> list[Parameter]:
    """Return parameters as a node's ``parameter_overrides``; those that are None are left out."""
    return [Parameter(n, value=value) for n, value in values.items() if value is not None]


def heard(node: Node, publishers: Iterable[Any]) -> bool:
    """
    Return whether those who subscribe to these publishers' topics have adapted to them.

    Subscriptions of cdst_ros begin best effort and are made anew once they find reliable
    publishers: what is sent meanwhile is lost, though frames may have come through before.

    :param node: that knows the graph, such as the publishers' own
    """

    def adapted(publisher: Any) -> bool:
        topic = publisher.topic_name
        offered = matching_reliability(node.get_publishers_info_by_topic(topic))
        asked = [s.qos_profile.reliability for s in node.get_subscriptions_info_by_topic(topic)]
        matched = publisher.get_subscription_count() == len(asked) > 0
        return matched and all(reliability == offered for reliability in asked)

    return all(map(adapted, publishers))


class NodeGraph:
    """
    A node that spins on a thread of its own, and a user node that the test spins.

    :param make: builds the node, given its namespace
    :param context: of the user; one of its own makes it a participant of its own to DDS
    """

    def __init__(self, make: Callable[[str], Node], context: Context | None = None) -> None:
        self.namespace = f'/graph{next(_numbers)}'
        self.node = make(self.namespace)
        self.user = rclpy.create_node('user', namespace=self.namespace, context=context)
        self._user_executor = SingleThreadedExecutor(context=context)
        self._user_executor.add_node(self.user)
        self.log: list[Log] = []
        self.user.create_subscription(
            Log,
            '/rosout',
            self._on_log,
            QoSProfile(depth=1000, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL),
        )
        self._diagnoses: list[DiagnosticArray] = []
        self.user.create_subscription(DiagnosticArray, '/diagnostics', self._on_status, 10)
        self.clock_s = 1000.0
        self._node_executor = SingleThreadedExecutor()
        self._node_executor.add_node(self.node)
        self._spinning = threading.Event()
        self._spinning.set()
        self._thread = threading.Thread(target=self._spin_node)
        self._thread.start()

    def close(self) -> None:
        """End both nodes."""
        self._spinning.clear()
        self._thread.join()
        self._node_executor.shutdown()
        self._user_executor.shutdown()
        self.node.destroy_node()
        self.user.destroy_node()

    def listen(self, kind: Any, topic: str, best_effort: bool = False) -> Inbox:
        """Subscribe to an output."""
        inbox = Inbox()
        reliability = (
            QoSReliabilityPolicy.BEST_EFFORT if best_effort else QoSReliabilityPolicy.RELIABLE
        )
        self.user.create_subscription(kind, topic, inbox, self.qos(reliability, 50))
        return inbox

    @staticmethod
    def qos(reliability: QoSReliabilityPolicy, depth: int = 5) -> QoSProfile:
        """Return a profile."""
        return QoSProfile(depth=depth, reliability=reliability)

    def tick(self) -> float:
        """Return the next stamp [s]."""
        self.clock_s = round(self.clock_s + 0.1, 3)
        return self.clock_s

    def until(
        self, condition: Callable[[], Any], timeout_s: float = PATIENCE_S, strict: bool = True
    ) -> Any:
        """Spin the user until ``condition`` holds; return what it returned."""
        end = time.monotonic() + timeout_s
        while not (found := condition()):
            if time.monotonic() > end:
                assert not strict, f'timed out; the node said {[m.msg for m in self.log]}'
                return found
            self._user_executor.spin_once(timeout_sec=0.02)
        return found

    def on_node(self, call: Callable[[], Any]) -> Any:
        """Run ``call`` on the thread that spins the superres node."""
        task = self._node_executor.create_task(call)
        self.until(task.done)
        return task.result()

    def set(self, **values: Any) -> Any:
        """Set parameters together, as one call of set_parameters_atomically."""
        changes = [Parameter(name, value=value) for name, value in values.items()]
        return self.on_node(lambda: self.node.set_parameters_atomically(changes))

    def set_each(self, **values: Any) -> Any:
        """Set parameters one by one, as one call of set_parameters."""
        changes = [Parameter(name, value=value) for name, value in values.items()]
        return self.on_node(lambda: self.node.set_parameters(changes))

    def said(self, *parts: str) -> str | None:
        """Return the first message of the node that holds all these parts."""
        texts = (m.msg for m in self.log)
        return next((t for t in texts if all(p in t for p in parts)), None)

    def status(self) -> Any:
        """Return a diagnostic status of the node made from now on."""
        return self.diagnoses()[0]

    def diagnoses(self) -> Any:
        """Return the diagnostic statuses of the node, of one message made from now on."""
        now = self.node.get_clock().now().nanoseconds
        self._diagnoses.clear()

        def made() -> Any:
            return next((d.status for d in self._diagnoses if stamp_ns(d.header) >= now), None)

        return self.until(made)

    def _spin_node(self) -> None:
        while self._spinning.is_set():
            self._node_executor.spin_once(timeout_sec=0.05)

    def _on_log(self, msg: Log) -> None:
        if msg.name == f'{self.namespace[1:]}.{self.node.get_name()}':
            self.log.append(msg)

    def _on_status(self, msg: DiagnosticArray) -> None:
        if any(s.hardware_id == self.node.get_fully_qualified_name() for s in msg.status):
            self._diagnoses.append(msg)


class Graph(NodeGraph):
    """
    A superres node that spins on a thread of its own, and a user node that the test spins.

    :param start: configure and activate
    :param context: of the user; one of its own makes it a participant of its own to DDS
    :param reliability: fixed for the subscription to depth
    :param publisher_reliability: fixed for the publisher of enlarged depth
    :param cli_args: of the superres node, such as remappings
    :param parameters: of the superres node; bicubic x2 where they say nothing else
    """

    def __init__(
        self,
        start: bool = True,
        context: Context | None = None,
        reliability: str | None = None,
        publisher_reliability: str | None = None,
        cli_args: Sequence[str] = (),
        **parameters: Any,
    ) -> None:
        def make(namespace: str) -> SuperresNode:
            overrides = f'qos_overrides.{namespace}'
            values = {
                'engine': 'bicubic',
                'scale': 2,
                f'{overrides}/depth/image_raw.subscription.reliability': reliability,
                f'{overrides}/depth_hr/image_raw.publisher.reliability': publisher_reliability,
                **parameters,
            }
            return SuperresNode(
                namespace=namespace,
                cli_args=['--ros-args', *cli_args] if cli_args else None,
                parameter_overrides=overridden(values),
            )

        super().__init__(make, context)
        self.adapts = reliability is None
        self.images = self.infos = Inbox()
        if start:
            assert self.on_node(self.node.start)
        self.advertise()

    def advertise(self, reliability: QoSReliabilityPolicy = QoSReliabilityPolicy.RELIABLE) -> None:
        """Publish the depth topics."""
        qos = self.qos(reliability)
        self.depth = self.user.create_publisher(Image, 'depth/image_raw', qos)
        self.info = self.user.create_publisher(CameraInfo, 'depth/camera_info', qos)

    def withdraw(self) -> None:
        """Stop publishing the depth topics."""
        self.user.destroy_publisher(self.depth)
        self.user.destroy_publisher(self.info)

    def flow(self, depth: F32 | None = None, model: CameraModel | None = None) -> None:
        """Listen, and send frames until one has come through, and none is lost."""
        self.images = self.listen(Image, 'depth_hr/image_raw')
        self.infos = self.listen(CameraInfo, 'depth_hr/camera_info')
        self.settle(depth, model)

    def settle(self, depth: F32 | None = None, model: CameraModel | None = None) -> None:
        """Send frames until one has come through with its camera_info, and none is lost."""

        def through() -> bool:
            stamp = self.send(depth, model)
            self.until(lambda: self.infos.at(stamp) and self.images.at(stamp), 0.3, strict=False)
            return bool(self.infos.at(stamp) and self.images.at(stamp))

        self.until(through)
        if self.adapts:
            self.until(lambda: heard(self.user, (self.depth, self.info)))

    def send(self, depth: F32 | None = None, model: CameraModel | None = None) -> float:
        """Send a frame with its camera_info; return its stamp [s]."""
        stamp = self.tick()
        self.info.publish(info(camera() if model is None else model, stamp))
        self.depth.publish(image(wall() if depth is None else depth, stamp))
        return stamp

    def exchange(self, depth: F32 | None = None, model: CameraModel | None = None) -> Image:
        """Send a frame and return what comes out."""
        stamp = self.send(depth, model)
        self.until(lambda: self.images.at(stamp))
        msg: Image = self.images.at(stamp)
        return msg
