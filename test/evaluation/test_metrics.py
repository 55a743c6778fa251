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
import math

import numpy as np
import pytest

from cdst_ros.evaluation.metrics import (
    DepthErrors,
    add_compared,
    is_jump,
    mad,
    near_discontinuity,
    rmse,
)

NAN = np.float32(np.nan)


def f32(rows):
    return np.array(rows, np.float32)


def test_grey_level_errors_by_hand():
    truth = np.array([[10, 20], [30, 255]], np.uint8)
    prediction = np.array([[12, 20], [27, 254]], np.uint8)
    assert mad(prediction, truth) == (2 + 0 + 3 + 1) / 4
    assert rmse(prediction, truth) == math.sqrt((4 + 0 + 9 + 1) / 4)


def test_unsigned_pixels_do_not_wrap():
    assert mad(np.array([[0]], np.uint8), np.array([[255]], np.uint8)) == 255


def test_images_of_other_sizes_are_refused():
    with pytest.raises(ValueError, match='cannot be compared'):
        mad(np.zeros((2, 2)), np.zeros((2, 3)))


def test_depth_errors_by_hand():
    reference = f32([[1.0, 2.0, NAN], [4.0, 1.0, 1.0]])
    prediction = f32([[1.1, 1.9, 1.0], [NAN, 1.0, 1.3]])
    errors = DepthErrors()
    errors.add(prediction, reference)
    assert errors.pixels == 4
    assert errors.rmse_cm == pytest.approx(100 * math.sqrt((0.01 + 0.01 + 0 + 0.09) / 4), rel=1e-6)
    assert errors.mae_cm == pytest.approx(100 * (0.1 + 0.1 + 0 + 0.3) / 4, rel=1e-6)
    assert errors.completeness == 4 / 5


def test_frames_are_pooled_by_pixel():
    errors = DepthErrors()
    errors.add(f32([[1.0, 1.0, 1.0]]), f32([[1.0, 1.0, 1.0]]))
    errors.add(f32([[1.4]]), f32([[1.0]]))
    assert errors.mae_cm == pytest.approx(10, rel=1e-6)
    assert errors.rmse_cm == pytest.approx(20, rel=1e-6)


def test_without_a_pixel_there_is_no_number():
    errors = DepthErrors()
    errors.add(f32([[NAN, 1.0]]), f32([[1.0, NAN]]))
    assert math.isnan(errors.rmse_cm)
    assert math.isnan(errors.edge_mae_cm)
    assert errors.completeness == 0


@pytest.mark.parametrize(
    ('a', 'b', 'jump'),
    [
        (0.5, 0.549, False),
        (0.5, 0.551, True),
        (4.0, 4.19, False),
        (4.0, 4.21, True),
        (4.21, 4.0, True),
        (NAN, 4.0, False),
    ],
)
def test_a_jump_is_5_cm_and_5_percent(a, b, jump):
    assert is_jump(f32([a]), f32([b])).tolist() == [jump]


def test_near_is_three_pixels_from_either_side():
    depth = np.full((12, 20), 1.0, np.float32)
    depth[:, 10:] = 2.0
    near = near_discontinuity(depth)
    assert near.all(axis=0).tolist() == [6 <= x <= 13 for x in range(20)]
    assert (near.any(axis=0) == near.all(axis=0)).all()
    near = near_discontinuity(depth.T)
    assert near.all(axis=1).tolist() == [6 <= y <= 13 for y in range(20)]


def test_a_hole_and_a_grazing_plane_are_no_edges():
    depth = np.full((12, 20), 1.0, np.float32)
    depth[4:8, 5:9] = NAN
    assert not near_discontinuity(depth).any()
    inverse = np.linspace(1 / 2, 1 / 8, 240)[:, None] * np.ones(10)
    assert not near_discontinuity((1 / inverse).astype(np.float32)).any()


def test_edge_errors_are_those_near_edges():
    reference = np.full((8, 20), 1.0, np.float32)
    reference[:, 10:] = 2.0
    prediction = reference.copy()
    prediction[0, 0] += 5
    prediction[0, 9] += 0.5
    errors = DepthErrors()
    errors.add(prediction, reference)
    assert errors.edge_pixels == 8 * 8
    assert errors.edge_mae_cm == pytest.approx(100 * 0.5 / 64, rel=1e-6)
    assert errors.edge_rmse_cm == pytest.approx(100 * math.sqrt(0.25 / 64), rel=1e-6)


def test_methods_are_compared_on_the_pixels_that_all_know():
    reference = f32([[1.0, 1.0, 1.0, NAN]])
    outputs = {'good': f32([[1.0, 1.1, 3.0, 1.0]]), 'lazy': f32([[1.2, 1.0, NAN, NAN]])}
    errors = {name: DepthErrors() for name in outputs}
    add_compared(errors, outputs, reference)
    assert errors['good'].pixels == errors['lazy'].pixels == 2
    assert errors['good'].mae_cm == pytest.approx(5, rel=1e-5)
    assert errors['lazy'].mae_cm == pytest.approx(10, rel=1e-5)
    assert (errors['good'].completeness, errors['lazy'].completeness) == (1, 2 / 3)
