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

onnx = pytest.importorskip('onnx', reason='graphs are rewritten with onnx')
pytest.importorskip('onnxruntime', reason='graphs are run with onnxruntime')

from cdst_ros.superres.contract import (  # noqa: E402
    read_conversion,
    read_metadata,
    read_origin,
)
from cdst_ros.superres.engine import ModelError  # noqa: E402
from cdst_ros.superres.engines import describe_engines, open_engine  # noqa: E402
from cdst_ros.superres.engines.model import written_precision  # noqa: E402
from cdst_ros.superres.graph.body import find_body  # noqa: E402
from cdst_ros.superres.graph.conversion import PRECISIONS, convert, with_check  # noqa: E402
from cdst_ros.superres.graph.half import to_half  # noqa: E402
from cdst_ros.superres.onnx_file import read_onnx_file  # noqa: E402
from cdst_ros.superres.store import depth_models  # noqa: E402

from .networks import small_network  # noqa: E402

HERE = {item.name for item in describe_engines() if item.available}
CPU = [name for name in ('openvino', 'onnxruntime') if name in HERE]


def frame(seed=0, size=(13, 17), far=4.0):
    rng = np.random.default_rng(seed)
    depth = rng.uniform(0.5, far, size).astype(np.float32)
    depth[3:6, 4:9] = np.nan
    return depth


def converted(path, precision, out):
    frames = [frame(seed) for seed in range(1, 5)]
    onnx.save(convert(path, precision, frames, 'four frames'), out)
    return out


def infer(path, engine, depth):
    opened = open_engine(path, engine, threads=1)
    valid = np.isfinite(depth)
    out = opened.infer(np.where(valid, depth, 0).astype(np.float32), valid)
    depths, valids = out.depth.copy(), out.valid.copy()
    opened.close()
    return depths, valids


@pytest.mark.parametrize('precision', PRECISIONS)
@pytest.mark.parametrize('engine', CPU)
def test_a_converted_model_finds_nearly_the_same(tmp_path, precision, engine):
    path = small_network(tmp_path / 'small.onnx')
    made = converted(path, precision, tmp_path / 'made.onnx')
    depth = frame()

    due, mask = infer(path, engine, depth)
    found, valid = infer(made, engine, depth)

    np.testing.assert_array_equal(valid, mask)
    error = np.abs(found - due)[mask].max()
    assert 0 < error < {'f16': 1e-4, 'int8': 3e-3}[precision]


@pytest.mark.parametrize('precision', PRECISIONS)
def test_metres_stay_exact_however_far_they_are(tmp_path, precision):
    """Float16 has steps of 8 cm at 100 m: what is carried past the body does not see them."""
    path = small_network(tmp_path / 'small.onnx')
    made = converted(path, precision, tmp_path / 'made.onnx')
    flat = np.full((13, 13), 100.03, np.float32)

    found, _ = infer(made, 'onnxruntime', flat)
    due, _ = infer(path, 'onnxruntime', flat)

    np.testing.assert_allclose(found[10:-10, 10:-10], due[10:-10, 10:-10], atol=3e-3)


@pytest.mark.parametrize('precision', PRECISIONS)
def test_the_file_says_what_it_is_and_of_what(tmp_path, precision):
    path = small_network(tmp_path / 'small.onnx', accuracy={'mad': 0.1}, profile='tof')
    made = converted(path, precision, tmp_path / 'made.onnx')

    assert written_precision(read_onnx_file(made)) == precision
    metadata = read_metadata(made)
    assert (metadata.name, metadata.profile) == (f'small_{precision}', 'tof')
    assert metadata.accuracy == {}
    assert read_origin(made) == {'config': 1}
    note = read_conversion(made)
    assert (note['precision'], note['of']) == (precision, 'small')
    assert note['calibrated_on'] == ('four frames' if precision == 'int8' else '')
    assert read_conversion(path) == {}


def test_what_it_loses_is_written_into_it(tmp_path):
    model = convert(small_network(tmp_path / 'small.onnx'), 'f16')
    with_check(model, {'bound': 0.02})
    onnx.save(model, tmp_path / 'made.onnx')

    note = read_conversion(tmp_path / 'made.onnx')
    assert note['check'] == {'bound': 0.02}
    assert note['of'] == 'small'
    assert read_metadata(tmp_path / 'made.onnx').name == 'small_f16'


def test_only_convolutions_between_features_are_quantised(tmp_path):
    path = small_network(tmp_path / 'small.onnx', convolutions=3)
    model = onnx.load(converted(path, 'int8', tmp_path / 'made.onnx'))

    made = {name: node for node in model.graph.node for name in node.output}
    quantised = {
        node.name
        for node in model.graph.node
        if node.op_type == 'Conv'
        and node.input[1] in made
        and made[node.input[1]].op_type == 'DequantizeLinear'
    }
    assert quantised == {'made_0', 'made_1', 'made_2'}
    zeros = [
        onnx.numpy_helper.to_array(tensor)
        for tensor in model.graph.initializer
        if tensor.name.endswith('zero_point')
    ]
    assert zeros
    assert all(zero.dtype == np.int8 and not zero.any() for zero in zeros)


@pytest.mark.parametrize('name', depth_models())
def test_the_body_of_a_model_of_depth_alone_is_what_was_learned_between_features(name):
    model = onnx.load(depth_models()[name])
    body = find_body(model)

    wide = {node.input[1] for node in body.convolutions}
    learned = {tensor.name for tensor in model.graph.initializer}
    assert wide == {w for w in learned if w.startswith(('body.', 'blocks.')) and 'weight' in w}
    read = {name for node in body.nodes for name in node.input}
    assert {name for name in learned if name.startswith('head.shares')} <= read
    assert not {'depth', 'valid'} & read
    half = to_half(model)
    exact = {t.name for t in half.graph.initializer if t.data_type == onnx.TensorProto.FLOAT}
    assert any(name.startswith('differences') for name in exact)
    assert not exact & wide


def test_what_is_converted_already_or_has_no_body_is_refused(tmp_path, make_model):
    made = converted(small_network(tmp_path / 'small.onnx'), 'f16', tmp_path / 'made.onnx')
    with pytest.raises(ModelError, match='in f16 already'):
        convert(made, 'f16')
    with pytest.raises(ModelError, match='no convolutions between features'):
        convert(make_model(), 'f16')


def test_a_weight_beyond_float16_is_refused(tmp_path):
    path = small_network(tmp_path / 'small.onnx')
    model = onnx.load(path)
    (tensor,) = (t for t in model.graph.initializer if t.name == 'body.0.weight')
    large = onnx.numpy_helper.to_array(tensor) * np.float32(1e6)
    tensor.CopyFrom(onnx.numpy_helper.from_array(large, tensor.name))
    onnx.save(model, path)
    with pytest.raises(ModelError, match='beyond float16'):
        convert(path, 'f16')
