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
"""The messages of rclpy and of rosbags, made and sent through CDR by the same calls."""

import array
from typing import Any

import numpy as np
import pytest


class RclpyMessages:
    """What a node receives and publishes."""

    def __init__(self) -> None:
        self.msg = pytest.importorskip('sensor_msgs.msg', reason='needs the ROS wheels')
        self._serialization = pytest.importorskip('rclpy.serialization')

    def image(self, data: bytes, **fields: Any) -> Any:
        msg = self.msg.Image(data=array.array('B', data), **fields)
        return self._sent(msg)

    def compressed(self, data: bytes, **fields: Any) -> Any:
        return self._sent(self.msg.CompressedImage(data=array.array('B', data), **fields))

    def camera_info(self, roi: dict[str, Any], **fields: Any) -> Any:
        region = self.msg.RegionOfInterest(**roi)
        return self._sent(self.msg.CameraInfo(roi=region, **fields))

    def to_cdr(self, msg: Any) -> bytes:
        return bytes(self._serialization.serialize_message(msg))

    def from_cdr(self, data: bytes, name: str) -> Any:
        return self._serialization.deserialize_message(data, getattr(self.msg, name))

    def _sent(self, msg: Any) -> Any:
        return self.from_cdr(self.to_cdr(msg), type(msg).__name__)


class RosbagsMessages:
    """What is read from a bag without ROS."""

    def __init__(self, store: str) -> None:
        typesys = pytest.importorskip('rosbags.typesys', reason='needs rosbags')
        self._store = typesys.get_typestore(typesys.Stores[store])

    def image(self, data: bytes, **fields: Any) -> Any:
        pixels = np.frombuffer(data, np.uint8)
        return self._sent('Image', header=self._header(), data=pixels, **fields)

    def compressed(self, data: bytes, **fields: Any) -> Any:
        pixels = np.frombuffer(data, np.uint8)
        return self._sent('CompressedImage', header=self._header(), data=pixels, **fields)

    def camera_info(self, roi: dict[str, Any], **fields: Any) -> Any:
        region = {'x_offset': 0, 'y_offset': 0, 'height': 0, 'width': 0, 'do_rectify': False}
        empty = {'distortion_model': '', 'd': [], 'k': [0.0] * 9, 'r': [0.0] * 9, 'p': [0.0] * 12}
        fields = {**empty, 'binning_x': 0, 'binning_y': 0, **fields}
        arrays = {name: np.array(fields.pop(name), np.float64) for name in 'dkrp'}
        roi_msg = self._type('RegionOfInterest')(**{**region, **roi})
        return self._sent('CameraInfo', header=self._header(), roi=roi_msg, **arrays, **fields)

    def to_cdr(self, msg: Any) -> bytes:
        return bytes(self._store.serialize_cdr(msg, msg.__msgtype__))

    def from_cdr(self, data: bytes, name: str) -> Any:
        return self._store.deserialize_cdr(data, f'sensor_msgs/msg/{name}')

    def _type(self, name: str) -> Any:
        return self._store.types[f'sensor_msgs/msg/{name}']

    def _header(self) -> Any:
        stamp = self._store.types['builtin_interfaces/msg/Time'](sec=0, nanosec=0)
        return self._store.types['std_msgs/msg/Header'](stamp=stamp, frame_id='')

    def _sent(self, name: str, **fields: Any) -> Any:
        return self.from_cdr(self.to_cdr(self._type(name)(**fields)), name)


@pytest.fixture(scope='session', params=['rclpy', 'ROS2_HUMBLE', 'ROS2_JAZZY'])
def messages(request: pytest.FixtureRequest) -> Any:
    """Give every kind of message in turn; each one made has been through CDR."""
    return RclpyMessages() if request.param == 'rclpy' else RosbagsMessages(request.param)
