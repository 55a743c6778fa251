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
"""Configurations of trainings as results keep them, and what differs between two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cdst_ros.training.config import ConfigError, TrainConfig

# Where things lie, which changes nothing; that there is one does.
_PLACES = frozenset({'runs', 'data.root', 'data.kept', 'validation_data', 'transfer.start'})


def anonymous(value: Any, names: Mapping[Path, str]) -> Any:
    """Return plain values, with names in place of the folders of this machine."""
    if isinstance(value, Mapping):
        return {key: anonymous(inner, names) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [anonymous(inner, names) for inner in value]
    if not isinstance(value, str):
        return value
    for folder, name in names.items():
        if folder.parts and Path(value).is_relative_to(folder):
            return str(Path(name) / Path(value).relative_to(folder))
    return value


def differences(then: Mapping[str, Any], now: TrainConfig) -> list[str]:
    """
    Return what differs between two configurations, for people; nothing where they train the same.

    What an older one does not say had the values that are now the defaults.

    :param then: plain values of it, paths as they may be
    """
    try:
        before = dict(_flat(TrainConfig.from_dict(then, 'there').to_dict()))
    except ConfigError as error:
        return [f'it can not be read any more ({error})']
    after = dict(_flat(now.to_dict()))
    return [
        f'{key} was {before.get(key)} and is {after.get(key)}'
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key)
    ]


def _flat(values: Mapping[str, Any], prefix: str = '') -> Iterator[tuple[str, Any]]:
    """Yield values by their dotted keys."""
    for key, value in values.items():
        name = f'{prefix}{key}'
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f'{name}.')
        else:
            yield name, value is not None if name in _PLACES else value
