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
"""From a model file in float32 to one in another precision, which the file then says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.validity import valid_mask
from cdst_ros.superres.contract import CONVERSION_KEY, ModelMetadata, read_metadata
from cdst_ros.superres.engine import ModelError
from cdst_ros.superres.engines.model import written_precision
from cdst_ros.superres.fill import where
from cdst_ros.superres.graph.body import NoBodyError
from cdst_ros.superres.graph.half import to_half
from cdst_ros.superres.graph.integers import to_integers
from cdst_ros.superres.onnx_file import read_onnx_file

#: What a body can be converted to.
PRECISIONS = ('f16', 'int8')


def convert(
    path: Path, precision: str, frames: Iterable[F32] = (), told: str = ''
) -> onnx.ModelProto:
    """
    Return a model whose body is in another precision; nothing else of it changes.

    Its name gets the precision behind it. Accuracy that was measured in float32 is left out.

    :param precision: one of ``PRECISIONS``
    :param frames: (H, W) [m], NaN = unknown, to calibrate ``int8`` on
    :param told: what these frames are, in words
    :raises ModelError: where it can not be read, is not in float32, or has nothing to convert
    """
    metadata, file = read_metadata(path), read_onnx_file(path)
    written = written_precision(file)
    if written != 'f32':
        raise ModelError(f'{path} is in {written} already: give the model in f32')
    model = onnx.load(path)
    try:
        if precision == 'f16':
            made = to_half(model)
        else:
            made = to_integers(model, _inputs(metadata, frames))
    except (NoBodyError, OverflowError) as fault:
        raise ModelError(f'{path} can not be converted to {precision}: {fault}') from fault
    named = replace(metadata, name=f'{metadata.name}_{precision}', accuracy={})
    note = {
        'precision': precision,
        'of': metadata.name,
        'of_sha256': hashlib.sha256(path.read_bytes()).hexdigest(),
        'calibrated_on': told if precision == 'int8' else '',
    }
    # What else a file carries, such as its origin, stays.
    onnx.helper.set_model_props(
        made, {**file.properties, **named.to_properties(), CONVERSION_KEY: json.dumps(note)}
    )
    return made


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write a model as one file."""
    path.write_bytes(model.SerializeToString())


def with_check(model: onnx.ModelProto, check: dict[str, Any]) -> None:
    """Write into a converted model what it loses."""
    properties = {entry.key: entry.value for entry in model.metadata_props}
    note = {**json.loads(properties[CONVERSION_KEY]), 'check': check}
    onnx.helper.set_model_props(
        model, {**properties, CONVERSION_KEY: json.dumps(note, sort_keys=True)}
    )


def _inputs(metadata: ModelMetadata, frames: Iterable[F32]) -> Iterator[dict[str, F32]]:
    """Yield the inputs of a model for frames; colour, where it is due, is grey."""
    for depth in frames:
        valid = valid_mask(depth, 0.0, np.inf)
        inputs = {
            'depth': where(valid, depth, 0.0)[None, None].copy(),
            'valid': valid[None, None].astype(np.float32),
        }
        if metadata.guided:
            sides = (side * metadata.scale for side in depth.shape)
            inputs['rgb'] = np.full((1, 3, *sides), 0.5, np.float32)
        yield inputs
