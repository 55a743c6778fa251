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
"""Which part of a network's graph may be computed in less than float32."""

from __future__ import annotations

from typing import NamedTuple

import onnx

#: What may stand between the convolutions of a body.
_BETWEEN = frozenset({'Add', 'Concat', 'LeakyRelu', 'PRelu', 'Relu'})
_CONVOLUTIONS = frozenset({'Conv', 'ConvTranspose'})
#: Fewer input channels than this are no features: masks, samples, the context of a pixel.
_LEAST_CHANNELS = 8


class Body(NamedTuple):
    """
    The part that works on features, far from metres.

    :param nodes: all of it, in the order of the graph, the layers that heads read with included
    :param convolutions: those of them between features, wider than a pixel: most of the work
    :param entries: names of the features that come in
    """

    nodes: tuple[onnx.NodeProto, ...]
    convolutions: tuple[onnx.NodeProto, ...]
    entries: frozenset[str]


class NoBodyError(ValueError):
    """A model without convolutions between features; it has to stay as it is."""


def find_body(model: onnx.ModelProto) -> Body:
    """
    Find the convolutions between features, and what lies between and right behind them.

    What lies before (the local view, in metres) and the sums with it (the skip) are no part of it.

    :raises NoBodyError: where there is none
    """
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    wide = [node for node in model.graph.node if _between_features(node, weights)]
    if not wide:
        raise NoBodyError('it has no convolutions between features')
    made = {name for node in wide for name in node.output}
    entries = {node.input[0] for node in wide} - made
    inside: list[onnx.NodeProto] = []
    known = set(entries)
    for node in model.graph.node:  # in the order of computation
        data = [name for name in node.input if name and name not in weights]
        takes = _reads_features(node, weights) or node.op_type in _BETWEEN
        # What only looks at an entry, as a sum with metres might, is not behind a convolution.
        if not (takes and data and set(data) <= known):
            continue
        inside.append(node)
        known.update(node.output)
    entries -= {name for node in inside for name in node.output}
    read = {name for node in inside for name in node.input}
    return Body(
        nodes=tuple(inside),
        convolutions=tuple(node for node in wide if set(node.output) & read),
        entries=frozenset(entries),
    )


def _reads_features(node: onnx.NodeProto, weights: dict[str, onnx.TensorProto]) -> bool:
    """Whether it is a learned convolution of many channels."""
    if node.op_type not in _CONVOLUTIONS or node.input[1] not in weights:
        return False
    channels = weights[node.input[1]].dims[1 if node.op_type == 'Conv' else 0]
    return bool(channels >= _LEAST_CHANNELS)


def _between_features(node: onnx.NodeProto, weights: dict[str, onnx.TensorProto]) -> bool:
    if not _reads_features(node, weights):
        return False
    return any(side > 1 for side in weights[node.input[1]].dims[2:])
