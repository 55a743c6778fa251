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
"""A robot for benchmarks of the trainer: its topics, and the trainer process that hears them."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import rclpy
from rcl_interfaces.msg import Log
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String
from std_srvs.srv import Trigger

from cdst_ros.nodes.camera_topics import Shot, color_shot, depth_shot
from cdst_ros.nodes.children import Children
from cdst_ros.nodes.playback import View
from cdst_ros.nodes.watch import node_command
from cdst_ros.recordings.layout import HEADER_FILE
from cdst_ros.recordings.reader import Recording
from cdst_ros.synthetic import SyntheticCamera, SyntheticFrame, load_profile

#: Time for anything to happen, on a machine that has other work, too [s].
PATIENCE_S = 120.0
#: Images that are sent; small, so that a disk is filled frame by frame.
WIDTH, HEIGHT, SCALE, FRAMES = 96, 84, 2, 24


@lru_cache
def walk() -> list[SyntheticFrame]:
    """Return frames of a time-of-flight camera that moves through a room."""
    camera = SyntheticCamera(
        3, WIDTH, HEIGHT, scale=SCALE, profile=load_profile('tof'), frames=FRAMES, rate_hz=6.0
    )
    return [camera.frame(number) for number in range(FRAMES)]


def trainer_command(namespace: str, recording: Path, **parameters: object) -> list[str]:
    """Return the command line of a trainer that keeps whatever it is sent."""
    values: dict[str, object] = {
        'recording': str(recording),
        'min_change': 0.0,
        'min_disk_gigabytes': 0.0,
        'warn_after_s': 1.0,
    }
    return node_command('trainer', namespace, values | parameters)


class Robot:
    """
    Publishes what cameras see, and calls the trainer's services.

    :param children: that the trainer is one of
    :param namespace: of both
    """

    def __init__(self, children: Children, namespace: str) -> None:
        self._children = children
        self.namespace = namespace
        self.node = rclpy.create_node('robot', namespace=namespace)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._publishers: dict[str, Any] = {}
        self.log: list[str] = []
        #: Added to the stamps [s].
        self.clock_error_s = 0.0
        self._sent = 0
        latched = QoSProfile(depth=1000, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
        self.node.create_subscription(Log, '/rosout', self._on_log, latched)
        #: What the latched status of the trainer says.
        self.status: dict[str, Any] = {}
        self.node.create_subscription(String, 'trainer/status', self._on_status, latched)

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self.node.destroy_node()

    def send(
        self,
        streams: Sequence[str] = ('depth', 'rgb'),
        frame: SyntheticFrame | None = None,
    ) -> None:
        """Publish the next frame of the walk, or another one."""
        self._sent += 1
        seen = walk()[self._sent % FRAMES] if frame is None else frame
        error_ns = round(self.clock_error_s * 1e9)
        now = Time(nanoseconds=self.node.get_clock().now().nanoseconds + error_ns)
        for stream in streams:
            shot = _shot(stream, seen)
            shot.image.header.stamp = shot.info.header.stamp = now.to_msg()
            self._publisher(CameraInfo, f'{stream}/camera_info').publish(shot.info)
            self._publisher(Image, f'{stream}/image_raw').publish(shot.image)

    def withdraw(self, stream: str) -> None:
        """Publish a stream no more."""
        for topic in (f'{stream}/camera_info', f'{stream}/image_raw'):
            self.node.destroy_publisher(self._publishers.pop(topic))

    def send_until(
        self, condition: Callable[[], Any], streams: Sequence[str] = ('depth', 'rgb')
    ) -> bool:
        """Publish at some 20 Hz until ``condition`` holds; False when it takes too long."""

        def sent() -> bool:
            self.send(streams)
            self.wait(condition, 0.05)
            return bool(condition())

        return self.wait(sent, PATIENCE_S)

    def call(self, service: str, node: str = 'trainer') -> Any:
        """Call a service of a trainer; return its answer."""
        client = self.node.create_client(Trigger, f'{node}/{service}')
        assert self.wait(client.service_is_ready, PATIENCE_S), self.output()
        future = client.call_async(Trigger.Request())
        assert self.wait(future.done, PATIENCE_S), self.output()
        self.node.destroy_client(client)
        return future.result()

    def heard(self, pattern: str, since: int = 0) -> str:
        """Return what the trainer has logged that matches, '' if it has not."""
        return next((line for line in self.log[since:] if re.search(pattern, line)), '')

    def wait(self, condition: Callable[[], Any], timeout_s: float) -> bool:
        """Spin until ``condition`` holds; tell whether it does."""
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                return False
            self._executor.spin_once(timeout_sec=0.02)
        return True

    def output(self, name: str = 'trainer') -> str:
        """Return the last lines of a trainer's process."""
        return self._children.log(name)

    def _publisher(self, kind: Any, topic: str) -> Any:
        if topic not in self._publishers:
            self._publishers[topic] = self.node.create_publisher(kind, topic, 5)
        return self._publishers[topic]

    def _on_status(self, msg: String) -> None:
        self.status = json.loads(msg.data)

    def _on_log(self, msg: Log) -> None:
        if msg.name.startswith(f'{self.namespace[1:]}.'):
            self.log.append(msg.msg)


def frames_of(recording: Path) -> list[tuple[int, int]]:
    """Return index and stamp [ns] of each frame that is recorded."""
    if not (recording / HEADER_FILE).exists():
        return []
    return [(frame.index, frame.stamp_ns) for frame in Recording(recording)]


def as_seen_by(pid: int, path: Path) -> Path:
    """Return how a folder is reached that a process sees in a mount namespace of its own."""
    return Path(f'/proc/{pid}/root') / path.relative_to('/')


def environment() -> None:
    """Keep to this machine and to a domain of our own, unless the user chose otherwise."""
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    os.environ.setdefault('ROS_DOMAIN_ID', str(1 + os.getpid() % 100))


def _shot(stream: str, frame: SyntheticFrame) -> Shot:
    if stream == 'depth':
        return depth_shot(View(frame.depth, frame.camera, frame.frame_id))
    if stream == 'rgb':
        assert frame.color is not None
        return color_shot(View(frame.color, frame.camera_hr, frame.frame_id))
    return depth_shot(View(frame.truth(), frame.camera_hr, frame.frame_id))
