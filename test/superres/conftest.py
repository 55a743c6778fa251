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
"""Small contract 1 models, whole and broken, as fixtures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cdst_ros.superres.contract import ModelMetadata

ModelMaker = Callable[..., Path]


@pytest.fixture
def make_model(tmp_path: Path) -> ModelMaker:
    """Return a function that writes a nearest-neighbour contract 1 model and returns its path."""
    onnx = pytest.importorskip('onnx', reason='models for the tests are made with onnx')

    def make(
        name: str = 'tiny',
        scale: int = 2,
        *,
        metadata: ModelMetadata | None = None,
        properties: dict[str, str] | None = None,
        **graph: Any,
    ) -> Path:
        model = onnx.helper.make_model(
            _graph(onnx, scale, **graph),
            opset_imports=[onnx.helper.make_opsetid('', 17)],
            ir_version=8,
        )
        written = metadata or ModelMetadata(name=name, scale=scale)
        onnx.helper.set_model_props(
            model, written.to_properties() if properties is None else properties
        )
        path = tmp_path / f'{name}.onnx'
        onnx.save(model, path)
        return path

    return make


def _graph(
    onnx: Any,
    scale: int,
    *,
    inputs: dict[str, int] | None = None,
    outputs: tuple[str, ...] = ('depth_hr', 'sigma_hr', 'valid_hr'),
    dtype: str = 'FLOAT',
    size: tuple[int | str, int | str] = ('h', 'w'),
    rank: int = 4,
    leaks: bool = False,
    glows: bool = False,
    nan: bool = False,
    never_valid: bool = False,
    quantised: bool = False,
    half: bool = False,
) -> Any:
    """
    Return a graph: depth and mask repeated s times.

    Its sigma is 1 % of the depth and 1 mm, or the mean of the colour where there is one.
    """
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    element = getattr(onnx.TensorProto, dtype)
    channels = inputs or {'depth': 1, 'valid': 1}
    values = np.float32 if dtype == 'FLOAT' else np.float64

    def constant(name: str, value: Any, as_type: Any = values) -> Any:
        return numpy_helper.from_array(np.asarray(value, dtype=as_type), name)

    constants = [
        constant('scales', [1, 1, scale, scale], np.float32),
        constant('percent', 0.01),
        constant('millimetre', 0.001),
        constant('zero', np.zeros((1, 1, 1, 1))),
        constant('q_scale', 0.05, np.float32),
        constant('q_zero', 0, np.uint8),
    ]
    node = helper.make_node
    resize = {
        'mode': 'nearest',
        'coordinate_transformation_mode': 'asymmetric',
        'nearest_mode': 'floor',
    }
    nodes = [
        node('Identity', ['depth'], ['known'])
        if leaks
        else node('Mul', ['depth', 'valid'], ['known']),
        node('Resize', ['known', '', 'scales'], ['enlarged'], **resize),
        node('Resize', ['valid', '', 'scales'], ['mask'], **resize),
        node('Mul', ['enlarged', 'percent'], ['share']),
        node('ReduceMean', ['rgb'], ['spread'], axes=[1])
        if 'rgb' in channels
        else node('Add', ['share', 'millimetre'], ['spread']),
    ]
    if leaks:
        nodes.append(node('GlobalAveragePool', ['enlarged'], ['mean']))
        nodes.append(node('Add', ['enlarged', 'mean'], ['found']))
    elif glows:
        nodes.append(node('ReduceMean', ['rgb'], ['glow']))
        nodes.append(node('Add', ['enlarged', 'glow'], ['found']))
    elif nan:
        nodes.append(node('Div', ['enlarged', 'zero'], ['far']))
        nodes.append(node('Sub', ['far', 'far'], ['found']))
    elif quantised:
        nodes.append(node('QuantizeLinear', ['enlarged', 'q_scale', 'q_zero'], ['quantised']))
        nodes.append(node('DequantizeLinear', ['quantised', 'q_scale', 'q_zero'], ['found']))
    elif half:
        constants.append(constant('one', np.ones((1, 1, 1, 1)), np.float16))
        nodes.append(node('Cast', ['enlarged'], ['low'], to=onnx.TensorProto.FLOAT16))
        nodes.append(node('Mul', ['low', 'one'], ['body']))
        nodes.append(node('Cast', ['body'], ['found'], to=onnx.TensorProto.FLOAT))
    else:
        nodes.append(node('Identity', ['enlarged'], ['found']))
    nodes.append(
        node('Mul', ['mask', 'zero'], ['nowhere'])
        if never_valid
        else node('Identity', ['mask'], ['nowhere'])
    )
    sources = {'depth_hr': 'found', 'sigma_hr': 'spread', 'valid_hr': 'nowhere'}
    for name in outputs:
        nodes.append(node('Identity', [sources.get(name, 'found')], [name]))

    def shape(count: int) -> list[int | str]:
        return [1, count, *size][-rank:]

    return helper.make_graph(
        nodes,
        'tiny',
        [helper.make_tensor_value_info(n, element, shape(c)) for n, c in channels.items()],
        [helper.make_tensor_value_info(n, element, [1, 1, None, None][-rank:]) for n in outputs],
        constants,
    )
