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
"""Every shipped model keeps every promise, as a user runs it: engine and ``SuperResolution``."""

import math
from functools import cache, lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdst_ros.evaluation.metrics.coverage import coverage_figures, coverage_sums
from cdst_ros.evaluation.metrics.sums import add_up
from cdst_ros.evaluation.procedural import view_at
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import Settings, SuperResolution
from cdst_ros.superres.store import shipped_models
from cdst_ros.synthetic import load_profile
from cdst_ros.synthetic.effects.noise import smooth_noise

from .graphs import reach, with_scaled_noise
from .promises import assert_bounded, assert_holes_hold
from .strategies import depth_images

MODELS = shipped_models()
#: Those of one scale side by side, for they see the same views.
ORDER = sorted(MODELS, key=lambda name: (read_metadata(MODELS[name]).scale, name))
FASTEST = min(MODELS, key=lambda name: MODELS[name].stat().st_size)
#: One runtime that takes any size without building for it; the other is held against it.
RUNTIME = 'onnxruntime'
EXAMPLES = settings(max_examples=30, deadline=None, derandomize=True)

pytest.importorskip(RUNTIME, reason='the shipped models are tried with onnxruntime')


@cache
def engine_of(name, runtime=RUNTIME):
    return open_engine(name, runtime, threads=1)


def enlarge(name, depth, rgb=None, **kwargs):
    """
    Return depth and sigma, (sH, sW) [m], of a shipped model.

    One that sees colour is shown some in any case: its promises are to hold whatever it shows.
    """
    run, depth = SuperResolution(engine_of(name), Settings(**kwargs)), depth.astype(np.float32)
    result = run(depth, any_colour(name, depth) if rgb is None else colour_for(name, rgb))
    return result.depth.copy(), result.sigma.copy()


def colour_for(name, rgb):
    """Return colour (sH, sW, 3) where a model takes some, else None."""
    return rgb if engine_of(name).info.guided else None


def any_colour(name, depth):
    """Return colour that has to do with no depth, edges all over, where a model takes some."""
    height, width = (engine_of(name).info.scale * side for side in depth.shape)
    rng = np.random.default_rng(7)
    return colour_for(name, rng.integers(0, 256, (height, width, 3), np.uint8))


def classical(method, name, depth):
    engine = open_engine(None, method, scale=engine_of(name).info.scale)
    return SuperResolution(engine)(depth.astype(np.float32)).depth.copy()


def sigma_of(name, depth):
    """Return what the sensor of a model errs by, in the shape of depth [m]."""
    return engine_of(name).info.noise.sigma(np.asarray(depth, np.float32))


def known(depth):
    with np.errstate(invalid='ignore'):
        return np.isfinite(depth) & (depth > 0)


def range_of(name):
    return read_metadata(MODELS[name]).range_m


@lru_cache(maxsize=2)
def views(profile, scale, count):
    """Return the first views of the protocol of a profile."""
    return [view_at(load_profile(profile), scale, number, count) for number in range(count)]


def own_views(name, count=3):
    """Return views by the sensor that a model is for."""
    metadata = read_metadata(MODELS[name])
    return views(metadata.profile, metadata.scale, count)


@cache
def own_outputs(name, bounded=True):
    """Return depth and sigma that a model makes of its ``own_views``."""
    return [enlarge(name, view.low, view.rgb, bounded=bounded) for view in own_views(name)]


every_model = pytest.mark.parametrize('name', ORDER)


@every_model
@EXAMPLES
@given(depth=depth_images(), sigmas=st.sampled_from([0.0, 1.0, 3.0]))
def test_the_output_is_bounded_and_holes_stay_holes(name, depth, sigmas):
    out, sigma = enlarge(name, depth, bound_sigmas=sigmas)

    info, valid = engine_of(name).info, known(depth)
    measured = np.where(valid, depth, 1.0)
    slack = np.minimum(sigmas * info.noise.sigma(measured), measured / 2)
    assert out.shape == tuple(info.scale * side for side in depth.shape)
    assert_bounded(out, depth, valid, info.scale, slack)
    offsets = info.alignment.sub_pixels(info.scale)
    assert_holes_hold(out, depth, valid, info.scale, offsets=offsets, sigma=info.noise.sigma)
    np.testing.assert_array_equal(np.isnan(sigma), np.isnan(out))
    assert (sigma[~np.isnan(sigma)] > 0).all()


@every_model
@EXAMPLES
@given(depth=depth_images())
def test_without_the_bound_holes_stay_holes_too(name, depth):
    out, _ = enlarge(name, depth, bounded=False)

    info = engine_of(name).info
    offsets = info.alignment.sub_pixels(info.scale)
    assert_holes_hold(
        out, depth, known(depth), info.scale, offsets=offsets, sigma=info.noise.sigma
    )


@every_model
@EXAMPLES
@given(depth=depth_images(), junk=st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -3.0]))
def test_how_the_unknown_is_written_changes_nothing(name, depth, junk):
    before = enlarge(name, depth)
    after = enlarge(name, np.where(known(depth), depth, junk))

    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


@every_model
@EXAMPLES
@given(seed=st.integers(0, 99), value=st.sampled_from([0.05, 30.0, 9000.0, np.nan]))
def test_an_outlier_changes_nothing_beyond_its_reach(name, seed, value):
    radius, scale = reach(MODELS[name]), engine_of(name).info.scale
    rng = np.random.default_rng(seed)
    depth = rng.uniform(1, 3, (6, radius + 12)).astype(np.float32)
    spoilt = depth.copy()
    spoilt[rng.integers(6), 0] = value

    for one, other in zip(enlarge(name, depth), enlarge(name, spoilt), strict=True):
        far = np.s_[:, scale * (radius + 1) :]
        np.testing.assert_array_equal(one[far], other[far])
        assert not np.array_equal(one, other, equal_nan=True)


@every_model
@pytest.mark.parametrize('factor', [0.1, 7.0])
def test_depth_and_noise_may_change_their_unit_together(name, factor, tmp_path):
    path = with_scaled_noise(MODELS[name], factor, tmp_path / f'{name}.onnx')
    rescaled = open_engine(path, RUNTIME, threads=1)
    rng = np.random.default_rng(0)
    depth = rng.uniform(0.9, 1.0, (13, 17)) * np.where(np.arange(17) < 9, 1.5, 3.0)
    depth[rng.random(depth.shape) < 0.1] = np.nan
    depth += rng.standard_normal(depth.shape) * sigma_of(name, 2.0)

    depths, sigmas = enlarge(name, depth)
    rgb = any_colour(name, depth)
    scaled = SuperResolution(rescaled)((factor * depth).astype(np.float32), rgb)

    np.testing.assert_allclose(scaled.depth, factor * depths, rtol=1e-3)
    # Sigma comes of small differences of large numbers.
    np.testing.assert_allclose(scaled.sigma, factor * sigmas, rtol=2e-2)
    rescaled.close()


@every_model
@EXAMPLES
@given(
    share=st.floats(0, 1),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
)
def test_a_flat_frame_of_any_size_stays_flat(name, share, height, width):
    near, far = range_of(name)
    distance = near + share * (far - near)

    out, sigma = enlarge(name, np.full((height, width), distance))

    assert np.abs(out - distance).max() <= sigma_of(name, distance)
    assert np.isfinite(sigma).all()


@every_model
@EXAMPLES
@given(
    distance=st.floats(0.5, 5),
    size=st.tuples(st.integers(1, 21), st.integers(1, 21)),
    place=st.tuples(st.floats(0, 0.999), st.floats(0, 0.999)),
)
def test_one_measured_pixel_is_enlarged_alone(name, distance, size, place):
    depth = np.full(size, np.nan, np.float32)
    row, column = (int(share * side) for share, side in zip(place, size, strict=True))
    depth[row, column] = distance

    out, _ = enlarge(name, depth)

    scale = engine_of(name).info.scale
    block = np.s_[row * scale : (row + 1) * scale, column * scale : (column + 1) * scale]
    inside = out[block]
    assert np.isfinite(inside).any()
    assert np.isfinite(out).sum() == np.isfinite(inside).sum()
    assert np.nanmax(np.abs(inside - distance)) <= 1.001 * sigma_of(name, distance)


@pytest.mark.parametrize(
    'name',
    # Stereo shifts slanted surfaces, and what is trained for it shifts them back.
    [
        name
        for name in ORDER
        if load_profile(read_metadata(MODELS[name]).profile).triangulation is None
    ],
)
@EXAMPLES
@given(
    nearest=st.floats(0.6, 2.0),
    growth=st.floats(1.0, 1.05),
    turn=st.floats(0, 2 * math.pi),
)
def test_a_plane_in_perspective_stays_a_plane(name, nearest, growth, turn):
    """
    A plane is linear in 1/z. Depth grows by up to 5 % a pixel here: a floor at a grazing angle.

    But at the border, it comes out within half a sigma of the sensor and 25 % of the step to the
    next sample everywhere, on average within a tenth of a sigma and 8 % of the step.
    """
    scale, side = engine_of(name).info.scale, 24
    slope = (1 - 1 / growth) / nearest
    down, across = slope * math.sin(turn), slope * math.cos(turn)

    def plane(count, per_pixel):
        at = (np.arange(count) + 0.5) / per_pixel - side / 2
        inverse = 1 / nearest - down * at[:, None] - across * at[None]
        return 1 / np.maximum(inverse, 1 / range_of(name)[1])

    low, truth = plane(side, 1), plane(side * scale, scale)
    inner = np.s_[2 * scale : -2 * scale, 2 * scale : -2 * scale]
    out = enlarge(name, low)[0][inner]
    # Not where the plane ends at the farthest distance: that is an edge of its own.
    whole = truth[inner] < 0.8 * range_of(name)[1]
    error = np.abs(out - truth[inner])[whole]
    sigma = sigma_of(name, truth[inner])[whole]
    step = slope * truth[inner][whole] ** 2
    assert error.mean() <= 0.1 * sigma.mean() + 0.08 * step.mean()
    assert (error <= 0.5 * sigma + 0.25 * step).all()


@every_model
def test_noise_on_a_wall_gets_no_worse_than_bilinear(name):
    rng = np.random.default_rng(0)
    sigma = float(sigma_of(name, 2.0))
    correlation = load_profile(read_metadata(MODELS[name]).profile).noise_correlation
    wall = 2.0 + sigma * smooth_noise(rng, (40, 40), correlation)
    ours, floor = enlarge(name, wall)[0], classical('bilinear', name, wall)
    assert np.std(ours - 2.0) <= 1.02 * np.std(floor - 2.0)


@every_model
@pytest.mark.parametrize('bounded', [True, False])
def test_it_beats_interpolation_on_the_sensor_that_it_is_for(name, bounded):
    errors = dict.fromkeys(('model', 'nearest', 'bilinear', 'bicubic'), 0.0)
    for view, (ours, _) in zip(own_views(name), own_outputs(name, bounded), strict=True):
        outputs = {
            method: ours if method == 'model' else classical(method, name, view.low)
            for method in errors
        }
        common = np.all(np.isfinite([view.reference, *outputs.values()]), axis=0)
        for method, out in outputs.items():
            errors[method] += float(np.abs(out - view.reference)[common].mean())
    assert errors.pop('model') < min(errors.values())


@every_model
def test_sigma_is_calibrated_on_the_sensor_that_it_is_for(name):
    """Half of the errors within its half, nine tenths within its nine: give or take this much."""
    sums = []
    for view, (depth, sigma) in zip(own_views(name), own_outputs(name), strict=True):
        sums.append(coverage_sums(depth, sigma, view.reference))
    covered = coverage_figures(add_up(sums))
    assert 0.38 <= covered['coverage_50'] <= 0.65
    assert 0.80 <= covered['coverage_90'] <= 0.98


@every_model
def test_sigma_is_large_where_the_errors_are(name):
    (view, *_), ((depth, sigma), *_) = own_views(name), own_outputs(name)
    both = np.isfinite(depth) & np.isfinite(view.reference)
    error, sigma = np.abs(depth - view.reference)[both], sigma[both]
    doubtful = sigma > np.quantile(sigma, 0.9)
    assert error[doubtful].mean() > 3 * error[~doubtful].mean()


@pytest.mark.parametrize(
    ('name', 'size'),
    [
        *((name, (224, 172)) for name in ORDER),
        *(
            (FASTEST, size)
            for size in ((256, 192), (320, 288), (424, 240), (640, 576), (423, 239))
        ),
    ],
)
def test_real_sizes_go_through(name, size):
    width, height = size
    (view, *_) = own_views(name)
    rows, columns = view.low.shape
    scale = engine_of(name).info.scale
    copies = -(-height // rows), -(-width // columns)
    tiled = np.tile(view.low, copies)[:height, :width]
    rgb = np.tile(view.rgb, (*copies, 1))[: scale * height, : scale * width]

    out, sigma = enlarge(name, np.ascontiguousarray(tiled), rgb)

    assert out.shape == sigma.shape == (scale * height, scale * width)
    # Away from the seam, a larger frame is the same frame.
    radius = reach(MODELS[name]) + 1
    same = np.s_[: scale * (min(rows, height) - radius), : scale * (min(columns, width) - radius)]
    np.testing.assert_allclose(out[same], own_outputs(name)[0][0][same], atol=1e-4)


@every_model
def test_the_runtimes_agree(name):
    pytest.importorskip('openvino', reason='openvino is not installed')
    (view, *_) = own_views(name)
    cut, scale = np.ascontiguousarray(view.low[:61, :83]), engine_of(name).info.scale
    rgb = view.rgb[: 61 * scale, : 83 * scale]
    depth, sigma = enlarge(name, cut, rgb)
    other = SuperResolution(engine_of(name, 'openvino'))(cut, colour_for(name, rgb))
    np.testing.assert_array_equal(np.isnan(other.depth), np.isnan(depth))
    np.testing.assert_allclose(other.depth, depth, atol=1e-3)
    np.testing.assert_allclose(other.sigma, sigma, rtol=0.05, atol=1e-3)
