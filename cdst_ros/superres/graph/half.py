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
"""A body in float16; inputs, outputs, the local view and the skip stay float32."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from cdst_ros.superres.graph.body import find_body
from cdst_ros.superres.graph.splits import drop_unused_weights

_SUFFIX = '_f16'


def to_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """
    Return a model whose body is computed in float16, as TensorRT, too, takes it from the file.

    :raises NoBodyError: where it has no body
    :raises OverflowError: where a weight is beyond float16
    """
    out = onnx.ModelProto()
    out.CopyFrom(model)
    body = find_body(out)
    inside = {node.output[0] for node in body.nodes}
    weights = {tensor.name: tensor for tensor in out.graph.initializer}
    needed = {name for node in body.nodes for name in node.input if name in weights}
    halves = [_half(weights[name]) for name in sorted(needed)]
    made = {name for node in body.nodes for name in node.output}
    leaving = made & (
        {name for node in out.graph.node if node.output[0] not in inside for name in node.input}
        | {output.name for output in out.graph.output}
    )
    nodes = []
    for node in out.graph.node:
        if node.output[0] in inside:
            # Within, a name that leaves is that of the float16 tensor, with the suffix.
            node.input[:] = [
                name + _SUFFIX if name in needed | leaving | body.entries else name
                for name in node.input
            ]
            left = [name for name in node.output if name in leaving]
            node.output[:] = [name + _SUFFIX if name in leaving else name for name in node.output]
            nodes.append(node)
            nodes += [_cast(name + _SUFFIX, name, TensorProto.FLOAT) for name in left]
        else:
            nodes.append(node)
            nodes += [
                _cast(name, name + _SUFFIX, TensorProto.FLOAT16)
                for name in node.output
                if name in body.entries
            ]
    nodes = [_copy(node) for node in nodes]
    del out.graph.node[:]
    out.graph.node.extend(nodes)
    out.graph.initializer.extend(halves)
    del out.graph.value_info[:]  # of types that hold no longer
    drop_unused_weights(out)
    onnx.checker.check_model(out, full_check=True)
    return out


def _half(tensor: onnx.TensorProto) -> onnx.TensorProto:
    values = numpy_helper.to_array(tensor)
    with np.errstate(over='ignore'):
        halves = values.astype(np.float16)
    if not np.isfinite(halves).all():
        raise OverflowError(f'{tensor.name} holds {np.abs(values).max():g}, beyond float16')
    return numpy_helper.from_array(halves, tensor.name + _SUFFIX)


def _cast(name: str, to: str, dtype: int) -> onnx.NodeProto:
    return helper.make_node('Cast', [name], [to], name=f'cast_{to}', to=dtype)


def _copy(node: onnx.NodeProto) -> onnx.NodeProto:
    copied = onnx.NodeProto()
    copied.CopyFrom(node)
    return copied
