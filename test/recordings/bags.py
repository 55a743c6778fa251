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
"""Makes small bags, message by message."""

import numpy as np
from rosbags.rosbag2 import CompressionFormat, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from cdst_ros.depth.camera import CameraModel

TYPES = get_typestore(Stores.ROS2_JAZZY)
T = TYPES.types
STORAGES = {'.mcap': StoragePlugin.MCAP, '.db3': StoragePlugin.SQLITE3}
CAMERA = CameraModel.from_intrinsics(30.0, 31.0, 15.5, 11.5, 32, 24)
DEPTH, INFO = '/cam/depth/image_raw', '/cam/depth/camera_info'
COLOR, COLOR_INFO = '/cam/color/image_raw', '/cam/color/camera_info'
PERIOD = 33_000_000
START = 1_700_000_000_000_000_000


def header(stamp, frame_id='depth_optical'):
    time = T['builtin_interfaces/msg/Time'](sec=stamp // 10**9, nanosec=stamp % 10**9)
    return T['std_msgs/msg/Header'](stamp=time, frame_id=frame_id)


def image(stamp, pixels, encoding, frame_id='depth_optical'):
    return T['sensor_msgs/msg/Image'](
        header=header(stamp, frame_id),
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=0,
        step=pixels.strides[0],
        data=np.ascontiguousarray(pixels).view(np.uint8).ravel(),
    )


def compressed(stamp, fmt, data, frame_id='depth_optical'):
    return T['sensor_msgs/msg/CompressedImage'](
        header=header(stamp, frame_id), format=fmt, data=np.frombuffer(data, np.uint8)
    )


def info(stamp, camera=CAMERA, frame_id='depth_optical'):
    roi = T['sensor_msgs/msg/RegionOfInterest'](0, 0, 0, 0, False)
    return T['sensor_msgs/msg/CameraInfo'](
        header=header(stamp, frame_id),
        height=camera.height,
        width=camera.width,
        distortion_model='plumb_bob',
        d=np.array(camera.d),
        k=np.array(camera.k),
        r=np.array(camera.r),
        p=np.array(camera.p),
        binning_x=0,
        binning_y=0,
        roi=roi,
    )


def depth_pixels(number):
    pixels = np.full((24, 32), 1000 + number, np.uint16)
    pixels[0, 0] = 0
    return pixels


def write(path, messages, storage='.mcap', compression=None):
    """Write (topic, message, log time) to a bag."""
    writer = Writer(path, version=9, storage_plugin=STORAGES[storage])
    if compression is not None:
        writer.set_compression(compression, CompressionFormat.ZSTD)
    with writer:
        connections = {}
        for topic, message, time in messages:
            if isinstance(message, tuple):
                msgtype, data = message
            else:
                msgtype = message.__msgtype__
                data = TYPES.serialize_cdr(message, msgtype)
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, msgtype, typestore=TYPES)
            writer.write(connections[topic], time, data)
    return path


def transforms(*links, stamp=0):
    """Make a TFMessage of (parent, child, translation, quaternion)."""
    made = [
        T['geometry_msgs/msg/TransformStamped'](
            header=header(stamp, parent),
            child_frame_id=child,
            transform=T['geometry_msgs/msg/Transform'](
                translation=T['geometry_msgs/msg/Vector3'](*translation),
                rotation=T['geometry_msgs/msg/Quaternion'](*rotation),
            ),
        )
        for parent, child, translation, rotation in links
    ]
    return T['tf2_msgs/msg/TFMessage'](transforms=made)
