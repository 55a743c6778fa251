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
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.superres.engine import EngineError, EngineInfo, Inference
from cdst_ros.superres.engines import CLASSICAL_ENGINES, open_engine
from cdst_ros.superres.frame import STAGES, Settings, SuperResolution

from .promises import assert_bounded, assert_holes_hold
from .strategies import adversaries, depth_images, scales


class Replies:
    """An engine that gives what it was told to."""

    def __init__(self, depth, sigma=None, valid=None, noise=None):
        self._reply = depth, sigma, valid
        self.info = EngineInfo(
            'replies', 'r', 2, GridAlignment.HALF_PIXEL, 'f32', 'CPU', False, noise or NoiseModel()
        )

    def infer(self, depth, valid, rgb=None):
        out, sigma, mask = self._reply
        full = np.ones(out.shape, bool) if mask is None else mask.copy()
        return Inference(out.copy(), None if sigma is None else sigma.copy(), full)

    def close(self):
        pass


def known(depth):
    with np.errstate(invalid='ignore'):
        return np.isfinite(depth) & (depth > 0)


@hypothesis_settings(max_examples=300, deadline=None)
@given(depth_images(), adversaries)
def test_the_output_keeps_its_promises_whatever_the_engine_does(depth, engine):
    out = SuperResolution(engine, Settings(bound_sigmas=2.0))(depth).depth

    scale, noise = engine.info.scale, engine.info.noise
    valid = known(depth)
    measured = np.where(valid, depth, 1.0)
    slack = np.minimum(2 * noise.sigma(measured), measured / 2)
    assert out.shape == (depth.shape[0] * scale, depth.shape[1] * scale)
    assert_bounded(out, depth, valid, scale, slack)
    offsets = engine.info.alignment.sub_pixels(scale)
    assert_holes_hold(out, depth, valid, scale, offsets=offsets, sigma=noise.sigma)


@hypothesis_settings(max_examples=100, deadline=None)
@given(depth_images(), adversaries)
def test_unbounded_output_is_still_depth_or_unknown_and_keeps_holes(depth, engine):
    out = SuperResolution(engine, Settings(bounded=False))(depth).depth

    noise = engine.info.noise
    assert not np.isinf(out).any()
    assert (out[~np.isnan(out)] > 0).all()
    offsets, scale = engine.info.alignment.sub_pixels(engine.info.scale), engine.info.scale
    assert_holes_hold(out, depth, known(depth), scale, offsets=offsets, sigma=noise.sigma)


@hypothesis_settings(max_examples=60, deadline=None)
@given(depth_images(), scales)
@pytest.mark.parametrize('name', ['nearest', 'bilinear', 'bicubic'])
def test_classical_methods_keep_the_promises_with_no_slack(name, depth, scale):
    out = SuperResolution(open_engine(None, name, scale=scale))(depth).depth

    valid = known(depth)
    assert_bounded(out, depth, valid, scale, np.zeros_like(depth))
    offsets = GridAlignment.HALF_PIXEL.sub_pixels(scale)
    assert_holes_hold(out, depth, valid, scale, offsets=offsets, sigma=NoiseModel().sigma)


@pytest.mark.parametrize('name', CLASSICAL_ENGINES)
@pytest.mark.parametrize(
    'depth',
    [
        np.full((1, 1), 2.0),
        np.full((1, 1), np.nan),
        np.full((5, 7), np.nan),
        np.full((7, 5), 3.0),
        np.where(np.arange(35).reshape(5, 7) == 17, 1.5, np.nan),
        np.full((1500, 2100), 4.0),
    ],
    ids=['1x1', '1x1 unknown', 'unknown', 'flat', 'one valid', 'huge flat'],
)
def test_degenerate_frames_work(name, depth):
    depth = depth.astype(np.float32)
    rgb = np.zeros((depth.shape[0] * 2, depth.shape[1] * 2, 3), np.uint8)

    out = SuperResolution(open_engine(None, name, scale=2))(depth, rgb).depth

    values = set(depth[~np.isnan(depth)])
    assert out.shape == (depth.shape[0] * 2, depth.shape[1] * 2)
    assert (np.count_nonzero(~np.isnan(out))) == 4 * np.count_nonzero(~np.isnan(depth))
    np.testing.assert_allclose(out[~np.isnan(out)], max(values, default=0.0), rtol=1e-6)


def test_sizes_may_change_from_frame_to_frame():
    rng = np.random.default_rng(0)
    reused = SuperResolution(open_engine(None, 'bicubic', scale=3))
    for shape in [(6, 8), (5, 3), (6, 8), (1, 9), (12, 16), (5, 3)]:
        depth = rng.uniform(1, 2, shape).astype(np.float32)
        depth[rng.random(shape) < 0.2] = np.nan
        fresh = SuperResolution(open_engine(None, 'bicubic', scale=3))

        np.testing.assert_array_equal(reused(depth).depth, fresh(depth).depth)


def test_the_input_is_not_written_to():
    depth = np.float32([[1, np.nan], [0, 2]])
    before = depth.copy()

    SuperResolution(open_engine(None, 'nearest', scale=2), Settings(fill_holes=3))(depth)

    np.testing.assert_array_equal(depth, before)


def test_depth_outside_the_limits_is_unknown():
    depth = np.float32([[0.2, 1, 9]])
    settings = Settings(min_depth=0.5, max_depth=5)

    out = SuperResolution(open_engine(None, 'nearest', scale=1), settings)(depth).depth

    np.testing.assert_array_equal(out, np.float32([[np.nan, 1, np.nan]]))


def test_depth_beyond_all_sensors_is_unknown():
    depth = np.float32([[3e38, 1e7, 1, 9e5]])
    engine = Replies(np.full((2, 8), 1, np.float32), noise=NoiseModel(0.1, 0.1, 0.1))

    with np.errstate(all='raise'):
        out = SuperResolution(engine, Settings(bound_sigmas=10))(depth).depth

    np.testing.assert_array_equal(np.isnan(out[:, 0:4]), np.ones((2, 4)))
    assert np.isfinite(out[:, 4:]).all()


def test_doubtful_depth_becomes_unknown():
    sigma = np.float32([[0.01, 0.2], [np.nan, 0.1]])
    engine = Replies(np.full((2, 2), 1, np.float32), sigma)

    out = SuperResolution(engine, Settings(max_sigma=0.1))(np.ones((1, 1), np.float32))

    expected = np.float32([[1, np.nan], [np.nan, 1]])
    np.testing.assert_array_equal(out.depth, expected)
    np.testing.assert_array_equal(np.isnan(out.sigma), np.isnan(expected))


def test_sigma_is_unknown_where_depth_is():
    engine = Replies(np.full((2, 4), 1, np.float32), np.full((2, 4), 0.1, np.float32))

    out = SuperResolution(engine)(np.float32([[1, np.nan]]))

    np.testing.assert_array_equal(np.isnan(out.sigma), np.isnan(out.depth))
    assert np.isnan(out.depth).any()


def test_holes_are_filled_on_request_only():
    depth = np.full((6, 6), 2, np.float32)
    depth[3, 3] = np.nan
    engine = open_engine(None, 'bilinear', scale=2)

    assert np.isnan(SuperResolution(engine)(depth).depth).sum() == 4
    assert not np.isnan(SuperResolution(engine, Settings(fill_holes=1))(depth).depth).any()


def test_the_price_of_the_bound_is_told():
    depth = np.float32([[1]])

    kept = SuperResolution(Replies(np.full((2, 2), 1, np.float32)))(depth)
    half = SuperResolution(Replies(np.float32([[1, 1], [2, 0.5]])))(depth)
    unbounded = SuperResolution(Replies(np.float32([[1, 1], [2, 0.5]])), Settings(bounded=False))

    assert kept.clipped_fraction == 0
    assert half.clipped_fraction == 0.5
    assert unbounded(depth).clipped_fraction == 0
    np.testing.assert_array_equal(unbounded(depth).depth, np.float32([[1, 1], [2, 0.5]]))


def test_sigma_of_the_sensor_widens_the_bound():
    depth = np.float32([[1]])
    engine = Replies(np.float32([[1, 1], [2, 0.5]]), noise=NoiseModel(constant=0.1))

    out = SuperResolution(engine, Settings(bound_sigmas=3))(depth).depth

    np.testing.assert_allclose(out, [[1, 1], [1.3, 0.7]], rtol=1e-6)


def test_every_stage_is_timed():
    timings = SuperResolution(open_engine(None, 'nearest', scale=2))(np.ones((3, 4), 'f4')).timings

    assert tuple(timings) == STAGES
    assert all(0 <= seconds < 60 for seconds in timings.values())


@pytest.mark.parametrize(
    'image',
    [
        np.ones((0, 3), np.float32),
        np.ones((3, 4), np.float64),
        np.ones((3, 4, 1), np.float32),
        np.ones((3, 4), np.uint16),
    ],
)
def test_what_is_no_depth_image_is_refused(image):
    with pytest.raises(ValueError, match='a depth image is'):
        SuperResolution(open_engine(None, 'nearest', scale=2))(image)


def test_an_engine_that_breaks_costs_one_frame_and_tells_which():
    class Breaks(Replies):
        def infer(self, depth, valid, rgb=None):
            raise ZeroDivisionError('out of luck')

    with pytest.raises(EngineError, match=r'replies broke on a frame of 4x3.*out of luck'):
        SuperResolution(Breaks(np.ones((2, 2), 'f4')))(np.ones((3, 4), np.float32))


def test_an_engine_that_gives_another_size_is_told_off():
    with pytest.raises(EngineError, match='breaks its contract'):
        SuperResolution(Replies(np.ones((2, 2), 'f4')))(np.ones((3, 4), np.float32))


def test_colour_of_another_size_is_refused():
    engine = SuperResolution(open_engine(None, 'joint_bilateral', scale=2))

    with pytest.raises(EngineError, match='needs colour of 8x6'):
        engine(np.ones((3, 4), np.float32), np.zeros((6, 9, 3), np.uint8))
    with pytest.raises(EngineError, match='got none'):
        engine(np.ones((3, 4), np.float32))


@pytest.mark.parametrize(
    'wrong',
    [
        {'bound_sigmas': -1},
        {'bound_sigmas': math.nan},
        {'max_sigma': 0.0},
        {'max_sigma': math.nan},
        {'fill_holes': -1},
        {'fill_holes': 1.5},
        {'min_depth': -1},
        {'min_depth': 3, 'max_depth': 2},
        {'max_depth': math.nan},
        {'min_depth': 2e6},
    ],
)
def test_settings_that_can_not_be_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)
