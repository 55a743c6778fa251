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
import numpy as np
import pytest
from rosbags.typesys import Stores, get_typestore

from cdst_ros.recordings.bag_stream import BagStream
from cdst_ros.recordings.bag_writer import BagWriter
from cdst_ros.recordings.errors import BagError
from cdst_ros.recordings.transforms import StaticTransforms, read_static_transforms

T = get_typestore(Stores.ROS2_HUMBLE).types


def shift(x=0.0, y=0.0, z=0.0):
    matrix = np.eye(4)
    matrix[:3, 3] = (x, y, z)
    return matrix


def message(*transforms):
    stamp = T['builtin_interfaces/msg/Time'](sec=0, nanosec=0)
    made = [
        T['geometry_msgs/msg/TransformStamped'](
            header=T['std_msgs/msg/Header'](stamp=stamp, frame_id=parent),
            child_frame_id=child,
            transform=T['geometry_msgs/msg/Transform'](
                translation=T['geometry_msgs/msg/Vector3'](*translation),
                rotation=T['geometry_msgs/msg/Quaternion'](*rotation),
            ),
        )
        for parent, child, translation, rotation in transforms
    ]
    return T['tf2_msgs/msg/TFMessage'](transforms=made)


def test_frames_are_linked_over_their_parents():
    found = StaticTransforms()
    found.add('base', 'left', shift(x=1))
    found.add('/base', '/right', shift(x=3))
    found.add('left', 'left_optical', shift(y=2))
    np.testing.assert_allclose(found.between('left_optical', 'right'), shift(x=-2, y=2))
    np.testing.assert_allclose(found.between('right', 'left_optical'), shift(x=2, y=-2))
    np.testing.assert_allclose(found.between('/left', 'left'), np.eye(4))
    assert found.between('left', 'elsewhere') is None


def test_a_ring_of_frames_ends():
    found = StaticTransforms()
    found.add('a', 'b', shift(x=1))
    found.add('b', 'a', shift(x=1))
    assert found.between('a', 'elsewhere') is None
    assert found.between('b', 'a') is not None


def test_a_bag_tells_them(tmp_path):
    half = np.sqrt(0.5)
    with BagWriter(tmp_path / 'bag') as bag:
        bag.write('/tf_static', message(('base', 'a', (1, 2, 3), (0, 0, half, half))), 1)
        bag.write('/tf_static', message(('base', 'b', (0, 0, 1), (0, 0, 0, 1))), 2)
    with BagStream(tmp_path / 'bag') as stream:
        found = read_static_transforms(stream)
    assert len(found) == 2
    point = found.between('a', 'b') @ (1, 0, 0, 1)
    # A quarter turn about z, then the shifts.
    np.testing.assert_allclose(point, (1, 3, 2, 1), atol=1e-12)


def test_a_bag_without_any_links_nothing(tmp_path):
    with BagWriter(tmp_path / 'bag') as bag:
        bag.write_depth('/depth', np.ones((4, 4), np.float32), 1, 'a')
    with BagStream(tmp_path / 'bag') as stream:
        assert len(read_static_transforms(stream)) == 0


def test_a_rotation_without_length_is_refused(tmp_path):
    with BagWriter(tmp_path / 'bag') as bag:
        bag.write('/tf_static', message(('base', 'a', (0, 0, 0), (0, 0, 0, 0))), 1)
    with (
        BagStream(tmp_path / 'bag') as stream,
        pytest.raises(BagError, match='rotation of no length'),
    ):
        read_static_transforms(stream)
