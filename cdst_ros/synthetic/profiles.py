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
"""The sensor profiles that ship, by name, and any other from a file."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from cdst_ros.synthetic.sensor import GENERIC, IDEAL, SensorProfile

_FOLDER = Path(str(files('cdst_ros') / 'config' / 'sensors'))
_BUILT_IN = {profile.name: profile for profile in (GENERIC, IDEAL)}


def profile_names() -> list[str]:
    """Return the names that ``load_profile`` knows: those in the code, then those of files."""
    return [*_BUILT_IN, *sorted(path.stem for path in _FOLDER.glob('*.yaml'))]


def load_profile(name_or_path: str | Path) -> SensorProfile:
    """
    Return a profile by its name, or that of a YAML file.

    :raises ValueError: when there is none, naming those there are, or it is not allowed
    """
    name = str(name_or_path)
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    shipped = _FOLDER / f'{name}.yaml'
    path = shipped if name in profile_names() else Path(name).expanduser()
    if not path.is_file():
        raise ValueError(
            f'there is no sensor profile {name!r}: give one of {", ".join(profile_names())}, or '
            'the path of a YAML file'
        )
    return _read(path)


def lasting_name(name_or_path: str) -> str:
    """
    Return a profile's name, or its file whatever folder a process works in; empty stays empty.

    :raises ValueError: when there is no such profile, or it is not allowed
    """
    if not name_or_path or name_or_path in profile_names():
        return name_or_path
    load_profile(name_or_path)
    return str(Path(name_or_path).expanduser().resolve())


def degrading_profile(name: str, others: Iterable[str]) -> SensorProfile:
    """
    Return the profile that a degradation names, which is none of ``others``.

    :param others: ways of making images smaller that are no sensor's
    :raises ValueError: when there is no such profile, naming all there is, or it is not allowed
    """
    try:
        return load_profile(name)
    except ValueError as error:
        if name in profile_names() or name.endswith(('.yaml', '.yml')):
            raise
        raise ValueError(
            f'there is no degradation {name!r}: use one of {", ".join(others)}, a sensor '
            f'profile ({", ".join(profile_names())}) or the YAML file of one'
        ) from error


@lru_cache(maxsize=32)
def _read(path: Path) -> SensorProfile:
    import yaml  # scenes and the profiles in the code do without

    try:
        values = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f'{path} cannot be read as a sensor profile: {error}') from error
    if not isinstance(values, dict):
        raise ValueError(f'{path} is no sensor profile: it must map names to values')
    try:
        return SensorProfile.from_dict(values)
    except (ValueError, TypeError) as error:
        raise ValueError(f'{path}: {error}') from error
