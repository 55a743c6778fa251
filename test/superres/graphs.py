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
"""What the graph of a model says: how far it looks, and where the sensor's noise stands."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cdst_ros.depth.noise import NoiseModel
from cdst_ros.superres.contract import read_metadata


def reach(path: Path) -> int:
    """
    Return how many input pixels away a sample can still matter, at most.

    The windows along the longest way through the graph; at least those of the bound, and of the
    rule for holes, which look at the input themselves.
    """
    model = _load(path)
    windows = {tensor.name: tensor.dims[2:] for tensor in model.graph.initializer}
    reaches: dict[str, int] = {}
    for node in model.graph.node:  # in the order of computation
        own = 0
        if node.op_type == 'Conv':
            own = max(side // 2 for side in windows[node.input[1]])
        elif node.op_type in ('MaxPool', 'AveragePool'):
            (kernel,) = (a.ints for a in node.attribute if a.name == 'kernel_shape')
            own = max(side // 2 for side in kernel)
        farthest = max((reaches.get(name, 0) for name in node.input), default=0)
        reaches.update(dict.fromkeys(node.output, farthest + own))
    return max(2, *(reaches[output.name] for output in model.graph.output))


def with_scaled_noise(path: Path, factor: float, out: Path) -> Path:
    """
    Write a model whose sensor measures in another unit; return the file.

    In the graph, sigma(z) is (quadratic z + linear) z + constant: the constant grows with the
    unit, the quadratic term shrinks.
    """
    onnx = pytest.importorskip('onnx', reason='graphs are changed with onnx')
    model, metadata = _load(path), read_metadata(path)
    noise = metadata.noise
    scaled = NoiseModel(noise.constant * factor, noise.linear, noise.quadratic / factor)
    scalars = {
        tensor.name: float(onnx.numpy_helper.to_array(tensor))
        for tensor in model.graph.initializer
        if not tensor.dims
    }
    made = {name: node for node in model.graph.node for name in node.output}

    def scalar(node, value):
        """Return the place of a scalar among the inputs of a node, None where there is none."""
        close = (k for k, name in enumerate(node.input) if _is(scalars.get(name), value))
        return next(close, None)

    def other(node, place):
        return made.get(node.input[1 - place])

    found = 0
    for last in [node for node in model.graph.node if node.op_type == 'Add']:
        constant = scalar(last, noise.constant)
        product = None if constant is None else other(last, constant)
        if product is None or product.op_type != 'Mul':
            continue
        for inner in (made.get(name) for name in product.input):
            linear = (
                None if inner is None or inner.op_type != 'Add' else scalar(inner, noise.linear)
            )
            first = None if linear is None else other(inner, linear)
            quadratic = None if first is None else scalar(first, noise.quadratic)
            if quadratic is not None:
                found += 1
                first.input[quadratic] = f'quadratic_{found}'
                last.input[constant] = f'constant_{found}'
                for name, value in (
                    (f'quadratic_{found}', scaled.quadratic),
                    (f'constant_{found}', scaled.constant),
                ):
                    tensor = onnx.numpy_helper.from_array(np.float32(value), name)
                    model.graph.initializer.append(tensor)
    if noise.constant == noise.linear == 0:
        # An exporter leaves nothing of what is added then: sigma(z) is quadratic z z.
        for node in (node for node in model.graph.node if node.op_type == 'Mul'):
            quadratic = scalar(node, noise.quadratic)
            if quadratic is not None:
                found += 1
                node.input[quadratic] = f'quadratic_{found}'
                tensor = onnx.numpy_helper.from_array(
                    np.float32(scaled.quadratic), f'quadratic_{found}'
                )
                model.graph.initializer.append(tensor)
    assert found, f'{path}: sigma(z) is computed in another way, which this test must learn'
    metadata = replace(metadata, noise=scaled)
    onnx.helper.set_model_props(model, metadata.to_properties())
    onnx.save(model, out)
    return out


def _is(value, wanted):
    return value is not None and np.float32(value) == np.float32(wanted)


def _load(path):
    onnx = pytest.importorskip('onnx', reason='graphs are read with onnx')
    return onnx.load(str(path))
