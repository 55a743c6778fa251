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

from cdst_ros.training.config import ConfigError
from cdst_ros.training.sources import held_out
from cdst_ros.training.sources.content import digest_of
from cdst_ros.training.sources.opening import open_sources
from training.sources.folders import data_of, write_disparity, write_metric


def images(root, **source):
    shares = open_sources(data_of(root, source, color=True), 2, {}, 0)
    return shares[0].source.images


def names(found):
    return [image.name.rsplit('/', 1)[1].removesuffix('_depth.png') for image in found]


def test_disparity_is_in_levels_and_depth_in_metres(tmp_path):
    write_disparity(tmp_path / 'a', 'xy')
    write_metric(tmp_path / 'b', 'xy')
    levels = images(tmp_path, kind='disparity', path='a')[0]
    assert levels.levels.rounded
    stored = cv2.imread(str(tmp_path / 'a' / 'x_depth.png'), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(levels.values, stored)
    depth = images(tmp_path, kind='metric', path='b')[0]
    assert depth.levels is None
    np.testing.assert_allclose(depth.values[0], stored[0] * 0.01 + 0.5, rtol=1e-5)
    assert np.isnan(depth.values[20:28, 30:36]).all()


def test_a_unit_is_what_a_stored_value_is_worth(tmp_path):
    write_disparity(tmp_path / 'a', 'x')
    image = images(tmp_path, kind='disparity', path='a', unit=0.25)[0]
    whole = images(tmp_path, kind='disparity', path='a')[0]
    np.testing.assert_allclose(image.values, whole.values / 4)


def test_pictures_are_optional_and_fit(tmp_path):
    write_metric(tmp_path / 'a', 'x')
    write_metric(tmp_path / 'b', 'x', color=False)
    assert images(tmp_path, kind='metric', path='a')[0].rgb.shape == (48, 64, 3)
    assert images(tmp_path, kind='metric', path='a', color=False)[0].rgb is None
    assert images(tmp_path, kind='metric', path='b')[0].rgb is None
    cv2.imwrite(str(tmp_path / 'b' / 'x_rgb.jpg'), np.zeros((96, 128, 3), np.uint8))
    assert images(tmp_path, kind='metric', path='b')[0].rgb.shape == (48, 64, 3)
    cv2.imwrite(str(tmp_path / 'b' / 'x_rgb.jpg'), np.zeros((48, 48, 3), np.uint8))
    with pytest.raises(ConfigError, match=r'x_rgb\.jpg is 48x48, x_depth\.png 64x48'):
        images(tmp_path, kind='metric', path='b')


def test_a_picture_that_is_cut_short_is_refused(tmp_path):
    """Decoders make grey of what is missing, at full size."""
    write_metric(tmp_path / 'a', 'x')
    picture = tmp_path / 'a' / 'x_rgb.jpg'
    whole = picture.read_bytes()
    picture.write_bytes(whole[: len(whole) // 2])
    assert cv2.imread(str(picture)).shape == (48, 64, 3)
    with pytest.raises(ConfigError, match=r'x_rgb\.jpg is no image .* JPEG cut short after'):
        images(tmp_path, kind='metric', path='a')
    assert images(tmp_path, kind='metric', path='a', color=False)[0].rgb is None


def test_images_are_left_out_by_name_and_by_their_place(tmp_path):
    write_metric(tmp_path / 'a', 'abcdefghij', color=False)
    source = {'kind': 'metric', 'path': 'a'}
    assert names(images(tmp_path, **source, last=0.6)) == list('abcdef')
    assert names(images(tmp_path, **source, first=0.7)) == list('hij')
    assert names(images(tmp_path, **source, exclude=['a', 'j'])) == list('bcdefghi')
    assert names(images(tmp_path, **source, images=3)) == ['a', 'e', 'j']


def test_reduced_images_are_the_median_of_what_is_known(tmp_path):
    write_metric(tmp_path / 'a', 'x')
    image = images(tmp_path, kind='metric', path='a', reduce=2)[0]
    assert image.values.shape == (24, 32)
    assert image.rgb.shape == (24, 32, 3)
    assert np.isnan(image.values[10:14, 15:18]).all()


def test_validation_scenes_are_never_trained_on(tmp_path):
    write_disparity(tmp_path / 'middlebury24', ['baby1', 'baby2', 'cones', 'teddy'])
    write_disparity(tmp_path / 'msgnet70', ['04', '05', '58', '59', '67'], color=False)
    found = images(tmp_path, kind='disparity', path='middlebury24')
    assert names(found) == ['baby1', 'teddy']
    source = {'kind': 'disparity', 'path': 'msgnet70'}
    assert names(images(tmp_path, **source)) == ['04', '58']
    assert names(images(tmp_path, **source, doubles=True)) == ['04', '58', '59']


def test_validation_scenes_are_not_trained_on_through_a_link(tmp_path):
    write_disparity(tmp_path / 'disk' / 'msg', ['04', '05', '59', '67'], color=False)
    (tmp_path / 'msgnet70').symlink_to(tmp_path / 'disk' / 'msg')
    found = images(tmp_path, kind='disparity', path='msgnet70')
    assert names(found) == ['04']
    write_disparity(tmp_path / 'disk' / 'middlebury24', ['baby1', 'baby2'], color=False)
    (tmp_path / 'other').symlink_to(tmp_path / 'disk' / 'middlebury24')
    assert names(images(tmp_path, kind='disparity', path='other')) == ['baby1']


def test_validation_scenes_are_not_trained_on_under_other_names(tmp_path, monkeypatch):
    write_disparity(tmp_path / 'copy', 'xyz', color=False)
    stored = cv2.imread(str(tmp_path / 'copy' / 'y_depth.png'), cv2.IMREAD_UNCHANGED)
    monkeypatch.setattr(held_out, '_DIGESTS', frozenset({digest_of(stored)}))
    assert names(images(tmp_path, kind='disparity', path='copy')) == ['x', 'z']
    with pytest.raises(ConfigError, match='holds validation scenes alone'):
        images(tmp_path, kind='disparity', path='copy', exclude=['x', 'z'])


def test_a_fault_names_its_source_and_its_file(tmp_path):
    with pytest.raises(ConfigError, match=r'data.sources.0 \(metric a\): there is no folder .*a:'):
        images(tmp_path, kind='metric', path='a')
    (tmp_path / 'a').mkdir()
    with pytest.raises(ConfigError, match=r'holds no image: those are NAME_depth\.png'):
        images(tmp_path, kind='metric', path='a')
    (tmp_path / 'a' / 'x_depth.png').write_bytes(b'no image')
    with pytest.raises(ConfigError, match=r'x_depth\.png is no image that can be read'):
        images(tmp_path, kind='metric', path='a')
    cv2.imwrite(str(tmp_path / 'a' / 'x_depth.png'), np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(ConfigError, match=r'x_depth\.png is uint8 of shape \(64, 64, 3\)'):
        images(tmp_path, kind='metric', path='a')
    with pytest.raises(ConfigError, match='of its 1 images all are left out'):
        images(tmp_path, kind='metric', path='a', exclude=['x'])
    cv2.imwrite(str(tmp_path / 'a' / 'x_depth.png'), np.full((12, 64), 900, np.uint16))
    with pytest.raises(ConfigError, match=r'is 64x12: too small for samples of 16x16 .*Lower'):
        images(tmp_path, kind='metric', path='a')
    (tmp_path / 'a' / 'x_rgb.jpg').write_bytes(b'no image')
    with pytest.raises(ConfigError, match=r'x_rgb\.jpg is no image that can be read'):
        images(tmp_path, kind='metric', path='a')
