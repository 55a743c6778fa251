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
"""A trainer node and somebody who uses it, talking over DDS; and a robot that sees a room."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from graph import NodeGraph, heard, info, overridden, set_header
from rclpy.context import Context
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String
from std_srvs.srv import Trigger

from cdst_ros.depth.camera import CameraModel
from cdst_ros.nodes.camera_topics import color_shot, depth_shot
from cdst_ros.nodes.playback import View
from cdst_ros.nodes.trainer_node import TrainerNode
from cdst_ros.recordings.layout import HEADER_FILE
from cdst_ros.recordings.reader import Recording
from cdst_ros.synthetic import SyntheticCamera, SyntheticFrame, load_profile

#: What the topics of a robot carry.
STREAMS = ('depth', 'rgb', 'reference')


@lru_cache
def walk(still: int = 0) -> list[SyntheticFrame]:
    """Return frames of a time-of-flight camera that moves, or rests for the first ones."""
    camera = SyntheticCamera(
        3, 96, 84, scale=2, profile=load_profile('tof'), frames=24 + still, still=still, rate_hz=6
    )
    return [camera.frame(number) for number in range(24 + still)]


class TrainerGraph(NodeGraph):
    """
    A trainer node that spins on a thread of its own, and a user node that the test spins.

    :param recording: folder to record to
    :param start: configure and activate
    :param parameters: of the trainer node; stamps of any time are taken
    """

    def __init__(
        self,
        recording: Path | str,
        start: bool = True,
        context: Context | None = None,
        **parameters: Any,
    ) -> None:
        self.recording = Path(recording)
        values = {
            'recording': str(self.recording),
            'max_age': 0.0,
            'min_disk_gigabytes': 0.0,
            'warn_after_s': 1.0,
            # Tests that share the cores wait for what is written.
            'nice': 0,
            **parameters,
        }

        def make(namespace: str) -> TrainerNode:
            own = {
                'learning': str(self.recording.with_name(f'learning_{namespace[1:]}')),
                **values,
            }
            return TrainerNode(namespace=namespace, parameter_overrides=overridden(own))

        super().__init__(make, context)
        self.frame_ids: dict[str, str] = {}
        self._publishers: dict[str, Any] = {}
        self.told: list[dict[str, Any]] = []
        #: What was published, by its stamp [ns].
        self.seen: dict[int, SyntheticFrame] = {}
        self.hear_status()
        if start:
            assert self.on_node(self.node.start)

    def hear_status(self) -> None:
        """Subscribe to the latched status."""
        qos = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
        self.user.create_subscription(
            String, 'trainer/status', lambda msg: self.told.append(json.loads(msg.data)), qos
        )

    def ask(self, service: str) -> tuple[Any, Any]:
        """Call one of the node's services; return the client, to be destroyed, and the future."""
        client = self.user.create_client(Trigger, f'trainer/{service}')
        self.until(client.service_is_ready)
        return client, client.call_async(Trigger.Request())

    def call(self, service: str) -> Any:
        """Call one of the node's services; return its answer."""
        client, future = self.ask(service)
        self.until(future.done)
        self.user.destroy_client(client)
        return future.result()

    def collecting(self) -> dict[str, Any]:
        """Return what the latched status said last of collecting."""
        self.until(lambda: self.told)
        return dict(self.told[-1]['collecting'])

    def diagnosis(self, part: str = 'collecting') -> Any:
        """Return a diagnostic status of a part made from now on."""
        return next(d for d in self.diagnoses() if d.name.endswith(f': {part}'))

    def publish(self, stream: str, image: Image, model: CameraModel, stamp: float) -> None:
        """Publish an image of a stream, and its camera_info."""
        for name, kind, message in (
            (f'{stream}/camera_info', CameraInfo, info(model, stamp)),
            (f'{stream}/image_raw', Image, image),
        ):
            if name not in self._publishers:
                self._publishers[name] = self.user.create_publisher(kind, name, 5)
            set_header(message, stamp, self.frame_ids.get(stream, 'camera_optical'))
            self._publishers[name].publish(message)

    def withdraw(self, stream: str) -> None:
        """Publish a stream no more."""
        for name in (f'{stream}/camera_info', f'{stream}/image_raw'):
            self.user.destroy_publisher(self._publishers.pop(name))

    def see(
        self,
        frame: SyntheticFrame,
        streams: tuple[str, ...] = ('depth', 'rgb'),
        stamp: float | None = None,
    ) -> float:
        """Publish a frame; return its stamp [s]."""
        stamp = self.tick() if stamp is None else stamp
        self.seen[round(1e9 * stamp)] = frame
        shots = {
            'depth': lambda: depth_shot(View(frame.depth, frame.camera, '')),
            'rgb': lambda: color_shot(View(np.asarray(frame.color), frame.camera_hr, '')),
            'reference': lambda: depth_shot(View(frame.truth(), frame.camera_hr, '')),
        }
        for stream in streams:
            model = frame.camera if stream == 'depth' else frame.camera_hr
            self.publish(stream, shots[stream]().image, model, stamp)
        return stamp

    def see_until_kept(
        self, frame: SyntheticFrame | None = None, streams: tuple[str, ...] = ('depth', 'rgb')
    ) -> None:
        """
        Publish a frame, at first that where the walk begins, until it is kept.

        Discovery takes a moment; what is published from then on is heard. What was published on
        the way may be kept after this.
        """
        shown = walk()[0] if frame is None else frame

        def kept() -> bool:
            return any(self.seen[stamp] is shown for stamp in self.recorded_ns())

        def see() -> bool:
            self.see(shown, streams)
            self.until(kept, 0.3, strict=False)
            return kept()

        self.until(see)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing that is published is lost."""
        self.until(lambda: heard(self.user, self._publishers.values()))

    def recorded_ns(self) -> list[int]:
        """Return the stamps of what is recorded by now [ns]."""
        if not (self.recording / HEADER_FILE).exists():
            return []
        return [frame.stamp_ns for frame in Recording(self.recording)]

    def stamps(self) -> list[float]:
        """Return the stamps of what is recorded by now [s]."""
        return [stamp / 1e9 for stamp in self.recorded_ns()]

    def recorded(self, frames: int) -> Recording:
        """Wait until the recording has so many frames; return it."""

        def found() -> Recording | None:
            recording = Recording(self.recording)
            return recording if len(recording) >= frames else None

        recording: Recording = self.until(found)
        return recording
