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
"""Light by way of a second wall makes corners recede, and nothing else."""

import numpy as np
import pytest

from cdst_ros.synthetic.effects.multipath import TimeOfFlight, multipath

from .scenery import corner, panel

FOCAL = 80.0
SENSOR = TimeOfFlight(1e8, 0.4)


def test_the_walls_of_a_corner_recede_most_beside_where_they_meet() -> None:
    bias = multipath(corner(far=1.6), FOCAL, SENSOR)
    middle = bias[40:56].mean(axis=0)
    assert np.all(middle >= 0)
    assert 0.015 < middle.max() < 0.05
    assert 1 < abs(middle.argmax() - 47.5) < 16
    assert middle.max() > 5 * middle[:6].mean()
    # where they meet, the way by the other wall is no longer
    assert middle[47:49].max() < 0.3 * middle.max()


def test_planes_and_convex_edges_keep_their_place() -> None:
    wall = np.full((60, 60), 2.0, np.float32)
    assert np.abs(multipath(wall, FOCAL, SENSOR)).max() < 1e-6
    x = (np.arange(60, dtype=np.float32) - 29.5) / FOCAL
    ridge = np.broadcast_to(2 / (1 - 0.8 * np.abs(x)), (60, 60)).astype(np.float32)
    assert np.abs(multipath(ridge, FOCAL, SENSOR)).max() < 1e-6


def test_black_walls_have_none_and_lighter_ones_more() -> None:
    none, some, more = (
        multipath(corner(), FOCAL, TimeOfFlight(1e8, r)).max() for r in (0.0, 0.2, 0.4)
    )
    assert none == 0
    assert some < more


def test_light_that_comes_the_other_way_round_is_the_same() -> None:
    bias = multipath(corner(), FOCAL, SENSOR)
    np.testing.assert_allclose(bias.mean(axis=0), bias.mean(axis=0)[::-1], atol=0.004)


def test_a_small_form_factor_is_that_of_the_formula() -> None:
    """Two small facing patches: one bounce by hand."""
    # of two walls at right angles a patch each, all else unknown
    depth = np.full((48, 48), np.nan, np.float32)
    full = corner(48, 40.0)
    depth[20:28, :8] = full[20:28, :8]
    depth[20:28, 40:] = full[20:28, 40:]
    bias = multipath(depth, 40.0, SENSOR)
    v, u, sender = 23, 43, 4
    rays = [np.array([(c - 23.5) / 40, (23 - 23.5) / 40, 1.0]) for c in (u, sender)]
    to, start = rays[0] * full[v, u], rays[1] * full[v, sender]
    n_to = np.array([-1, 0, -1]) / np.sqrt(2)
    n_start = np.array([1, 0, -1]) / np.sqrt(2)
    way = start - to
    r = np.linalg.norm(way)
    flux = 0.4 * 36 / (40**2 * np.linalg.norm(rays[1]) ** 3)
    into, out = way @ n_to / r, -way @ n_start / r
    d = np.linalg.norm(to)
    share = flux * into * out / (np.pi * r**2) / (-to @ n_to / d / d**2)
    phase = 4 * np.pi * 1e8 / 299_792_458 * (np.linalg.norm(start) + r - d) / 2
    delay = np.arctan2(share * np.sin(phase), 1 + share * np.cos(phase))
    expected = delay * 299_792_458 / (4 * np.pi * 1e8) / np.linalg.norm(rays[0])
    assert abs(expected) > 5e-5
    # of 8x8 pixels 6x6 have a known normal
    assert bias[v, u] == pytest.approx(expected, rel=0.15)


def test_the_unknown_gets_none_and_edges_are_filled() -> None:
    depth = corner().copy()
    depth[10:20, 10:20] = np.nan
    bias = multipath(depth, FOCAL, SENSOR)
    assert np.all(bias[10:20, 10:20] == 0)
    assert np.isfinite(bias).all()
    assert np.isfinite(multipath(panel(), FOCAL, SENSOR)).all()


def test_tiny_images_have_none() -> None:
    assert np.all(multipath(np.ones((2, 9), np.float32), FOCAL, SENSOR) == 0)


def test_large_images_agree_with_small_ones() -> None:
    small, large = multipath(corner(), FOCAL, SENSOR), multipath(corner(384, 320.0), 320.0, SENSOR)
    assert large.max() == pytest.approx(small.max(), rel=0.3)
    assert large.shape == (384, 384)
