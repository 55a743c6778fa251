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
"""A network as those that ship, but untrained and small."""

from pathlib import Path

import numpy as np

from cdst_ros.superres.contract import ModelMetadata

SCALE = 2
WIDTH = 8


def small_network(path: Path, *, seed: int = 0, convolutions: int = 2, **metadata) -> Path:
    """
    Write a contract 1 model: nearest depth plus what convolutions make of its surroundings.

    depth_hr is (skip) the sample, and a residual of at most some centimetres.
    """
    import onnx

    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    rng = np.random.default_rng(seed)
    weights, nodes = [], []

    def weight(name, *shape, size=0.2):
        values = (size * rng.standard_normal(shape)).astype(np.float32)
        weights.append(numpy_helper.from_array(values, name))
        return name

    def constant(name, value):
        weights.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def add(operator, inputs, output, **attributes):
        nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    add('Mul', ['depth', 'valid'], 'known')
    mean = constant('mean', np.full((1, 1, 3, 3), 1 / 9))
    add('Conv', ['known', mean], 'around', pads=[1] * 4)
    add('Sub', ['known', 'around'], 'local')
    kernel = weight('first.weight', WIDTH, 1, 3, 3)
    add('Conv', ['local', kernel], 'seen', pads=[1] * 4)
    features = add('Relu', ['seen'], 'features')
    for k in range(convolutions):
        inputs = [features, weight(f'body.{k}.weight', WIDTH, WIDTH, 3, 3)]
        made = add('Conv', [*inputs, weight(f'body.{k}.bias', WIDTH)], f'made_{k}', pads=[1] * 4)
        if k == convolutions - 1:
            made = add('Add', [made, 'features'], 'sum')
        features = add('Relu', [made], f'features_{k + 1}')
    planes = SCALE * SCALE
    add('Conv', [features, weight('head.weight', planes, WIDTH, 1, 1)], 'offset')
    add('Conv', [features, weight('spread.weight', planes, WIDTH, 1, 1)], 'doubt')
    add('Mul', ['offset', constant('centimetre', 0.01)], 'residual')
    add('Add', ['residual', 'known'], 'value')
    add('Sigmoid', ['doubt'], 'share')
    add('Mul', ['share', 'centimetre'], 'spread')
    add('Concat', ['valid'] * planes, 'mask', axis=1)
    for source, output in (('value', 'depth_hr'), ('spread', 'sigma_hr'), ('mask', 'valid_hr')):
        add('DepthToSpace', [source], output, blocksize=SCALE, mode='CRD')
    info, floats = helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        'small',
        [info(name, floats, [1, 1, 'h', 'w']) for name in ('depth', 'valid')],
        [info(name, floats, [1, 1, 'sh', 'sw']) for name in ('depth_hr', 'sigma_hr', 'valid_hr')],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 20)], ir_version=10)
    said = ModelMetadata(name='small', scale=SCALE, **metadata)
    helper.set_model_props(model, {**said.to_properties(), 'cdst_ros.origin': '{"config": 1}'})
    onnx.save(model, path)
    return path
