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

from cdst_ros.recordings.bag_message import RawMessage
from cdst_ros.recordings.bag_stream import BagStream
from cdst_ros.recordings.bag_transforms import (
    read_moving_transforms,
    read_static_transforms,
)
from cdst_ros.recordings.bag_writer import BagWriter
from cdst_ros.recordings.errors import BagError
from cdst_ros.recordings.transforms import MovingTransforms, StaticTransforms

from .bags import transforms


def shift(x=0.0, y=0.0, z=0.0):
    matrix = np.eye(4)
    matrix[:3, 3] = (x, y, z)
    return matrix


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
        bag.write('/tf_static', transforms(('base', 'a', (1, 2, 3), (0, 0, half, half))), 1)
        bag.write('/tf_static', transforms(('base', 'b', (0, 0, 1), (0, 0, 0, 1))), 2)
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
        bag.write('/tf_static', transforms(('base', 'a', (0, 0, 0), (0, 0, 0, 0))), 1)
    with (
        BagStream(tmp_path / 'bag') as stream,
        pytest.raises(BagError, match='rotation of no length'),
    ):
        read_static_transforms(stream)


def turn(degrees):
    """A quaternion about z."""
    half = np.radians(degrees) / 2
    return np.array([0.0, 0.0, np.sin(half), np.cos(half)])


def moving(parent, child, places):
    found = MovingTransforms(StaticTransforms())
    for stamp, x, degrees in places:
        found.add(parent, child, stamp, np.array([x, 0.0, 0.0]), turn(degrees))
    return found


def test_between_two_moments_a_frame_moves_evenly():
    found = moving('map', 'base', [(100, 1.0, 0.0), (200, 3.0, 80.0)])
    matrix = found.between('base', 'map', 150)
    np.testing.assert_allclose(matrix[:3, 3], (2, 0, 0))
    forty = np.radians(40)
    np.testing.assert_allclose(matrix[:3, 0], (np.cos(forty), np.sin(forty), 0))
    np.testing.assert_allclose(found.between('base', 'map', 100)[:3, 3], (1, 0, 0))
    np.testing.assert_allclose(found.between('map', 'base', 200) @ (3, 0, 0, 1), (0, 0, 0, 1))


def test_a_turn_goes_the_short_way_and_a_small_one_does_not_break():
    found = moving('map', 'base', [(0, 0.0, 350.0), (100, 0.0, 370.0)])
    np.testing.assert_allclose(found.between('base', 'map', 50)[:3, :3], np.eye(3), atol=1e-9)
    found = moving('map', 'base', [(0, 0.0, 10.0), (100, 0.0, 10.000001)])
    matrix = found.between('base', 'map', 50)
    np.testing.assert_allclose(matrix[0, 0], np.cos(np.radians(10)), atol=1e-6)


def test_where_nobody_knows_there_is_no_pose():
    found = moving('map', 'base', [(1000, 0.0, 0.0), (2000, 1.0, 0.0), (3 * 10**9, 2.0, 0.0)])
    assert found.between('base', 'map', 999) is None, 'before the first'
    assert found.between('base', 'map', 3 * 10**9 + 1) is None, 'after the last'
    assert found.between('base', 'map', 10**9) is None, 'in a long gap'
    assert found.between('base', 'odom', 1500) is None, 'to a frame of another tree'
    found.add('odom', 'base', 4000, np.zeros(3), turn(0))
    assert found.between('base', 'map', 3000) is None, 'while its parent changes'


def test_moving_and_fixed_frames_make_one_tree():
    fixed = StaticTransforms()
    fixed.add('base', 'optical', shift(z=0.5))
    fixed.add('earth', 'map', shift(y=7))
    found = MovingTransforms(fixed)
    for stamp in (0, 100):
        found.add('map', 'odom', stamp, np.array([1.0, 0, 0]), turn(0))
    for stamp, x in ((0, 0.0), (50, 10.0)):
        found.add('/odom', '/base', stamp, np.array([x, 0, 0]), turn(0))
    np.testing.assert_allclose(found.between('optical', 'map', 25)[:3, 3], (6, 0, 0.5))
    np.testing.assert_allclose(found.between('optical', 'earth', 25)[:3, 3], (6, 7, 0.5))
    assert found.roots == {'earth'}
    assert len(found) == 4


def test_moments_may_come_in_any_order():
    found = moving('map', 'base', [(300, 3.0, 0.0), (100, 1.0, 0.0)])
    np.testing.assert_allclose(found.between('base', 'map', 200)[0, 3], 2)
    found.add('map', 'base', 200, np.array([9.0, 0, 0]), turn(0))
    np.testing.assert_allclose(found.between('base', 'map', 200)[0, 3], 9)


def test_a_bag_tells_where_frames_moved_and_damage_costs_itself(tmp_path):
    still = transforms(('base', 'optical', (0, 0, 1), (0, 0, 0, 1)))
    with BagWriter(tmp_path / 'bag') as bag:
        bag.write('/tf_static', still, 1)
        for stamp, rotation in ((1, (0, 0, 0, 2)), (2, (0, 0, 0, 0)), (3, (0, 0, 0, 1))):
            moved = ('map', 'base', (stamp, 0, 0), rotation)
            bag.write('/tf', transforms(moved, stamp=stamp * 10**9), stamp)
        bag.copy(RawMessage('/tf', 'tf2_msgs/msg/TFMessage', 4, b'\0\1\0\0nonsense'))
    with BagStream(tmp_path / 'bag') as stream:
        found = read_moving_transforms(stream)
        notes = ' '.join(stream.damage.notes)
    assert len(found) == 2
    np.testing.assert_allclose(found.between('optical', 'map', 10**9)[:3, 3], (1, 0, 1))
    assert 'a transform of base is none' in notes
    assert '/tf: a message is damaged' in notes
