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
"""A low-resolution sensor measures what its profile says."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.synthetic.crops import training_view
from cdst_ros.synthetic.effects.edges import beside_edges
from cdst_ros.synthetic.effects.sampling import Sampling, sample, sample_incidence
from cdst_ros.synthetic.raycast import FIRST_SHAPE
from cdst_ros.synthetic.rendering import render
from cdst_ros.synthetic.sensor import GENERIC, IDEAL, SensorProfile, degrade, measure
from cdst_ros.synthetic.shapes import along, box, sphere

from .worlds import AHEAD, see

SCALES = pytest.mark.parametrize('scale', [2, 3, 4, 8])


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def step(near: float, far: float, column: int, size: int = 64) -> np.ndarray:
    """Return depth that steps from near to far at ``column``."""
    depth = np.full((size, size), near, dtype=np.float32)
    depth[:, column:] = far
    return depth


@SCALES
@given(column=st.integers(0, 24), order=st.permutations([1.0, 3.0]))
@settings(deadline=None)
def test_area_never_mixes_surfaces(scale: int, column: int, order: list[float]) -> None:
    low = sample(step(*order, column, 24), scale, Sampling.AREA)
    assert set(np.unique(low).tolist()) <= {1.0, 3.0}


def test_area_takes_the_surface_that_covers_most() -> None:
    depth = np.full((4, 4), 3.0, dtype=np.float32)
    depth[:, 0] = 1.0
    depth[0, :] = 5.0
    assert sample(depth, 4, Sampling.AREA)[0, 0] == 3.0


def test_area_takes_the_nearer_of_two_halves() -> None:
    for depth in (step(1, 3, 2, 4), step(3, 1, 2, 4)):
        assert sample(depth, 4, Sampling.AREA)[0, 0] == 1.0


def test_mean_mixes_into_flying_pixels() -> None:
    low = sample(step(1, 3, 2, 8), 4, Sampling.MEAN)
    assert low[0].tolist() == [2.0, 3.0]


@pytest.mark.parametrize('sampling', [Sampling.AREA, Sampling.MEAN])
def test_a_footprint_half_unknown_is_unknown(sampling: Sampling) -> None:
    depth = np.full((4, 8), 2.0, dtype=np.float32)
    depth[:2, :4] = np.nan
    depth[:2, 4:] = np.nan
    depth[2, 4] = np.nan
    low = sample(depth, 4, sampling)
    assert low[0, 0] == 2.0
    assert np.isnan(low[0, 1])


@SCALES
def test_area_keeps_a_plane_however_steep(scale: int) -> None:
    # depth doubles within 10 px: neighbours are much further apart than SURFACE_GAP
    slope = np.linspace(0.2, 2.0, 48, dtype=np.float32)[:, None] * np.ones(48, np.float32)
    depth = (1 / slope).astype(np.float32)
    np.testing.assert_allclose(
        sample(depth, scale, Sampling.AREA), sample(depth, scale, Sampling.MEAN)
    )


@SCALES
def test_area_and_mean_agree_on_one_surface(scale: int) -> None:
    depth = see([]).depth()[:48, :48]
    expected = cv2.resize(depth, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)
    for sampling in (Sampling.AREA, Sampling.MEAN):
        np.testing.assert_allclose(sample(depth, scale, sampling), expected, rtol=1e-6)


def test_cubic_is_the_middlebury_protocol() -> None:
    depth = rng().uniform(1, 3, (32, 48)).astype(np.float32)
    expected = cv2.resize(depth, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_CUBIC)
    np.testing.assert_array_equal(sample(depth, 4, Sampling.CUBIC), expected)


@pytest.mark.parametrize('sampling', list(Sampling))
def test_sizes_are_whole_footprints(sampling: Sampling) -> None:
    depth = np.full((23, 30), 2.0, dtype=np.float32)
    assert sample(depth, 4, sampling).shape == (5, 7)
    assert sample(depth, 1, sampling).shape == (23, 30)


def test_a_scale_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match='no pixel left'):
        sample(np.ones((3, 3), np.float32), 4, Sampling.AREA)


@SCALES
def test_picked_samples_lie_on_the_surface(scale: int) -> None:
    low = CameraModel.from_intrinsics(50.0, 50.0, 19.2, 14.1, 40, 30)
    high = low.scaled(scale, Sampling.PICK.alignment)
    ball = sphere((3, 0, 0), 0.8)
    hits = see([ball], high)
    points = low.back_project(sample(hits.depth(), scale, Sampling.PICK))
    on_ball = sample(hits.surface, scale, Sampling.PICK) == FIRST_SHAPE
    world = points[on_ball].astype(np.float64) @ AHEAD[:3, :3].T
    assert on_ball.sum() > 50
    radii = np.linalg.norm(world - ball.centre, axis=1)
    np.testing.assert_allclose(radii, 0.8, atol=2e-6)


@SCALES
@pytest.mark.parametrize('sampling', [Sampling.AREA, Sampling.MEAN, Sampling.CUBIC])
def test_a_plane_stays_where_it_is_at_half_pixel_alignment(scale: int, sampling: Sampling) -> None:
    low = CameraModel.from_intrinsics(50.0, 50.0, 19.2, 14.1, 40, 30)
    high = low.scaled(scale, sampling.alignment)
    turn = along((-1.0, 0.4, 0.3))
    board = box((3, 0, 0), (6, 6, 0.01), turn)
    hits = see([board], high)
    assert np.all(hits.surface == FIRST_SHAPE)
    points = low.back_project(sample(hits.depth(), scale, sampling)).astype(np.float64)
    above = (points @ AHEAD[:3, :3].T - board.centre) @ turn[:, 2]
    off = np.abs(np.abs(above) - 0.01)[1:-1, 1:-1]
    # a mean of depths is not quite the depth of the mean ray; a shift by half a pixel of the
    # high resolution would be 4 mm and more
    assert off.max() < 1e-3


def test_picked_and_half_pixel_grids_are_told_apart() -> None:
    assert SensorProfile('a', Sampling.PICK).alignment is GridAlignment.PICKED
    assert SensorProfile('a', Sampling.AREA).alignment is GridAlignment.HALF_PIXEL


@pytest.mark.parametrize('correlation', [0.0, 0.4, 1.5])
def test_noise_has_the_stated_sigma(correlation: float) -> None:
    profile = SensorProfile(
        'noisy', noise=NoiseModel(0.002, 0.001, 0.003), noise_correlation=correlation
    )
    for z in (0.5, 2.0, 6.0):
        depth = np.full((300, 300), z, dtype=np.float32)
        error = measure(depth, rng(), profile) - z
        assert error.std() == pytest.approx(0.002 + 0.001 * z + 0.003 * z**2, rel=0.03)
        assert abs(error.mean()) < 0.1 * error.std()
        beside = np.corrcoef(error[:, :-1].ravel(), error[:, 1:].ravel())[0, 1]
        kernel = np.exp(-(np.arange(-9, 10) ** 2) / (2 * correlation**2 + 1e-9))
        expected = kernel[1:] @ kernel[:-1] / (kernel @ kernel)
        assert beside == pytest.approx(expected, abs=0.03)


def test_quantisation_leaves_whole_steps() -> None:
    depth = rng().uniform(0.5, 5, (40, 40)).astype(np.float32)
    low = measure(depth, rng(), SensorProfile('coarse', quantisation=0.01))
    np.testing.assert_allclose(low / 0.01, np.rint(low / 0.01), atol=1e-3)
    assert np.abs(low - depth).max() <= 0.005 + 1e-6


def test_what_is_out_of_range_is_lost() -> None:
    depth = np.array([[0.05, 0.2, 9.0, 11.0]], dtype=np.float32)
    low = measure(depth, rng(), SensorProfile('short', range_m=(0.1, 10.0)))
    assert np.isnan(low).tolist() == [[True, False, False, True]]


def test_noise_never_makes_depth_of_zero_or_less() -> None:
    depth = np.full((50, 50), 0.01, dtype=np.float32)
    low = measure(depth, rng(), SensorProfile('wild', noise=NoiseModel(0.02)))
    assert np.isnan(low).any()
    assert np.nanmin(low) > 0


def test_holes_stay_holes() -> None:
    depth = see([sphere((3, 0, 0), 0.8)]).depth()
    depth[10:30, 20:50] = np.nan
    low = degrade(depth, 2, rng(), replace(GENERIC, sampling=Sampling.PICK))
    assert np.all(np.isnan(low[5:15, 10:25]))
    assert np.isfinite(low[:5]).mean() > 0.8


def test_edges_lose_their_share_and_surfaces_do_not() -> None:
    depth = step(1, 3, 32)
    profile = SensorProfile('edgy', edge_dropout=0.5)
    lost = np.mean(
        [np.isnan(measure(depth, np.random.default_rng(k), profile)) for k in range(40)], 0
    )
    assert lost[:, 31:33].mean() == pytest.approx(0.5, abs=0.03)
    assert lost[:, :31].max() == 0
    assert lost[:, 33:].max() == 0


def test_a_steep_plane_has_no_edges() -> None:
    floor = see([], CameraModel.from_intrinsics(40, 40, 39.5, 0.0, 80, 200)).depth()
    # but where it meets the wall it bends
    assert not beside_edges(floor[45:]).any()
    assert beside_edges(step(1, 1.1, 5, 10))[:, 4:6].all()


def test_pixels_next_to_the_unknown_are_edges() -> None:
    depth = np.full((9, 9), 2.0, dtype=np.float32)
    depth[4, 4] = np.nan
    marked = beside_edges(depth)
    assert marked[4, 3]
    assert marked[3, 4]
    assert not marked[2, 2]


def test_grazing_surfaces_lose_their_share() -> None:
    depth = np.full((100, 100), 2.0, dtype=np.float32)
    cosine = np.full((100, 100), 0.5, dtype=np.float32)
    cosine[:50] = math.cos(math.radians(85))
    profile = SensorProfile('shy', grazing_angle=80, grazing_dropout=0.6)
    lost = np.isnan(measure(depth, rng(), profile, incidence=cosine))
    assert lost[:50].mean() == pytest.approx(0.6, abs=0.03)
    assert not lost[50:].any()
    assert not np.isnan(measure(depth, rng(), profile)).any()


def test_incidence_is_that_of_the_sample() -> None:
    cosine = np.arange(64, dtype=np.float32).reshape(8, 8)
    assert sample_incidence(cosine, 4, Sampling.PICK)[1, 1] == cosine[4, 4]
    assert sample_incidence(cosine, 4, Sampling.AREA)[1, 1] == cosine[6, 6]
    assert sample_incidence(cosine[:7, :6], 4, Sampling.AREA).shape == (1, 1)


def test_holes_take_their_share_in_blobs() -> None:
    profile = SensorProfile('holey', hole_share=0.05, hole_size=2.0)
    lost = np.isnan(measure(np.full((400, 400), 2.0, np.float32), rng(), profile))
    assert lost.mean() == pytest.approx(0.05, abs=0.015)
    _, _, stats, _ = cv2.connectedComponentsWithStats(lost.astype(np.uint8))
    assert np.median(stats[1:, cv2.CC_STAT_AREA]) >= 3


def test_the_same_generator_gives_the_same_image() -> None:
    depth = see([sphere((3, 0, 0), 0.8)]).depth()
    once, again = (degrade(depth, 4, rng(), GENERIC) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    other = degrade(depth, 4, np.random.default_rng(8), GENERIC)
    assert not np.array_equal(once, other, equal_nan=True)


def test_the_input_is_left_alone() -> None:
    depth = see([]).depth()
    before = depth.copy()
    for sampling in Sampling:
        degrade(depth, 1, rng(), replace(GENERIC, sampling=sampling))
    np.testing.assert_array_equal(depth, before)


def test_an_ideal_sensor_only_samples() -> None:
    depth = see([sphere((3, 0, 0), 0.8)]).depth()
    np.testing.assert_array_equal(degrade(depth, 4, rng(), IDEAL), sample(depth, 4, Sampling.AREA))


@pytest.mark.parametrize('profile', [GENERIC, IDEAL], ids=lambda p: p.name)
def test_profiles_survive_a_file(profile: SensorProfile) -> None:
    assert SensorProfile.from_dict(profile.to_dict()) == profile


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'name': 'a', 'sigma': 1}, 'unknown sigma'),
        ({'sampling': 'area'}, 'no name'),
        ({'name': 'a', 'sampling': 'middle'}, 'area, mean, pick, cubic'),
        ({'name': 'a', 'edge_dropout': 1.5}, 'edge_dropout is a share'),
        ({'name': 'a', 'quantisation': -1}, 'quantisation must be 0 or more'),
        ({'name': 'a', 'range_m': [3, 1]}, 'range_m must be'),
        ({'name': 'a', 'noise': {'constant': -1}}, 'no negative terms'),
    ],
)
def test_bad_profiles_say_what_is_wrong(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SensorProfile.from_dict(values)


def test_what_models_were_trained_on_stays_as_it_was() -> None:
    """Sum and holes of what these seeds gave when the first models were trained."""
    drawn = training_view(np.random.default_rng(5), 64, 80, kind='closeup')
    view = render(*drawn, color=False).depth
    low = degrade(view, 4, np.random.default_rng(1), GENERIC)
    assert np.nansum(low, dtype=np.float64) == pytest.approx(370.969, rel=1e-5)
    assert np.isnan(low).sum() == 10
