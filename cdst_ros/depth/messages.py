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
"""
The shape of the ROS messages that this package reads and fills.

rclpy's classes and those of ``rosbags`` have the same fields and differ in their arrays: where
rclpy holds ``array.array``, rosbags holds one-dimensional NumPy arrays. Code written against
these protocols serves both, and needs neither installed.
"""

from __future__ import annotations

from typing import Any, Protocol

NANOSECONDS = 1_000_000_000


class Header(Protocol):
    """std_msgs/Header."""

    stamp: Any
    frame_id: str


class ImageLike(Protocol):
    """sensor_msgs/Image; ``data`` is an ``array.array``, bytes or a uint8 array."""

    header: Any
    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: Any


class CompressedImageLike(Protocol):
    """sensor_msgs/CompressedImage; ``data`` is an ``array.array``, bytes or a uint8 array."""

    header: Any
    format: str
    data: Any


class CameraInfoLike(Protocol):
    """sensor_msgs/CameraInfo, spelt as every ROS 2 distribution spells it (``k``, not ``K``)."""

    header: Any
    height: int
    width: int
    distortion_model: str
    d: Any
    k: Any
    r: Any
    p: Any
    binning_x: int
    binning_y: int
    roi: Any


def stamp_ns(header: Header) -> int:
    """Return the stamp of a header [ns since the clock's epoch]."""
    return int(header.stamp.sec) * NANOSECONDS + int(header.stamp.nanosec)


def copy_header(source: Header, target: Header) -> None:
    """Give ``target`` the stamp and frame of ``source``; their message classes may differ."""
    target.stamp.sec = int(source.stamp.sec)
    target.stamp.nanosec = int(source.stamp.nanosec)
    target.frame_id = source.frame_id
