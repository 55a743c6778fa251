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
ort = pytest.importorskip('onnxruntime', reason='graphs are run with onnxruntime')

from cdst_ros.superres.graph.splits import split_convolutions  # noqa: E402
from cdst_ros.superres.store import shipped_models  # noqa: E402


def cut_convolution(*, sizes=None, count=None, bias=True, axis=1, also_read=False, group=1):
    """Return a model whose convolution of six channels is cut in pieces."""
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    rng = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(
            rng.standard_normal((6, 4 // group, 3, 3)).astype(np.float32), 'weight'
        )
    ]
    inputs = ['x', 'weight']
    if bias:
        weights.append(numpy_helper.from_array(rng.standard_normal(6).astype(np.float32), 'bias'))
        inputs.append('bias')
    parts = [f'part_{k}' for k in range(count or len(sizes))]
    split = ['made']
    options = {'num_outputs': count} if count else {}
    if sizes:
        weights.append(numpy_helper.from_array(np.array(sizes), 'sizes'))
        split.append('sizes')
    nodes = [
        helper.make_node('Conv', inputs, ['made'], pads=[1] * 4, group=group, name='conv'),
        helper.make_node('Split', split, parts, axis=axis, **options),
    ]
    outputs = [*parts, 'made'] if also_read else parts
    value = helper.make_tensor_value_info
    floats = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        'cut',
        [value('x', floats, [1, 4, 'h', 'w'])],
        [value(name, floats, [1, f'c_{name}', 'h', 'w']) for name in outputs],
        weights,
    )
    opsets = [helper.make_opsetid('', 20)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def outputs_of(model):
    x = np.random.default_rng(1).standard_normal((1, 4, 5, 7)).astype(np.float32)
    session = ort.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])
    return session.run(None, {'x': x})


@pytest.mark.parametrize(
    'graph', [{'sizes': [1, 3, 2]}, {'count': 3}, {'count': 6}, {'count': 2, 'bias': False}]
)
def test_pieces_are_computed_to_the_bit_as_before(graph):
    model = cut_convolution(**graph)
    before = outputs_of(model)

    assert split_convolutions(model) == 1

    assert {node.op_type for node in model.graph.node} == {'Conv'}
    assert {tensor.name.split('.')[0] for tensor in model.graph.initializer} <= {'weight', 'bias'}
    onnx.checker.check_model(model)
    for one, other in zip(before, outputs_of(model), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    'graph',
    [{'count': 2, 'also_read': True}, {'count': 2, 'group': 2}, {'sizes': [2, 3], 'axis': 2}],
    ids=str,
)
def test_what_is_read_elsewhere_or_cut_otherwise_stays(graph):
    model = cut_convolution(**graph)
    before = model.SerializeToString()

    assert split_convolutions(model) == 0

    assert model.SerializeToString() == before


def test_weights_that_are_to_stay_whole_do():
    model = cut_convolution(count=3)

    assert split_convolutions(model, keep=('weight',)) == 0

    assert {tensor.name for tensor in model.graph.initializer} == {'weight', 'bias'}


@pytest.mark.parametrize('name', shipped_models())
def test_shipped_models_cut_nothing_that_they_could_compute_in_pieces(name):
    model = onnx.load(shipped_models()[name])
    assert split_convolutions(model) == 0
