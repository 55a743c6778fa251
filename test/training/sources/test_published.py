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
from recordings.datasets.layouts import (
    disparity,
    write_2003,
    write_2006,
    write_2014,
    write_nyu,
)

from cdst_ros.training.config import ConfigError
from cdst_ros.training.sources.opening import open_sources
from training.sources.folders import data_of


def crops(root, **source):
    return open_sources(data_of(root, source, color=True), 2, {}, 0)[0].source


def test_middlebury_of_any_year_is_read_without_test_and_validation_scenes(tmp_path):
    write_2006(tmp_path / 'ThirdSize' / 'Aloe', disparity(0))
    write_2006(tmp_path / 'ThirdSize' / 'Art', disparity(1))
    write_2006(tmp_path / 'ThirdSize' / 'Baby2', disparity(2))
    write_2003(tmp_path / 'teddy', disparity(3))
    write_2003(tmp_path / 'cones', disparity(4))
    exact = disparity(5).astype(np.float32) / 2 + 0.3
    exact[5:9, 5:9] = np.nan
    write_2014(tmp_path / 'Piano', exact)
    source = crops(tmp_path, kind='middlebury', path='.')
    found = {image.name.split('/')[-2]: image for image in source.images}
    assert sorted(found) == ['Aloe', 'Piano', 'teddy']
    assert found['Aloe'].levels.rounded
    assert not found['Piano'].levels.rounded
    assert np.isnan(found['Piano'].values[5:9, 5:9]).all()
    assert all(image.rgb is not None for image in source.images)
    for sample in source.samples(np.random.default_rng(0), 20):
        assert sample.mapping is not None
        levels = sample.high / sample.mapping.step - sample.mapping.offset
        known = np.isfinite(levels)
        np.testing.assert_allclose(levels[known], np.rint(levels[known]), atol=1e-3)


def test_a_picture_of_another_size_than_its_disparity_is_refused(tmp_path):
    write_2006(tmp_path / 'Aloe', disparity(0))
    cv2.imwrite(str(tmp_path / 'Aloe' / 'view1.png'), np.zeros((90, 70, 3), np.uint8))
    with pytest.raises(ConfigError, match='the picture of Aloe is 70x90, its disparity'):
        crops(tmp_path, kind='middlebury', path='.')


def test_a_folder_of_test_scenes_alone_leaves_nothing(tmp_path):
    write_2006(tmp_path / 'Dolls', disparity(1))
    with pytest.raises(ConfigError, match='holds no scene to train on'):
        crops(tmp_path, kind='middlebury', path='.')
    with pytest.raises(ConfigError, match='holds no Middlebury scene'):
        crops(tmp_path / 'Dolls', kind='middlebury', path='nothing')


def test_nyu_is_read_as_published_and_its_test_pairs_are_not(tmp_path):
    pytest.importorskip('h5py')
    depths = write_nyu(tmp_path / 'nyu_depth_v2_labeled.mat', 1003)
    source = crops(tmp_path, kind='nyu', path='.', images=5)
    assert [image.name.rsplit(' ', 1)[1] for image in source.images] == [
        *('0', '250', '500', '749', '999')
    ]
    np.testing.assert_array_equal(source.images[4].values, depths[999])
    sample = source.samples(np.random.default_rng(0), 1)[0]
    assert sample.mapping is None
    assert sample.rgb.shape == (16, 16, 3)
    with pytest.raises(ConfigError, match='does not exist: give nyu_depth_v2_labeled'):
        crops(tmp_path, kind='nyu', path='else')
