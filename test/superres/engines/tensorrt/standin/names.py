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
"""
What the real bindings have, and a check of every call against it.

The version is that in the environment variable STANDIN_TENSORRT or STANDIN_CUDA; what fails is
named in STANDIN_FAULTS, separated by commas. Processes inherit all three.
"""

from __future__ import annotations

import functools
import json
import os
import re
from pathlib import Path

NAMES = json.loads((Path(__file__).parents[1] / 'names.json').read_text())


def version_of(kind: str) -> str:
    """Return which version of ``tensorrt`` or ``cuda`` is played."""
    return os.environ.get(f'STANDIN_{kind.upper()}') or list(NAMES[kind])[-1]


def fault(name: str) -> bool:
    """Return whether something is to fail."""
    return name in os.environ.get('STANDIN_FAULTS', '').split(',')


def fits(value, kind: str) -> bool:
    """Return whether a value may be passed where the bindings declare ``kind``."""
    if kind in ('int', 'str', 'bool', 'tuple', 'list'):
        return type(value).__name__ == kind
    if kind == 'buffer':
        return isinstance(value, bytes)
    if kind == 'Dims':
        return isinstance(value, tuple) and all(type(side) is int for side in value)
    bases = {base.__name__ for base in type(value).__mro__}
    return kind.rsplit('.', maxsplit=1)[-1] in bases


def parameters_of(signature: str) -> list[tuple[str, str, bool]]:
    """Return name, type and whether there is a default, of each parameter but self."""
    inner = re.match(r'\(self: [\w.]+(?:, )?(.*)\) -> ', signature).group(1)
    found = []
    for part in filter(None, inner.split(', ')):
        declared, _, default = part.partition(' = ')
        name, kind = declared.split(': ')
        found.append((name, kind, bool(default)))
    return found


def accepts(signature: str, arguments: tuple, keywords: dict) -> bool:
    """Return whether a call fits a signature of pybind11."""
    parameters = parameters_of(signature)
    if len(arguments) > len(parameters):
        return False
    given = dict(zip((name for name, _, _ in parameters), arguments, strict=False)) | keywords
    known = {name for name, _, _ in parameters}
    return set(given) <= known and all(
        fits(given[name], kind) if name in given else has_default
        for name, kind, has_default in parameters
    )


def checked(name: str, member: str, signatures: list[str], function):
    """Return a method that takes and returns only what the real one does."""

    @functools.wraps(function)
    def call(self, *arguments, **keywords):
        fitting = [s for s in signatures if accepts(s, arguments, keywords)]
        if not fitting:
            raise TypeError(f'{name}.{member}{arguments}{keywords} fits none of {signatures}')
        found = function(self, *arguments, **keywords)
        due = fitting[0].rsplit(' -> ', maxsplit=1)[-1]
        if due in ('bool', 'int', 'str', 'None'):
            assert type(found).__name__ == due.replace('None', 'NoneType'), (name, member, found)
        return found

    return call


def real(cls: type) -> type:
    """Take away from a class what the real one lacks, and check calls of the rest."""
    members = NAMES['tensorrt'][version_of('tensorrt')]['classes'][cls.__name__]
    for key, member in list(vars(cls).items()):
        if key.startswith('_') and key != '__init__':
            continue
        if key not in members:
            delattr(cls, key)
        elif isinstance(members[key], list) and callable(member) and members[key]:
            setattr(cls, key, checked(cls.__name__, key, members[key], member))
        elif isinstance(member, property):
            settable = members[key] == 'settable'
            assert (member.fset is not None) <= settable, f'{cls.__name__}.{key} can not be set'
    return cls


def cuda_types(doc: str) -> list[str]:
    """Return what each parameter of a function of cuda.bindings is, empty where it is a handle."""
    inner = re.match(r'\w+\((.*)\)', doc).group(1)
    kinds = []
    for part in filter(None, inner.split(', ')):
        name, _, kind = part.partition(': ')
        kinds.append(kind or ('int' if ' ' in name else ''))
    return kinds
