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
"""A node's parameters as a dataclass: each field is declared with its description and range."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

Values = TypeVar('Values', bound='DeclaredParameters')


def parameter(
    default: Any,
    description: str,
    *,
    between: tuple[float, float] | None = None,
    choices: tuple[str, ...] = (),
    read_only: bool = False,
) -> Any:
    """
    Return the field of one parameter.

    :param default: its type is the parameter's
    :param description: for ``ros2 param describe``
    :param between: least and greatest value
    :param choices: what a text may be
    :param read_only: fixed once the node runs
    """
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
class DeclaredParameters:
    """One consistent set of values; a field, made by ``parameter``, for each ROS parameter."""

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
    def read(cls: type[Values], node: Node) -> Values:
        """Return the values that ``node`` holds now."""
        return cls(**{name: node.get_parameter(name).value for name in cls.names()})

    def changed(self: Values, changes: Iterable[Parameter]) -> Values:
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

    def differing(self: Values, other: Values) -> set[str]:
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
