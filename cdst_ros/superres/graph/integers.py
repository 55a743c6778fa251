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
"""A body whose convolutions are computed in 8-bit integers, by Q/DQ as every engine takes it."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx

from cdst_ros.depth.arrays import F32
from cdst_ros.superres.graph.body import find_body


def to_integers(model: onnx.ModelProto, inputs: Iterable[dict[str, F32]]) -> onnx.ModelProto:
    """
    Return a model whose convolutions between features are quantised.

    ONNX Runtime's quantiser does it, which needs no framework. Weights by channel; features by
    tensor, both symmetric about zero, for that is what TensorRT takes. Sums, biases, the layers
    that heads read with, and all that is in metres, stay float32.

    :param inputs: frames to calibrate on: the model's inputs by name
    :raises NoBodyError: where it has no body
    """
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Frames(CalibrationDataReader):  # type: ignore[misc]
        """Hands out one frame after the other."""

        def __init__(self) -> None:
            self._rest: Iterator[dict[str, F32]] = iter(inputs)

        def get_next(self) -> dict[str, F32] | None:
            return next(self._rest, None)

    convolutions = find_body(model).convolutions
    with tempfile.TemporaryDirectory() as folder, _without_advice():
        before, after = (Path(folder) / name for name in ('before.onnx', 'after.onnx'))
        onnx.save(model, before)
        quantize_static(
            before,
            after,
            Frames(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=[node.name for node in convolutions],
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={
                'ActivationSymmetric': True,
                'WeightSymmetric': True,
                'QuantizeBias': False,
                'OpTypesToExcludeOutputQuantization': ['Conv', 'ConvTranspose'],
            },
        )
        return onnx.load(after)


@contextmanager
def _without_advice() -> Iterator[None]:
    """Keep the quantiser from advising steps of preparation that change nothing here."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(disabled)
