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
"""Convolutions that are cut in pieces right away are computed in pieces: copies are saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from itertools import accumulate

import onnx
from onnx import helper, numpy_helper


def split_convolutions(model: onnx.ModelProto, keep: Collection[str] = ()) -> int:
    """
    Replace each convolution that only a ``Split`` of its channels reads by one for each part.

    To the bit the same values: every output channel is computed as before. Runtimes copy what
    they split; for a selecting head that costs more than its arithmetic.

    :param keep: weights that stay whole, for somebody reads them by their names
    :return: how many were replaced
    """
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    reads = Counter(name for node in graph.node for name in node.input)
    reads.update(output.name for output in graph.output)
    made = {name: node for node in graph.node for name in node.output}
    parts: dict[str, list[onnx.NodeProto]] = {}
    dropped: set[str] = set()
    new: dict[str, onnx.TensorProto] = {}
    for split in graph.node:
        conv = made.get(split.input[0]) if split.op_type == 'Split' else None
        if conv is None or not _can_be_cut(conv, split, weights, reads, keep):
            continue
        dropped.add(conv.output[0])
        parts[split.output[0]] = list(_cut(conv, split, weights, new))
    nodes = []
    for node in graph.node:
        if node.output[0] in parts:
            nodes += parts[node.output[0]]
        elif node.output[0] not in dropped:
            nodes.append(_copied(node))
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(new.values())
    drop_unused_weights(model)
    return len(parts)


def drop_unused_weights(model: onnx.ModelProto) -> None:
    """Remove the initializers that no node reads."""
    read = {name for node in model.graph.node for name in node.input}
    kept = []
    for tensor in model.graph.initializer:
        if tensor.name in read:
            kept.append(onnx.TensorProto())
            kept[-1].CopyFrom(tensor)
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def _can_be_cut(
    conv: onnx.NodeProto,
    split: onnx.NodeProto,
    weights: dict[str, onnx.TensorProto],
    reads: Counter[str],
    keep: Collection[str],
) -> bool:
    values = {
        attribute.name: helper.get_attribute_value(attribute) for attribute in conv.attribute
    }
    axes = [item.i for item in split.attribute if item.name == 'axis']
    return (
        conv.op_type == 'Conv'
        and values.get('group', 1) == 1
        and axes == [1]
        and reads[conv.output[0]] == 1
        and all(name in weights and name not in keep for name in conv.input[1:])
        and (len(split.input) == 1 or split.input[1] in weights)
    )


def _cut(
    conv: onnx.NodeProto,
    split: onnx.NodeProto,
    weights: dict[str, onnx.TensorProto],
    new: dict[str, onnx.TensorProto],
) -> list[onnx.NodeProto]:
    """Return a convolution for each part of a split, and add their weights to ``new``."""
    tensors = [numpy_helper.to_array(weights[name]) for name in conv.input[1:]]
    channels, count = len(tensors[0]), len(split.output)
    if len(split.input) > 1:
        sizes = numpy_helper.to_array(weights[split.input[1]]).tolist()
    else:  # equal parts, and a smaller last one
        each = -(-channels // count)
        sizes = [min(each, channels - k * each) for k in range(count)]
    nodes = []
    for k, (end, size) in enumerate(zip(accumulate(sizes), sizes, strict=True)):
        names = [f'{name}.{k}' for name in conv.input[1:]]
        # Two convolutions may share their weights.
        for name, tensor in zip(names, tensors, strict=True):
            new[name] = numpy_helper.from_array(tensor[end - size : end].copy(), name)
        node = _copied(conv)
        node.name = f'{conv.name}.{k}'
        node.input[1:] = names
        node.output[:] = [split.output[k]]
        nodes.append(node)
    return nodes


def _copied(node: onnx.NodeProto) -> onnx.NodeProto:
    copied = onnx.NodeProto()
    copied.CopyFrom(node)
    return copied
