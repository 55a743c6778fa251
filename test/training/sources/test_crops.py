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
from recordings.datasets.layouts import disparity

from cdst_ros.evaluation.middlebury import reduce
from cdst_ros.training.sources.crops import Crops, Window
from cdst_ros.training.sources.image import SourceImage
from cdst_ros.training.sources.image import disparity as of_disparity
from cdst_ros.training.sources.levels import PROTOCOL
from cdst_ros.training.sources.settings import SourceConfig


def rng(seed=0):
    return np.random.default_rng(seed)


def numbered(height=48, width=64):
    """Return depth that tells its place, and a picture that tells it too."""
    rows, columns = np.mgrid[:height, :width]
    depth = (1.0 + rows + columns / 1000).astype(np.float32)
    rgb = np.stack([rows, columns, rows * 0], axis=-1).astype(np.uint8)
    return SourceImage('numbered', depth, rgb)


def crops(image, scale=2, crop=8, color=True, **settings):
    source = SourceConfig(**{'kind': 'metric', 'path': 'x', **settings})
    return Crops([image], source, crop, scale, color=color)


def test_a_picture_lies_on_its_truth_in_every_orientation():
    source = crops(numbered(), degradation={'area': 1.0})
    corners = set()
    for sample in source.samples(rng(), 200):
        rows = np.rint(np.floor(sample.high) - 1)
        columns = np.rint((sample.high - np.floor(sample.high)) * 1000)
        np.testing.assert_array_equal(sample.rgb[..., 0], rows)
        np.testing.assert_array_equal(sample.rgb[..., 1], columns)
        blocks = sample.high.reshape(8, 2, 8, 2).mean(axis=(1, 3))
        np.testing.assert_allclose(sample.low, blocks, rtol=1e-5)
        down, right = np.sign(sample.high[8, 0] - sample.high[0, 0]), None
        right = np.sign(sample.high[0, 8] - sample.high[0, 0])
        corners.add((down, right, abs(sample.high[8, 0] - sample.high[0, 0]) > 1))
    assert len(corners) == 8


def test_pictures_are_left_out_where_batches_carry_none():
    assert crops(numbered(), color=False).samples(rng(), 1)[0].rgb is None


@pytest.mark.parametrize('scale', [2, 4, 8, 16])
def test_the_input_of_a_crop_is_that_of_the_whole_image(scale):
    levels = disparity(7, 12 * scale, 12 * scale)
    image = of_disparity('x', levels.astype(np.float32), None)
    source = crops(image, scale, crop=8, kind='disparity', rescaled=0.0)
    low = PROTOCOL.to_metres(reduce(levels, scale))
    high = PROTOCOL.to_metres(levels)
    wholes = [
        (np.rot90(low, k).T, np.rot90(high, k).T)
        if flipped
        else (np.rot90(low, k), np.rot90(high, k))
        for k in range(4)
        for flipped in (False, True)
    ]
    found = 0
    for sample in source.samples(rng(1), 400):
        for whole_low, whole_high in wholes:
            for row in range(5):
                for column in range(5):
                    place = np.s_[
                        row * scale : (row + 8) * scale, column * scale : (column + 8) * scale
                    ]
                    if np.array_equal(whole_high[place], sample.high):
                        part = whole_low[row : row + 8, column : column + 8]
                        np.testing.assert_allclose(sample.low, part, atol=0.0101)
                        assert (np.abs(sample.low - part) < 1e-4).mean() > 0.99
                        found += 1
    assert found > 0


def test_truth_is_quantised_as_the_protocol_is_and_input_as_well():
    exact = disparity(3).astype(np.float32) / 7 + 0.123
    image = of_disparity('x', exact, None)
    for sample in crops(image, kind='disparity', rescaled=0.5).samples(rng(), 20):
        for side in (sample.low, sample.high):
            levels = side / PROTOCOL.step - PROTOCOL.offset
            np.testing.assert_allclose(levels, np.rint(levels), atol=1e-3)
            assert levels.min() > -0.01
            assert levels.max() < 255.01


def test_levels_beyond_8_bits_are_always_scaled_into_them():
    exact = disparity(3).astype(np.float32) * 2
    source = crops(of_disparity('x', exact, None), kind='disparity', rescaled=0.0, crop=20)
    for sample in source.samples(rng(), 20):
        assert (sample.high < (255 + 64) * 0.01).mean() > 0.99


def test_a_share_is_taken_for_depth_otherwise():
    image = of_disparity('x', disparity(3).astype(np.float32), None)
    source = crops(image, kind='disparity', remapped=0.5)
    mappings = [sample.mapping for sample in source.samples(rng(), 200)]
    assert 60 < sum(mapping == PROTOCOL for mapping in mappings) < 140
    assert len(set(mappings)) > 50


def test_degradations_are_drawn_by_their_shares():
    depth = np.full((32, 32), 2.0, np.float32)
    depth[:, 1::2] = 4.0
    source = crops(SourceImage('x', depth), degradation={'area': 3.0, 'pick': 1.0})
    mixed = [np.allclose(s.low, 3.0) for s in source.samples(rng(), 400)]
    assert 250 < sum(mixed) < 350


def test_crops_with_hardly_any_depth_are_drawn_again():
    depth = np.full((64, 64), np.nan, np.float32)
    depth[:32, :32] = 2.0
    known = [np.isfinite(s.low).mean() for s in crops(SourceImage('x', depth)).samples(rng(), 100)]
    assert np.mean(np.array(known) >= 0.25) > 0.8


def test_a_sensor_that_picks_leaves_every_second_pixel_as_truth(tmp_path):
    file = tmp_path / 'picking.yaml'
    file.write_text('{name: picking, sampling: pick}')
    source = crops(numbered(), degradation={str(file): 1.0})
    for sample in source.samples(rng(), 20):
        assert sample.high.shape == (16, 16)
        assert sample.rgb.shape == (16, 16, 3)
        np.testing.assert_array_equal(sample.rgb[..., 0], np.floor(sample.high) - 1)
        assert abs(np.floor(sample.high[0, 0]) - np.floor(sample.high[1, 1])) == 2
        blocks = sample.high.reshape(8, 2, 8, 2).mean(axis=(1, 3))
        np.testing.assert_allclose(sample.low[:-1, :-1], blocks[:-1, :-1], atol=2e-3)


def test_a_window_takes_what_margin_there_is():
    image = np.arange(40 * 40, dtype=np.float32).reshape(40, 40)
    for seed in range(50):
        window = Window.draw(rng(seed), image.shape, 8, 4)
        part = window.of(image)
        assert part.shape[0] % 4 == part.shape[1] % 4 == 0
        square = part[window.inner(8, 4)]
        assert square.shape == (32, 32)
        top, left = divmod(int(square[0, 0]), 40)
        assert window.above == min(2, top // 4)
        assert window.before == min(2, left // 4)
