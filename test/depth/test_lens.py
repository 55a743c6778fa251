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
from dataclasses import replace

import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.lens import Lens, LensError

from .views import camera

KINECT = (5.3, 3.5, 1e-4, 1e-4, 0.18, 5.6, 5.2, 0.98)


def lens(model, d, focal=230.0, size=(320, 240)):
    one = camera(*size, focal)
    return Lens.of(replace(one, distortion_model=model, d=d), 'colour')


def pixels(size):
    v, u = np.mgrid[: size[1] : 7, : size[0] : 7].astype(np.float64)
    return np.stack([u.ravel(), v.ravel()], axis=1)


@pytest.mark.parametrize(
    ('model', 'd', 'focal'),
    [
        ('plumb_bob', (-0.25, 0.05, 0.001, -0.001, 0.0), 230.0),
        ('plumb_bob', (0.2, 0.0, 0.0, 0.0), 230.0),
        ('rational_polynomial', KINECT, 250.0),
        ('rational_polynomial', KINECT, 150.0),  # OpenCV's inverse is 12 px beside
        ('equidistant', (-0.01, 0.05, -0.04, 0.008), 150.0),
    ],
)
def test_pixels_look_where_points_are_drawn(model, d, focal):
    one, places = lens(model, d, focal), pixels((320, 240))
    rays = one.rays(places)
    assert np.isfinite(rays).all()
    drawn = one.draw(np.column_stack([rays, np.ones(len(rays))]))
    assert np.abs(drawn - places).max() < 0.1
    points = one.back_project(places, np.full(len(places), 3.0))
    assert points[:, :2] == pytest.approx(3 * rays, abs=0.04)
    inside, again = one.project(points)
    near = (np.abs(rays) < 2.9).all(axis=1)
    assert inside[near].all()
    assert np.abs(again - places)[inside].max() < 0.5


def test_a_larger_grid_looks_where_the_image_does():
    one = lens('plumb_bob', (-0.25, 0.05, 0.001, -0.001, 0.0))
    grid = one.camera.scaled(4, GridAlignment.HALF_PIXEL)
    places = pixels((1280, 960))
    z = np.full(len(places), 2.0)
    exact = Lens.of(grid, 'depth').back_project(places, z)
    off = np.abs(one.back_project(places, z, grid) - exact)
    assert off.max() < 0.1 / grid.k[0] * 2 * 2


def test_a_fisheye_that_sees_behind_itself_does_not_draw_what_is_there():
    one = lens('equidistant', (0.0, 0.0, 0.0, 0.0001), 80.0, (400, 400))
    low, high = one.field
    assert (low == -3).all()
    assert (high == 3).all()
    inside, _ = one.project(np.array([[0.0, 0.0, 1.0], [2.5, 0.0, 1.0], [1.0, 0.0, -1.0]]))
    assert inside.tolist() == [True, True, False]
    assert np.isnan(one.rays(np.array([[2.0, 2.0]]))).all(), 'the corner looks backwards'


def test_a_lens_without_distortion_is_straight_whatever_its_model():
    one = camera(320, 240, 230.0)
    for model in ('', 'cubic', 'equidistant'):
        assert not Lens.of(replace(one, distortion_model=model, d=(0.0,) * 4), 'colour').bends


def test_coefficients_may_be_fewer_or_end_in_zeros():
    few = lens('plumb_bob', (-0.1, 0.02))
    many = lens('plumb_bob', (-0.1, 0.02, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    points = np.array([[0.3, 0.2, 1.0]])
    assert np.array_equal(few.draw(points), many.draw(points))
    fisheye = lens('equidistant', (0.1, 0.0, 0.0, 0.0, 0.0))
    assert fisheye.bends


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'distortion_model': 'cubic'}, 'cubic.*plumb_bob, rational_polynomial and equidistant'),
        ({'distortion_model': ''}, 'of no model'),
        ({'distortion_model': 'equidistant', 'd': (0.1,) * 5}, 'cannot be worked out'),
        ({'d': (0.1,) * 15}, 'cannot be worked out'),
        ({'k': (0.0,) * 9}, 'K is all 0'),
        ({'d': (-1e9, 0.0, 0.0, 0.0)}, 'leaves nothing of the image'),
    ],
)
def test_a_lens_that_is_not_understood_is_refused(change, said):
    one = CameraModel(320, 240, 'plumb_bob', (0.1, 0.0, 0.0, 0.0), camera(320, 240, 230.0).k)
    with pytest.raises(LensError, match=said):
        Lens.of(replace(one, **change), 'colour')
