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
"""Contract 1 models of three operators, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

from cdst_ros.superres.contract import CONTRACT_KEY, ModelMetadata

#: Share of the depth that the models give as sigma.
SIGMA_SHARE = 0.01
#: What guided models give as sigma: the channels of colour, 0 to 1, by these weights.
CHANNELS = (1.0, 2.0, 4.0)


def write_model(
    path: Path,
    scale: int = 2,
    contract: int = 1,
    operator: str = 'Resize',
    *,
    guided: bool = False,
    **metadata: Any,
) -> Path:
    """
    Write a model that repeats each sample, and is unsure by 1 % of the depth.

    A guided one tells by its sigma what colour it was shown instead: see ``CHANNELS``.

    :param contract: what it claims to keep
    :param operator: another name than ``Resize`` makes a model that no engine can build
    """

    def image(name: str, height: str = 'h', width: str = 'w') -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, height, width])

    def enlarge(source: str, target: str) -> Any:
        return helper.make_node(
            operator,
            [source, '', 'scales'],
            [target],
            mode='nearest',
            nearest_mode='floor',
            coordinate_transformation_mode='asymmetric',
        )

    unsure = helper.make_node('Mul', ['depth_hr', 'share'], ['sigma_hr'])
    inputs = [image('depth'), image('valid')]
    if guided:
        unsure = helper.make_node('Conv', ['rgb', 'channels'], ['sigma_hr'])
        rgb = helper.make_tensor_value_info('rgb', TensorProto.FLOAT, [1, 3, 'sh', 'sw'])
        inputs.append(rgb)
    graph = helper.make_graph(
        [enlarge('depth', 'depth_hr'), enlarge('valid', 'valid_hr'), unsure],
        'tiny',
        inputs,
        [image(name, 'sh', 'sw') for name in ('depth_hr', 'sigma_hr', 'valid_hr')],
        [
            helper.make_tensor('scales', TensorProto.FLOAT, [4], [1, 1, scale, scale]),
            helper.make_tensor('share', TensorProto.FLOAT, [], [SIGMA_SHARE]),
            helper.make_tensor('channels', TensorProto.FLOAT, [1, 3, 1, 1], CHANNELS),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=8)
    properties = ModelMetadata(
        name=path.stem, scale=scale, guided=guided, **metadata
    ).to_properties()
    properties[CONTRACT_KEY] = str(contract)
    helper.set_model_props(model, properties)
    onnx.save(model, path)
    return path
