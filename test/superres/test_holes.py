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
from hypothesis import given, settings
from hypothesis import strategies as st

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.superres.holes import smooth_valid, spans_one_surface, valid_contour

from .promises import bilinear_mask
from .strategies import alignments

HALF = GridAlignment.HALF_PIXEL


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(1, 16),
    alignments,
    st.integers(0, 2**32 - 1),
)
def test_the_contour_is_the_bilinear_mask_at_one_half(height, width, scale, alignment, seed):
    valid = np.random.default_rng(seed).random((height, width)) < 0.6
    offsets = alignment.sub_pixels(scale)

    contour = smooth_valid(valid, scale, alignment)

    for row, column in np.ndindex(contour.shape):
        share = bilinear_mask(
            valid, (row // scale, column // scale), offsets[row % scale], offsets[column % scale]
        )
        assert contour[row, column] == (share >= 0.5 - 1e-9)


def test_masks_without_holes_stay_so():
    assert smooth_valid(np.ones((3, 4), bool), 4, HALF).all()
    assert not smooth_valid(np.zeros((3, 4), bool), 4, HALF).any()


@pytest.mark.parametrize(
    ('scale', 'kept'),
    [
        (1, ['#']),
        (2, ['##', '##']),
        (3, ['.#.', '###', '.#.']),
        (4, ['.##.', '####', '####', '.##.']),
    ],
)
def test_a_lone_pixel_keeps_its_inner_pixels(scale, kept):
    valid = np.zeros((3, 3), bool)
    valid[1, 1] = True

    block = smooth_valid(valid, scale, HALF)[scale : 2 * scale, scale : 2 * scale]

    assert [''.join('.#'[int(v)] for v in row) for row in block] == kept


def test_a_straight_edge_stays_where_it_is():
    valid = np.zeros((6, 6), bool)
    valid[:, 3:] = True

    np.testing.assert_array_equal(
        smooth_valid(valid, 4, HALF), np.repeat(np.repeat(valid, 4, 0), 4, 1)
    )


def test_the_corners_of_a_small_hole_close_on_one_surface_only():
    valid = np.ones((3, 3), bool)
    valid[1, 1] = False
    flat = np.full((3, 3), 2.0, np.float32)
    step = flat.copy()
    step[:, 2] = 2.1

    def inside(depth, noise):
        contour = valid_contour(depth, valid, 4, alignment=HALF, noise=noise)
        return contour[4:8, 4:8].sum()

    assert inside(flat, NoiseModel()) == 4
    assert inside(step, NoiseModel()) == 0
    assert inside(step, NoiseModel(constant=0.03)) == 4


@pytest.mark.parametrize(
    ('far', 'noise', 'same'),
    [
        (2.039, NoiseModel(), True),
        (2.041, NoiseModel(), False),
        (2.079, NoiseModel(constant=0.02), True),
        (2.081, NoiseModel(constant=0.02), False),
        (2.159, NoiseModel(quadratic=0.01), True),
        (2.161, NoiseModel(quadratic=0.01), False),
    ],
)
def test_one_surface_spans_2_percent_or_4_sigma(far, noise, same):
    depth = np.float32([[2.0, 0.0, far]])

    assert spans_one_surface(depth, depth > 0, noise)[0, 1] == same


def test_depth_under_holes_does_not_matter():
    rng = np.random.default_rng(1)
    depth = rng.uniform(1, 1.02, (9, 9)).astype(np.float32)
    valid = rng.random((9, 9)) < 0.6
    other = np.where(valid, depth, np.float32(7))

    one, two = (
        valid_contour(z, valid, 5, alignment=HALF, noise=NoiseModel()) for z in (depth, other)
    )

    np.testing.assert_array_equal(one, two)
