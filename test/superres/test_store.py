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
import pytest

from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engine import ModelError
from cdst_ros.superres.store import depth_models, find_model, shipped_models


def test_every_shipped_model_is_found_by_the_name_in_it():
    for name, path in shipped_models().items():
        assert find_model(name) == path
        assert read_metadata(path).name == name


def test_models_that_see_colour_have_to_be_named():
    guided = {name for name, path in shipped_models().items() if read_metadata(path).guided}

    assert guided == {'guided_x4'}
    assert set(depth_models()) == set(shipped_models()) - guided
    assert set(depth_models((2, 8))) == {'lite_x2', 'lite_x8'}


def test_a_file_is_found_by_its_path(make_model):
    path = make_model()

    assert find_model(path) == path
    assert find_model(str(path)) == path


def test_what_is_not_there_is_told_with_what_is(tmp_path):
    with pytest.raises(ModelError, match='neither a shipped model') as caught:
        find_model(tmp_path / 'lost.onnx')

    assert 'lost.onnx' in str(caught.value)
    assert all(name in str(caught.value) for name in shipped_models())
