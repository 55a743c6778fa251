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

from cdst_ros.depth.noise import NoiseModel
from cdst_ros.superres.hole_filling import fill_holes

EXACT = NoiseModel()


def plane(height=20, width=24):
    """Return a slanted plane [m], which is linear in 1/z."""
    y, x = np.mgrid[:height, :width]
    return (1 / (0.4 + 0.006 * x - 0.004 * y)).astype(np.float32)


def with_hole(depth, hole):
    valid = np.ones(depth.shape, bool)
    valid[hole] = False
    return np.where(valid, depth, np.float32(0)), valid


@pytest.mark.parametrize('width', [1, 2, 3, 5])
def test_a_crack_in_a_plane_is_filled_up_to_its_width_and_no_wider(width):
    depth = plane()
    crack = np.s_[:, 9 : 9 + width]

    filled, known = fill_holes(*with_hole(depth, crack), width, EXACT)
    _, kept = fill_holes(*with_hole(depth, crack), width - 1, EXACT)

    assert known.all()
    np.testing.assert_allclose(filled, depth, rtol=1e-5)
    assert not kept[crack].any()


def test_nothing_but_holes_changes():
    depth, valid = with_hole(plane(), np.s_[4:6, 7:9])
    before = depth.copy()

    filled, known = fill_holes(depth, valid, 2, EXACT)

    np.testing.assert_array_equal(filled[valid], before[valid])
    assert known[valid].all()
    np.testing.assert_array_equal(depth, before)
    assert not valid[4:6, 7:9].any()


@pytest.mark.parametrize('width', [1, 2, 4])
def test_a_hole_between_two_surfaces_stays(width):
    depth = np.full((20, 24), 2.0, np.float32)
    depth[:, 12:] = 2.1
    crack = np.s_[:, 12 : 12 + width]

    _, known = fill_holes(*with_hole(depth, crack), width, EXACT)

    assert not known[crack].any()


def test_a_crack_is_filled_beside_an_edge_that_it_crosses_but_not_at_it():
    depth = np.full((20, 24), 2.0, np.float32)
    depth[:, 12:] = 3.0

    _, known = fill_holes(*with_hole(depth, np.s_[9, :]), 1, EXACT)

    assert known[9, :10].all()
    assert known[9, 14:].all()
    assert not known[9, 11:13].any()


def test_filling_keeps_to_the_depths_around():
    rng = np.random.default_rng(0)
    noise = NoiseModel(constant=0.05)
    depth = (2 + rng.normal(0, 0.05, (30, 30))).astype(np.float32)
    valid = rng.random(depth.shape) < 0.9

    filled, known = fill_holes(np.where(valid, depth, np.float32(0)), valid, 2, noise)

    new = known & ~valid
    assert np.count_nonzero(new) > 0.8 * np.count_nonzero(~valid)
    assert filled[new].min() >= depth[valid].min()
    assert filled[new].max() <= depth[valid].max()


def test_a_wide_hole_stays_whole_even_where_it_tapers():
    depth = plane()
    hole = np.zeros(depth.shape, bool)
    hole[4:12, 4:12] = True
    hole[8, 12:18] = True

    _, known = fill_holes(np.where(hole, np.float32(0), depth), ~hole, 3, EXACT)

    np.testing.assert_array_equal(known, ~hole)


def test_holes_that_touch_at_a_corner_are_one():
    depth = plane()
    hole = np.zeros(depth.shape, bool)
    hole[4:12, 4:12] = True
    hole[12, 12:15] = True

    _, known = fill_holes(np.where(hole, np.float32(0), depth), ~hole, 3, EXACT)

    np.testing.assert_array_equal(known, ~hole)


def test_a_narrow_strip_along_the_border_is_filled_and_a_wider_one_stays():
    depth = plane()

    filled, known = fill_holes(*with_hole(depth, np.s_[:, :2]), 2, EXACT)
    _, kept = fill_holes(*with_hole(depth, np.s_[:, :3]), 2, EXACT)

    assert known.all()
    np.testing.assert_allclose(filled[:, 2:], depth[:, 2:])
    # Kept within the depths around: the plane itself would go on beyond them.
    assert np.abs(filled[:, :2] / depth[:, :2] - 1).max() < 0.05
    assert not kept[:, :3].any()


@pytest.mark.parametrize('shape', [(1, 1), (1, 9), (2, 2)])
def test_too_few_measurements_fill_nothing(shape):
    depth = np.full(shape, 2.0, np.float32)
    hole = np.zeros(shape, bool)
    hole[0, 0] = True

    _, known = fill_holes(*with_hole(depth, hole), 3, EXACT)

    np.testing.assert_array_equal(known, ~hole)


def test_frames_without_holes_and_without_measurements_pass():
    depth = plane()

    assert fill_holes(depth, np.ones(depth.shape, bool), 3, EXACT)[1].all()
    assert not fill_holes(depth * 0, np.zeros(depth.shape, bool), 3, EXACT)[1].any()


def test_depth_under_holes_does_not_matter():
    depth, valid = with_hole(plane(), np.s_[3:5, 3:5])
    other = np.where(valid, depth, np.float32(9))

    np.testing.assert_array_equal(
        fill_holes(depth, valid, 2, EXACT)[0], fill_holes(other, valid, 2, EXACT)[0]
    )


def test_scaled_depth_is_filled_alike():
    depth, valid = with_hole(plane(), np.s_[3:5, 3:5])
    noise = NoiseModel(0.001, 0.001, 0.001)

    one, known = fill_holes(depth, valid, 2, noise)
    two, known_two = fill_holes(depth * 4, valid, 2, noise.rescaled(4))

    np.testing.assert_allclose(two, 4 * one, rtol=1e-6)
    np.testing.assert_array_equal(known, known_two)
