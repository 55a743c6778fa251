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
import cv2
import numpy as np
import pytest

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.superres.engine import EngineError
from cdst_ros.superres.engines import CLASSICAL_ENGINES, open_engine

FLAGS = {
    'nearest': cv2.INTER_NEAREST,
    'bilinear': cv2.INTER_LINEAR,
    'bicubic': cv2.INTER_CUBIC,
}


def frame(shape=(13, 17), holes=0.0, seed=0):
    rng = np.random.default_rng(seed)
    depth = cv2.GaussianBlur(rng.uniform(0.5, 6, shape).astype(np.float32), (0, 0), 1.0)
    depth[:, shape[1] // 2 :] += 2
    return depth, rng.random(shape) >= holes


def colour(shape, scale, seed=0):
    size = shape[0] * scale, shape[1] * scale, 3
    return np.random.default_rng(seed).integers(0, 256, size).astype(np.uint8)


@pytest.mark.parametrize('scale', [1, 2, 3, 4, 8, 16])
@pytest.mark.parametrize('name', FLAGS)
def test_without_holes_it_is_opencv_to_the_bit(name, scale):
    depth, valid = frame()
    size = depth.shape[1] * scale, depth.shape[0] * scale

    out = open_engine(None, name, scale=scale).infer(depth, valid)

    np.testing.assert_array_equal(out.depth, cv2.resize(depth, size, interpolation=FLAGS[name]))
    assert out.valid.all()
    assert out.sigma is None


@pytest.mark.parametrize('scale', [2, 3, 4])
@pytest.mark.parametrize('name', CLASSICAL_ENGINES)
def test_a_flat_wall_with_holes_stays_flat(name, scale):
    _, valid = frame(holes=0.4)
    depth = np.where(valid, np.float32(2.5), np.float32(0))

    out = open_engine(None, name, scale=scale).infer(depth, valid, colour(depth.shape, scale))

    np.testing.assert_allclose(out.depth[out.valid], 2.5, rtol=2e-6)
    assert out.valid.mean() > 0.4


@pytest.mark.parametrize('scale', [2, 3, 4])
@pytest.mark.parametrize('name', CLASSICAL_ENGINES)
def test_depth_under_holes_does_not_matter(name, scale):
    depth, valid = frame(holes=0.4)
    other = np.where(valid, depth, np.float32(1e6))
    rgb = colour(depth.shape, scale)
    engine = open_engine(None, name, scale=scale)

    one = engine.infer(depth, valid, rgb)
    one_depth, one_valid = one.depth.copy(), one.valid.copy()
    two = engine.infer(other, valid, rgb)

    np.testing.assert_array_equal(one_valid, two.valid)
    np.testing.assert_array_equal(one_depth[one_valid], two.depth[two.valid])


@pytest.mark.parametrize('holes', [0.0, 0.4])
@pytest.mark.parametrize('name', CLASSICAL_ENGINES)
def test_scaled_depth_gives_scaled_depth(name, holes):
    depth, valid = frame(holes=holes)
    rgb = colour(depth.shape, 4)
    engine = open_engine(None, name, scale=4)

    one = engine.infer(depth, valid, rgb)
    one_depth, one_valid = one.depth.copy(), one.valid.copy()
    two = engine.infer(depth * np.float32(0.3), valid, rgb)

    np.testing.assert_array_equal(one_valid, two.valid)
    np.testing.assert_allclose(two.depth[two.valid], 0.3 * one_depth[one_valid], rtol=1e-5)


@pytest.mark.parametrize('name', ['bilinear', 'joint_bilateral', 'nearest'])
def test_averages_lie_among_the_samples(name):
    depth, valid = frame(holes=0.5)

    out = open_engine(None, name, scale=4).infer(depth, valid, colour(depth.shape, 4))

    assert out.depth[out.valid].min() >= depth[valid].min() * (1 - 1e-6)
    assert out.depth[out.valid].max() <= depth[valid].max() * (1 + 1e-6)


def test_nearest_takes_the_nearest_measurement_at_the_corner_of_a_hole():
    depth = np.full((3, 3), 2.0, np.float32)
    depth[0, 1] = 2.01
    depth[1, 1] = 9
    valid = depth < 9

    out = open_engine(None, 'nearest', scale=4).infer(depth, valid)

    block = np.where(out.valid, out.depth, np.float32(np.nan))[4:8, 4:8]
    expected = np.full((4, 4), np.nan, np.float32)
    expected[0, 0] = expected[0, 3] = 2.01
    expected[3, 0] = expected[3, 3] = 2.0
    np.testing.assert_array_equal(block, expected)


def test_bicubic_does_not_blow_up_where_little_is_known():
    rng = np.random.default_rng(5)
    depth = rng.uniform(1, 3, (40, 40)).astype(np.float32)
    valid = rng.random(depth.shape) < 0.3

    out = open_engine(None, 'bicubic', scale=5).infer(depth, valid)

    assert np.abs(out.depth[out.valid]).max() < 3 * 3


def test_colour_keeps_an_edge_that_bilinear_blurs():
    scale = 4
    sharp = np.full((32, 32), 2.0, np.float32)
    sharp[:, 18:] = 4.0
    rgb = np.repeat(np.where(sharp > 3, 220, 30).astype(np.uint8)[..., None], 3, axis=2)
    depth = cv2.resize(sharp, (8, 8), interpolation=cv2.INTER_AREA)
    depth[depth == 3] = 2.0
    valid = np.ones(depth.shape, bool)

    guided = open_engine(None, 'joint_bilateral', scale=scale).infer(depth, valid, rgb).depth
    blurred = open_engine(None, 'bilinear', scale=scale).infer(depth, valid).depth

    assert np.abs(guided - sharp).mean() < 0.5 * np.abs(blurred - sharp).mean()


def test_joint_bilateral_is_the_published_sum():
    depth, valid = frame((4, 5), holes=0.2, seed=3)
    scale, radius = 2, 2
    rgb = colour(depth.shape, scale, seed=3)
    samples = cv2.resize(rgb, (5, 4), interpolation=cv2.INTER_AREA).astype(int)
    offsets = GridAlignment.HALF_PIXEL.sub_pixels(scale)

    out = open_engine(None, 'joint_bilateral', scale=scale).infer(depth, valid, rgb)

    for row, column in zip(*np.nonzero(out.valid), strict=True):
        total = weights = 0.0
        y, x = row // scale, column // scale
        for v in range(max(0, y - radius), min(4, y + radius + 1)):
            for u in range(max(0, x - radius), min(5, x + radius + 1)):
                if valid[v, u]:
                    dy, dx = v - y - offsets[row % scale], u - x - offsets[column % scale]
                    unlike = np.abs(rgb[row, column].astype(int) - samples[v, u]).max()
                    near = np.exp(-(dy**2 + dx**2) / (2 * 0.5**2))
                    weight = near * (np.exp(-(unlike**2) / (2 * 12.0**2)) + 1e-4)
                    total, weights = total + weight * depth[v, u], weights + weight
        assert out.depth[row, column] == pytest.approx(total / weights, rel=1e-5)


@pytest.mark.parametrize('name', CLASSICAL_ENGINES)
@pytest.mark.parametrize('scale', [0, -2, 1.5])
def test_scales_that_can_not_be_are_refused(name, scale):
    with pytest.raises(EngineError, match='whole number'):
        open_engine(None, name, scale=scale)


@pytest.mark.parametrize('name', CLASSICAL_ENGINES)
def test_it_says_what_it_is(name):
    info = open_engine(None, name, scale=3).info

    assert (info.engine, info.model, info.scale) == (name, name, 3)
    assert (info.precision, info.device) == ('f32', 'CPU')
    assert info.guided == (name == 'joint_bilateral')
    assert info.noise.sigma(np.float32(5)) == 0
