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
import json
from pathlib import Path

import pytest

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.superres.contract import (
    CONTRACT_KEY,
    MODEL_KEY,
    ModelMetadata,
    read_metadata,
)
from cdst_ros.superres.engine import ModelError
from cdst_ros.superres.engines.model import written_precision
from cdst_ros.superres.onnx_file import read_onnx_file

FULL = ModelMetadata(
    name='lite_x4',
    scale=4,
    alignment=GridAlignment.PICKED,
    domain='inverse_depth',
    profile='femto',
    noise=NoiseModel(0.001, 0.002, 0.003),
    range_m=(0.25, 5.5),
    guided=True,
    quantisation_step=0.001,
    data='procedural rooms, seed 7: Wände',
    data_licence='CC0-1.0',
    commit='0123abc',
    command='cdst-ros train lite_x4.yaml',
    accuracy={'middlebury6_mad_mean': 0.34},
)


def test_a_file_keeps_every_field(make_model):
    assert read_metadata(make_model(metadata=FULL)) == FULL


def test_metadata_is_read_with_a_length_delimited_key_only():
    properties = FULL.to_properties()

    assert properties[CONTRACT_KEY] == '1'
    assert json.loads(properties[MODEL_KEY])['alignment'] == 'picked'
    assert ModelMetadata.from_properties(properties) == FULL


def test_only_name_and_scale_are_needed():
    properties = {CONTRACT_KEY: '1', MODEL_KEY: '{"name": "a", "scale": 2}'}

    assert ModelMetadata.from_properties(properties) == ModelMetadata('a', 2)


@pytest.mark.parametrize(
    ('contract', 'said'),
    [('2', 'update cdst_ros'), ('0', 'export the model again'), ('one', 'is no number')],
)
def test_another_contract_is_refused_with_the_remedy(make_model, contract, said):
    path = make_model(properties={**FULL.to_properties(), CONTRACT_KEY: contract})

    with pytest.raises(ModelError, match=said) as caught:
        read_metadata(path)

    assert str(path) in str(caught.value)


def test_a_foreign_onnx_file_is_told_from_a_damaged_one(make_model):
    with pytest.raises(ModelError, match='not one of cdst_ros'):
        read_metadata(make_model(properties={}))


def test_a_file_without_a_description_is_refused(make_model):
    with pytest.raises(ModelError, match='lacks the property'):
        read_metadata(make_model(properties={CONTRACT_KEY: '1'}))


@pytest.mark.parametrize('text', ['{', '[]', '"text"', ''])
def test_a_description_that_is_no_json_object_is_refused(text):
    with pytest.raises(ModelError, match='JSON'):
        ModelMetadata.from_properties({CONTRACT_KEY: '1', MODEL_KEY: text})


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'scale': 0}, 'scale must be'),
        ({'scale': 2.5}, 'scale must be'),
        ({'scale': True}, 'scale must be'),
        ({'scale': '4'}, 'scale must be'),
        ({'name': ''}, 'needs a name'),
        ({'name': 3}, 'name must be text'),
        ({'alignment': 'corner'}, 'alignment must be one of half_pixel, picked'),
        ({'domain': 'disparity'}, 'domain must be one of depth, inverse_depth'),
        ({'noise': {'cubic': 1.0}}, 'noise is no noise model'),
        ({'noise': {'linear': -1.0}}, 'noise is no noise model'),
        ({'noise': 0.1}, 'noise must map'),
        ({'range_m': [1.0]}, 'range_m must be'),
        ({'range_m': [3.0, 1.0]}, 'range_m must be'),
        ({'range_m': ['a', 'b']}, 'range_m must be a finite number'),
        ({'guided': 'no'}, 'guided must be true or false'),
        ({'quantisation_step': -0.1}, 'quantisation_step must be'),
        ({'quantisation_step': None}, 'quantisation_step must be'),
        ({'accuracy': {'mad': 'low'}}, 'accuracy.mad must be'),
        ({'data': None}, 'data must be text'),
        ({'colour_of_the_box': 'red'}, 'unknown fields: colour_of_the_box'),
    ],
)
def test_unknown_fields_and_values_are_refused(change, said):
    values = json.loads(FULL.to_properties()[MODEL_KEY]) | change

    with pytest.raises(ModelError, match=said):
        ModelMetadata.from_properties({CONTRACT_KEY: '1', MODEL_KEY: json.dumps(values)})


@pytest.mark.parametrize('field', ['name', 'scale'])
def test_a_missing_field_is_named(field):
    values = json.loads(FULL.to_properties()[MODEL_KEY])
    del values[field]

    with pytest.raises(ModelError, match=f'lacks {field}'):
        ModelMetadata.from_properties({CONTRACT_KEY: '1', MODEL_KEY: json.dumps(values)})


def test_numbers_that_are_not_finite_are_refused_both_ways():
    values = FULL.to_properties()[MODEL_KEY].replace('0.34', 'NaN')

    with pytest.raises(ModelError, match='finite'):
        ModelMetadata.from_properties({CONTRACT_KEY: '1', MODEL_KEY: values})


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(ModelError, match=r'nowhere\.onnx: there is no such'):
        read_metadata(tmp_path / 'nowhere.onnx')
    with pytest.raises(ModelError, match='is a folder'):
        read_metadata(tmp_path)


@pytest.mark.parametrize('content', [b'', b'hello world', b'\xff' * 64, bytes(64)])
def test_what_is_no_onnx_file_is_refused(tmp_path, content):
    path = tmp_path / 'model.onnx'
    path.write_bytes(content)

    with pytest.raises(ModelError, match='no whole ONNX model'):
        read_metadata(path)


def test_a_git_lfs_pointer_is_recognised(tmp_path):
    path = tmp_path / 'model.onnx'
    path.write_text('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n')

    with pytest.raises(ModelError, match='git lfs pull'):
        read_metadata(path)


def test_a_file_cut_anywhere_is_refused_with_its_name(make_model):
    whole = make_model(metadata=FULL)
    content = whole.read_bytes()
    cut = whole.with_name('cut.onnx')

    for length in range(0, len(content) - 1, 7):
        cut.write_bytes(content[:length])
        with pytest.raises(ModelError, match=r'cut\.onnx'):
            read_metadata(cut)


def test_weights_are_skipped_unread(tmp_path):
    # Field 7 (graph) holding field 5 (initializer) of FLOAT and 1 GiB, then the metadata.
    blob = 1 << 30
    path = tmp_path / 'large.onnx'
    tensor = b'\x10\x01\x4a' + _varint(blob)
    initializer = b'\x2a' + _varint(len(tensor) + blob) + tensor
    with open(path, 'wb') as file:
        file.write(b'\x3a' + _varint(len(initializer) + blob) + initializer)
        file.seek(blob, 1)
        for key, value in FULL.to_properties().items():
            entry = _delimited(1, key.encode()) + _delimited(2, value.encode())
            file.write(_delimited(14, entry))

    assert read_metadata(path) == FULL


def test_operators_are_those_of_the_graph(make_model):
    assert 'Resize' in read_onnx_file(make_model()).operators
    assert 'QuantizeLinear' not in read_onnx_file(make_model()).operators
    assert 'QuantizeLinear' in read_onnx_file(make_model(quantised=True)).operators


@pytest.mark.parametrize(
    ('graph', 'precision'), [({}, 'f32'), ({'quantised': True}, 'int8'), ({'half': True}, 'f16')]
)
def test_the_precision_is_that_which_the_file_is_written_in(graph, precision, make_model):
    assert written_precision(read_onnx_file(make_model(**graph))) == precision


def test_paths_may_be_text(make_model):
    assert read_metadata(str(make_model(metadata=FULL))) == FULL
    assert isinstance(make_model(), Path)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _delimited(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content
