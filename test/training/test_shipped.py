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
"""The models that come with the package say what they are, and what made them."""

import pytest

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.store import shipped_models
from cdst_ros.synthetic import load_profile


def test_the_real_time_models_are_there():
    assert {'fast_x4', 'guided_x4', 'lite_x2', 'lite_x4'} <= set(shipped_models())


@pytest.mark.parametrize('name', shipped_models())
def test_they_are_small_and_say_what_they_are(name):
    path = shipped_models()[name]
    metadata = read_metadata(path)
    assert path.stat().st_size < 4_000_000
    assert b'.py' not in path.read_bytes(), 'holds stack traces of the machine that made it'
    assert metadata.name == name
    assert f'_x{metadata.scale}' in name
    assert metadata.alignment is GridAlignment.HALF_PIXEL
    assert metadata.noise == load_profile(metadata.profile).noise
    assert 'procedural scenes' in metadata.data
    assert metadata.data_licence == 'Apache-2.0'
    assert metadata.commit
    assert '+changes' not in metadata.commit
    assert metadata.command.startswith(f'cdst-ros train {name}')
    assert metadata.accuracy['middlebury6_mad_mean'] > 0
