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
"""The parameters of the superres node: names, defaults, ranges, and what each is for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

#: Farther than any depth camera sees [m].
FAR_M = 1000.0


def _parameter(
    default: Any,
    description: str,
    *,
    between: tuple[float, float] | None = None,
    choices: tuple[str, ...] = (),
    read_only: bool = False,
) -> Any:
    return field(
        default=default,
        metadata={
            'description': description,
            'between': between,
            'choices': choices,
            'read_only': read_only,
        },
    )


@dataclass(frozen=True)
class Parameters:
    """One consistent set of values; a field for each ROS parameter."""

    model: str = _parameter(
        'lite_x4', 'Name of a shipped model (cdst-ros info lists them), or path of a .onnx file.'
    )
    engine: str = _parameter(
        'auto',
        'What computes: auto takes tensorrt where there is a GPU, else openvino, else '
        'onnxruntime; the classical methods need no model.',
        choices=(
            'auto',
            'openvino',
            'onnxruntime',
            'tensorrt',
            'nearest',
            'bilinear',
            'bicubic',
            'joint_bilateral',
        ),
    )
    precision: str = _parameter('f32', 'Arithmetic of the model: f32, or what the engine offers.')
    threads: int = _parameter(
        0, 'Threads of the engine; 0 leaves the number to the engine.', between=(0, 256)
    )
    scale: int = _parameter(
        0,
        'Classical engines only: enlarge by this; 0 enlarges as the model would.',
        between=(0, 16),
    )
    input_transport: str = _parameter(
        'raw',
        'Topic to read: raw reads depth/image_raw, compressedDepth reads '
        'depth/image_raw/compressedDepth.',
        choices=('raw', 'compressedDepth'),
    )
    output_encoding: str = _parameter(
        '16UC1',
        'Encoding of depth_hr/image_raw: 16UC1 is millimetres (0 unknown), 32FC1 metres (NaN '
        'unknown).',
        choices=('16UC1', '32FC1'),
    )
    depth_scale: float = _parameter(
        0.001,
        'Metres per unit of a 16-bit input, for cameras whose unit is not the millimetre.',
        between=(1e-6, 1.0),
    )
    min_depth: float = _parameter(0.0, 'Nearer input counts as unknown [m].', between=(0.0, FAR_M))
    max_depth: float = _parameter(
        FAR_M, 'Farther input counts as unknown [m].', between=(0.001, FAR_M)
    )
    bounded: bool = _parameter(
        True,
        'Keep every output within the depths measured around it, and every measured surface.',
    )
    bound_sigmas: float = _parameter(
        1.0, 'Room left to the bound, in sigmas of the sensor noise.', between=(0.0, 10.0)
    )
    max_sigma: float = _parameter(
        0.0,
        'Make pixels unknown whose expected error is above this [m]; 0 keeps all.',
        between=(0.0, 100.0),
    )
    fill_holes: int = _parameter(
        0, 'Fill holes up to this wide [input px], never across an edge.', between=(0, 64)
    )
    lazy: bool = _parameter(True, 'Subscribe only while somebody listens to an output.')
    allow_geometry_change: bool = _parameter(
        False,
        'Accept a change of model, engine or scale that changes the size or the alignment of '
        'the output.',
    )
    pairing_tolerance: float = _parameter(
        0.001, 'Largest difference of stamps of an image and its camera_info [s].', between=(0, 1)
    )
    warn_after_s: float = _parameter(
        5.0, 'Warn when nothing has arrived for this long [s].', between=(0.1, 3600.0)
    )
    max_pixels: int = _parameter(
        2**25, 'Refuse images whose output would have more pixels than this.', between=(1, 2**31)
    )
    autostart: bool = _parameter(
        True,
        'Configure and activate at start; false leaves that to a lifecycle manager.',
        read_only=True,
    )

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the name of each parameter."""
        return tuple(f.name for f in fields(cls))

    @classmethod
    def declare(cls, node: Node) -> None:
        """
        Declare every parameter on ``node``, with description and range.

        :raises rclpy.exceptions.InvalidParameterValueException: a value is out of its range
        :raises rclpy.exceptions.InvalidParameterTypeException: a value has another type
        """
        for f in fields(cls):
            node.declare_parameter(f.name, f.default, _descriptor(f))

    @classmethod
    def read(cls, node: Node) -> Parameters:
        """Return the values that ``node`` holds now."""
        return cls(**{name: node.get_parameter(name).value for name in cls.names()})

    def changed(self, changes: Iterable[Parameter]) -> Parameters:
        """Return these values with ``changes`` applied; foreign names are left out."""
        known = self.names()
        return replace(self, **{p.name: p.value for p in changes if p.name in known})

    def check(self) -> None:
        """
        Check what ranges cannot say.

        :raises ValueError: names the parameter, its value, and what it may be
        """
        for f in fields(self):
            choices = f.metadata['choices']
            value = getattr(self, f.name)
            if choices and value not in choices:
                raise ValueError(f'{f.name} is {value!r}: use one of {", ".join(choices)}')
        if self.min_depth >= self.max_depth:
            raise ValueError(
                f'min_depth ({self.min_depth:g} m) is not below max_depth ({self.max_depth:g} m): '
                'no depth could ever be valid'
            )

    def differing(self, other: Parameters) -> set[str]:
        """Return the names whose values differ."""
        return {n for n in self.names() if getattr(self, n) != getattr(other, n)}


def _descriptor(f: Field[Any]) -> ParameterDescriptor:
    meta = f.metadata
    descriptor = ParameterDescriptor(description=meta['description'], read_only=meta['read_only'])
    if meta['choices']:
        descriptor.additional_constraints = 'one of ' + ', '.join(meta['choices'])
    if meta['between'] is not None:
        low, high = meta['between']
        if isinstance(f.default, float):
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=float(low), to_value=float(high), step=0.0)
            ]
        else:
            descriptor.integer_range = [
                IntegerRange(from_value=int(low), to_value=int(high), step=1)
            ]
    return descriptor
