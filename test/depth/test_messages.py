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
"""Headers: stamps in nanoseconds and copies across message classes."""

from types import SimpleNamespace
from typing import Any

from cdst_ros.depth import copy_header, stamp_ns


def test_a_stamp_is_exact_beyond_the_precision_of_floats(messages: Any) -> None:
    header = messages.image(b'', encoding='', width=0, height=0, step=0, is_bigendian=0).header
    header.stamp.sec, header.stamp.nanosec = 1_763_691_234, 999_999_999
    assert stamp_ns(header) == 1_763_691_234_999_999_999


def test_a_header_is_copied_to_another_kind_of_message(messages: Any) -> None:
    source = SimpleNamespace(stamp=SimpleNamespace(sec=5, nanosec=7), frame_id='camera_optical')
    target = messages.camera_info({}, width=2, height=1)
    copy_header(source, target.header)
    sent = messages.from_cdr(messages.to_cdr(target), 'CameraInfo').header
    assert (stamp_ns(sent), sent.frame_id) == (5_000_000_007, 'camera_optical')
