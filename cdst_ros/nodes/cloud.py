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
"""A coloured cloud of the enlarged depth, made beside the frames."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from sensor_msgs.msg import PointCloud2, PointField

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.cloud import Cloud, cloud_of
from cdst_ros.depth.encodings import to_message_bytes
from cdst_ros.nodes.color import ColorImage, NoColorError, Registrar
from cdst_ros.nodes.outputs import Outputs
from cdst_ros.nodes.throttle import ThrottledLog
from cdst_ros.nodes.window import Window
from cdst_ros.nodes.worker import Worker

#: How far the making of clouds gives way to the frames (Linux).
_NICE = 5


class _Order(NamedTuple):
    """A cloud to be made."""

    depth: F32
    camera: CameraModel
    color: ColorImage | None
    header: Any


class CloudMaker:
    """
    Makes and publishes clouds on a thread of its own, at a rate at most.

    :param failed: told of a cloud that came to nothing for a reason nobody foresaw
    """

    def __init__(
        self,
        outputs: Outputs,
        window: Window,
        log: ThrottledLog,
        failed: Callable[[Exception], None],
    ) -> None:
        self._outputs = outputs
        self._window = window
        self._log = log
        self._due = 0.0
        self._registrar = Registrar()
        self._told_bent = False
        self._worker = Worker('cloud', self._make, failed, nice=_NICE)

    def due(self) -> bool:
        """Tell whether somebody listens, and it is time for another cloud."""
        return self._outputs.wanted('cloud') and time.monotonic() >= self._due

    def order(  # noqa: PLR0917 (all that a cloud is made of)
        self,
        depth: F32,
        camera: CameraModel,
        color: ColorImage | None,
        header: Any,
        stride: int,
        rate: float,
    ) -> None:
        """
        Have a cloud made; returns at once.

        :param depth: enlarged, (H, W) [m], NaN = unknown; may change afterwards
        :param camera: of ``depth``
        :param color: that belongs to it, where there is one
        :param header: of the frame
        :param stride: take every so-manieth row and column
        :param rate: the next one is not due earlier than this says [Hz]
        """
        now = time.monotonic()
        self._due = max(self._due, now - 1 / rate) + 1 / rate
        taken = depth[::stride, ::stride].copy()
        self._worker.submit(_Order(taken, camera.strided(stride), color, header))

    def stop(self) -> None:
        """Finish the cloud in hand and end the thread."""
        self._worker.stop()

    def _make(self, order: _Order) -> None:
        began = time.perf_counter()
        if not (order.camera.calibrated or order.camera.p[0]):
            self._log.warn(
                f'{self._outputs.topic("cloud")}: the camera_info is of an uncalibrated camera '
                '(K is all 0), so nobody knows where its pixels look: no cloud is made; calibrate '
                "it, or have its driver publish the factory's calibration"
            )
            return
        if order.camera.bends and not self._told_bent:
            self._told_bent = True
            self._log.warn(
                f'{self._outputs.topic("cloud")}: the lens of the depth camera bends '
                f'({order.camera.distortion_model} {list(order.camera.d)}), and points are made '
                'as if it did not, as depth_image_proc makes them: take a topic of rectified '
                'depth (image_rect), or rectify it first'
            )
        cloud = cloud_of(order.depth, order.camera, self._colors(order))
        self._outputs.publish_cloud(message_of(cloud), order.header)
        self._window.add({'cloud': time.perf_counter() - began})

    def _colors(self, order: _Order) -> U8 | None:
        if order.color is None:
            return None
        try:
            return self._registrar.register(order.color, order.depth, order.camera)
        except NoColorError as error:
            self._log.warn(f'{error}. The cloud has no colour')
            return None


def message_of(cloud: Cloud) -> PointCloud2:
    """Return the message of a cloud, but for its header."""
    height, width = cloud.points.shape
    msg = PointCloud2(
        height=height,
        width=width,
        is_bigendian=sys.byteorder == 'big',
        point_step=cloud.step,
        row_step=cloud.step * width,
        is_dense=False,
        fields=[
            PointField(name=name, offset=offset, datatype=PointField.FLOAT32, count=1)
            for name, offset in cloud.fields
        ],
    )
    msg.data = to_message_bytes(cloud.points, like=msg.data)
    return msg
