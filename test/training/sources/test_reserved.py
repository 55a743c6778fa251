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
import hashlib

import numpy as np
import pytest
from recordings.datasets.layouts import disparity

from cdst_ros.evaluation import middlebury
from cdst_ros.training.config import ConfigError
from cdst_ros.training.sources import reserved
from cdst_ros.training.sources.opening import open_sources
from training.sources.folders import data_of, write_disparity


def open_folder(root, path, kind='disparity'):
    return open_sources(data_of(root, {'kind': kind, 'path': path}), 2, {}, 0)


def test_they_are_the_scenes_of_the_table():
    assert reserved.SCENES == middlebury.SCENES
    assert reserved.FOLDER == middlebury.NAME


@pytest.mark.parametrize('kind', ['disparity', 'metric', 'middlebury', 'nyu', 'recordings'])
def test_their_folder_is_refused_whatever_it_is_read_as(tmp_path, kind):
    write_disparity(tmp_path / 'middlebury6', ['first'])
    with pytest.raises(ConfigError, match='are a test set and are never trained on'):
        open_folder(tmp_path, 'middlebury6', kind)


def test_a_link_to_their_folder_is_refused(tmp_path):
    write_disparity(tmp_path / 'Middlebury6', ['first'])
    (tmp_path / 'mine').symlink_to(tmp_path / 'Middlebury6')
    with pytest.raises(ConfigError, match='are a test set'):
        open_folder(tmp_path, 'mine')


def test_one_of_them_is_refused_by_its_name(tmp_path):
    write_disparity(tmp_path / 'mine', ['aloe', 'Moebius'])
    with pytest.raises(ConfigError, match=r'Moebius_depth\.png is of middlebury6'):
        open_folder(tmp_path, 'mine')


def test_one_of_them_is_refused_by_what_it_shows(tmp_path, monkeypatch):
    write_disparity(tmp_path / 'mine', ['aloe', 'harmless'])
    digest = hashlib.sha256(np.ascontiguousarray(disparity(1, 48, 64)).tobytes()).hexdigest()
    monkeypatch.setattr(reserved, '_DIGESTS', frozenset({digest}))
    with pytest.raises(ConfigError, match=r'harmless_depth\.png is of middlebury6'):
        open_folder(tmp_path, 'mine')
