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
"""Model contract 1: what a model file says of itself, so that nothing else is needed to run it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.superres.engine import ModelError
from cdst_ros.superres.onnx_file import read_onnx_file

#: The contract that this package writes and reads.
CONTRACT = 1

#: The keys of ``metadata_props`` that carry it.
CONTRACT_KEY = 'cdst_ros.contract'
MODEL_KEY = 'cdst_ros.model'
#: The key of what training needs to go on from a model, and of what it was made from; running
#: needs none of it.
ORIGIN_KEY = 'cdst_ros.origin'
#: The key of what a model of lower precision was converted from, and what that costs.
CONVERSION_KEY = 'cdst_ros.conversion'

#: What a network may work in inside its graph; its inputs and outputs are metres either way.
DOMAINS = ('depth', 'inverse_depth')

_EXPORT_AGAIN = 'export it again with `cdst-ros export`'


@dataclass(frozen=True)
class ModelMetadata:
    """
    Everything the node needs to know of a model.

    :param name: such as ``lite_x4``
    :param scale: output pixels per input pixel, each way
    :param alignment: how the output grid lies on the input grid
    :param domain: ``depth`` or ``inverse_depth``: what the network works in inside its graph
    :param profile: sensor profile that it was trained for
    :param noise: sigma(z) of that profile
    :param range_m: nearest and farthest depth seen in training [m]
    :param guided: whether it has an ``rgb`` input
    :param quantisation_step: step of the data it was trained on [m], 0 for none
    :param data: what it was trained on, in words
    :param data_licence: licence of that data
    :param commit: commit of this repository that trained it
    :param command: command that trains it again
    :param accuracy: measured figures by name, such as ``middlebury6_mad_mean``
    """

    name: str
    scale: int
    alignment: GridAlignment = GridAlignment.HALF_PIXEL
    domain: str = 'depth'
    profile: str = 'generic'
    noise: NoiseModel = field(default_factory=NoiseModel)
    range_m: tuple[float, float] = (0.1, 10.0)
    guided: bool = False
    quantisation_step: float = 0.0
    data: str = ''
    data_licence: str = ''
    commit: str = ''
    command: str = ''
    accuracy: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_texts(self)
        if not self.name:
            raise ModelError('a model needs a name, such as lite_x4')
        if not _is_integer(self.scale) or self.scale < 1:
            raise ModelError(f'scale must be a whole number of at least 1, got {self.scale!r}')
        if self.domain not in DOMAINS:
            raise ModelError(f'domain must be one of {", ".join(DOMAINS)}, got {self.domain!r}')
        near, far = self.range_m
        if not 0 <= near < far < math.inf:
            raise ModelError(f'range_m must be [nearest, farthest] in metres, got {self.range_m}')
        if not 0 <= self.quantisation_step < math.inf:
            raise ModelError(f'quantisation_step must be 0 or more, got {self.quantisation_step}')

    def to_properties(self) -> dict[str, str]:
        """Return the ``metadata_props`` that make an ONNX file a contract 1 model."""
        values = asdict(self)
        values['alignment'] = self.alignment.value
        text = json.dumps(values, allow_nan=False, sort_keys=True)
        return {CONTRACT_KEY: str(CONTRACT), MODEL_KEY: text}

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> ModelMetadata:
        """
        Read what ``to_properties`` wrote.

        :raises ModelError: for another contract, and for every field or value that is unknown
        """
        _check_contract(properties)
        if MODEL_KEY not in properties:
            raise ModelError(f'it lacks the property {MODEL_KEY!r}; {_EXPORT_AGAIN}')
        try:
            values = json.loads(properties[MODEL_KEY])
        except ValueError as error:
            raise ModelError(
                f'its property {MODEL_KEY!r} is not JSON ({error}); {_EXPORT_AGAIN}'
            ) from None
        if not isinstance(values, dict):
            raise ModelError(f'its property {MODEL_KEY!r} is no JSON object; {_EXPORT_AGAIN}')
        _check_keys(values)
        return cls(**{key: _PARSERS.get(key, _as_is)(key, value) for key, value in values.items()})


def read_metadata(path: str | Path) -> ModelMetadata:
    """
    Read the metadata of an ONNX file; needs neither ``onnx`` nor a runtime.

    :raises ModelError: what is wrong with which file, and what to do
    """
    file = read_onnx_file(Path(path))
    try:
        return ModelMetadata.from_properties(file.properties)
    except ModelError as fault:
        raise ModelError(f'{path}: {fault}') from None


def read_origin(path: str | Path) -> dict[str, Any]:
    """
    Read what an ONNX file says of its making; empty for one that says nothing.

    ``config``: the training configuration; ``start``: the model that it went on from, with its
    sha256; ``recordings``: name, fingerprint and number of frames of each that it learned from.

    :raises ModelError: when the file cannot be read, or what it says is damaged
    """
    return _read_object(path, ORIGIN_KEY)


def read_conversion(path: str | Path) -> dict[str, Any]:
    """
    Read what an ONNX file says of its precision; empty for one that was not converted.

    ``precision``; ``of`` and ``of_sha256``: the model that it was made from; ``calibrated_on``: in
    words; ``check``: what it loses against that model, as ``PrecisionCheck.to_json`` has it.

    :raises ModelError: when the file cannot be read, or what it says is damaged
    """
    return _read_object(path, CONVERSION_KEY)


def _read_object(path: str | Path, key: str) -> dict[str, Any]:
    text = read_onnx_file(Path(path)).properties.get(key, '{}')
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ModelError(f'{path}: its property {key!r} is not JSON ({error})') from None
    if not isinstance(values, dict):
        raise ModelError(f'{path}: its property {key!r} is no JSON object')
    return values


def _check_contract(properties: Mapping[str, str]) -> None:
    if CONTRACT_KEY not in properties:
        raise ModelError(
            'it is an ONNX model, but not one of cdst_ros: it has no property '
            f'{CONTRACT_KEY!r}; give a model that `cdst-ros export` wrote'
        )
    text = properties[CONTRACT_KEY]
    if not (text.isascii() and text.isdigit()):
        raise ModelError(f'its contract {text!r} is no number; {_EXPORT_AGAIN}')
    contract = int(text)
    if contract > CONTRACT:
        raise ModelError(
            f'it is a contract {contract} model and this cdst_ros knows contract {CONTRACT}: '
            'update cdst_ros, or export the model again with this version'
        )
    if contract < CONTRACT:
        raise ModelError(
            f'it is a contract {contract} model and this cdst_ros reads contract {CONTRACT} '
            'only: export the model again with this version'
        )


def _check_keys(values: Mapping[str, Any]) -> None:
    known = [item.name for item in fields(ModelMetadata)]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ModelError(
            f'its metadata has unknown fields: {", ".join(unknown)}; a newer cdst_ros may have '
            f'written it: update cdst_ros, or {_EXPORT_AGAIN}'
        )
    missing = [name for name in ('name', 'scale') if name not in values]
    if missing:
        raise ModelError(f'its metadata lacks {" and ".join(missing)}; {_EXPORT_AGAIN}')


def _check_texts(metadata: ModelMetadata) -> None:
    for name in ('name', 'domain', 'profile', 'data', 'data_licence', 'commit', 'command'):
        value = getattr(metadata, name)
        if not isinstance(value, str):
            raise ModelError(f'{name} must be text, got {value!r}')


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _as_is(_key: str, value: Any) -> Any:
    return value


def _number(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ModelError(f'{key} must be a finite number, got {value!r}')
    return float(value)


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ModelError(f'{key} must be true or false, got {value!r}')
    return value


def _alignment(key: str, value: Any) -> GridAlignment:
    try:
        return GridAlignment(value)
    except ValueError:
        known = ', '.join(item.value for item in GridAlignment)
        raise ModelError(f'{key} must be one of {known}, got {value!r}') from None


def _numbers(key: str, value: Any) -> dict[str, float]:
    if not isinstance(value, dict):
        raise ModelError(f'{key} must map names to numbers, got {value!r}')
    return {name: _number(f'{key}.{name}', number) for name, number in value.items()}


def _noise(key: str, value: Any) -> NoiseModel:
    terms = _numbers(key, value)
    try:
        return NoiseModel(**terms)
    except (TypeError, ValueError) as error:
        raise ModelError(f'{key} is no noise model: {error}') from None


def _range(key: str, value: Any) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ModelError(f'{key} must be [nearest, farthest] in metres, got {value!r}')
    return _number(key, value[0]), _number(key, value[1])


_PARSERS: dict[str, Callable[[str, Any], Any]] = {
    'alignment': _alignment,
    'noise': _noise,
    'range_m': _range,
    'guided': _flag,
    'quantisation_step': _number,
    'accuracy': _numbers,
}
