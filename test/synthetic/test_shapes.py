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
"""Shapes are what their parameters say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdst_ros.synthetic.shapes import (
    Shape,
    along,
    bowl,
    box,
    cylinder,
    ellipsoid,
    lampshade,
    random_rotation,
    sheet,
    yaw,
)


def value(shape: Shape, point: list[float]) -> float:
    """Return the quadric of a shape at a world point."""
    x = np.append((np.array(point) - shape.centre) @ shape.rotation, 1.0)
    return float(x @ shape.quadric @ x)


def test_lampshade_goes_from_one_radius_to_the_other() -> None:
    shade = lampshade((1, 2, 3), 0.5, 0.3, 0.1)
    assert value(shade, [1.3, 2, 3]) == pytest.approx(0)
    assert value(shade, [1, 2.1, 3.5]) == pytest.approx(0)
    assert value(shade, [1.2, 2, 3.25]) == pytest.approx(0)


def test_bowl_has_its_rim_at_the_top() -> None:
    dish = bowl((1, 0, 0), 0.2, 0.4)
    assert value(dish, [1, 0, 0]) == pytest.approx(0)
    assert value(dish, [1, 0.4, 0.2]) == pytest.approx(0)


def test_sheet_bends_by_its_curvature() -> None:
    leaf = sheet((0, 0, 1), (0.5, 0.5), (2.0, -1.0))
    assert value(leaf, [0.3, 0.2, 1 + 0.09 - 0.02]) == pytest.approx(0)


@given(st.integers(0, 2**32 - 1))
def test_boxes_hold_the_surface(seed: int) -> None:
    rng = np.random.default_rng(seed)
    turn = random_rotation(rng)
    shape = ellipsoid(rng.normal(size=3), rng.uniform(0.1, 2, 3), turn)
    direction = rng.normal(size=3)
    tip = direction / np.sqrt(direction @ shape.quadric[:3, :3] @ direction)
    assert np.all(np.abs(tip) <= shape.half * (1 + 1e-12))


@given(st.integers(0, 2**32 - 1))
def test_rotations_are_right_handed_and_keep_lengths(seed: int) -> None:
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=3)
    for rotation in (random_rotation(rng), along(direction), yaw(rng.uniform(-9, 9))):
        np.testing.assert_allclose(rotation.T @ rotation, np.eye(3), atol=1e-12)
        assert np.linalg.det(rotation) == pytest.approx(1)
    np.testing.assert_allclose(
        along(direction)[:, 2], direction / np.linalg.norm(direction), atol=1e-12
    )


def test_an_upright_cylinder_stands_between_its_ends() -> None:
    rod = cylinder((1, 2, 0), (1, 2, 2), 0.1)
    corners = rod.corners()
    np.testing.assert_allclose(corners.min(axis=0), [0.9, 1.9, 0], atol=1e-12)
    np.testing.assert_allclose(corners.max(axis=0), [1.1, 2.1, 2], atol=1e-12)


def test_moving_moves_the_corners() -> None:
    shape = box((1, 2, 3), (0.1, 0.2, 0.3))
    turn, offset = yaw(0.7), np.array([4.0, 5.0, 6.0])
    expected = shape.corners() @ turn.T + offset
    np.testing.assert_allclose(shape.moved(turn, offset).corners(), expected)


def test_a_flat_box_is_refused() -> None:
    with pytest.raises(ValueError, match='positive half edges'):
        box((0, 0, 0), (1, 0, 1))


def test_a_shell_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match='quadric'):
        Shape(np.zeros(3), np.eye(3), np.ones(3), shell=True)
