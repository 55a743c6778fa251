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
import shutil
from datetime import datetime

import onnx

from cdst_ros.learning.naming import adapted_name
from cdst_ros.superres.contract import ModelMetadata, read_metadata
from cdst_ros.superres.store import shipped_models


def test_names_tell_model_place_and_time_and_do_not_grow(tmp_path):
    base = shipped_models()['lite_x4_tof']
    first = adapted_name(base, tmp_path / 'My Kitchen_2', datetime(2026, 3, 4, 5, 6, 7))
    assert first == 'lite_x4_tof_mykitchen2_20260304T050607'
    model = onnx.load(str(shutil.copyfile(base, tmp_path / 'second.onnx')))
    values = {**read_metadata(base).__dict__, 'name': first}
    onnx.helper.set_model_props(model, ModelMetadata(**values).to_properties())
    onnx.save(model, tmp_path / 'second.onnx')
    second = adapted_name(
        tmp_path / 'second.onnx', tmp_path / 'hall', datetime(2026, 3, 5, 5, 6, 7)
    )
    assert second == 'lite_x4_tof_hall_20260305T050607'
