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
"""The models that come with the package."""

from __future__ import annotations

from collections.abc import Collection
from importlib import resources
from pathlib import Path

from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engine import ModelError

_SUFFIX = '.onnx'


def shipped_models() -> dict[str, Path]:
    """Return the shipped models by name, sorted, such as ``lite_x4``."""
    return {path.stem: path for path in sorted(_weights().glob('*' + _SUFFIX))}


def depth_models(scales: Collection[int] | None = None) -> dict[str, Path]:
    """
    Return the shipped models of depth alone by name, sorted.

    What is taken where nobody has named a model is one of these: nobody has said that there is
    colour either.

    :param scales: of these alone
    :raises ModelError: for a file that cannot be read
    """
    found = {}
    for name, path in shipped_models().items():
        metadata = read_metadata(path)
        if not metadata.guided and (scales is None or metadata.scale in scales):
            found[name] = path
    return found


def precisions_of(name: str) -> dict[str, Path]:
    """Return the files of a shipped model in lower precision, by precision, such as ``int8``."""
    folder = _weights()
    return {
        path.parent.name: path
        for path in sorted(folder.glob(f'*/{name}_*{_SUFFIX}'))
        if path.stem == f'{name}_{path.parent.name}'
    }


def find_model(name_or_path: str | Path) -> Path:
    """
    Return the file of a shipped model, or the given path where there is such a file.

    The name of a lower precision that ships has it behind: ``lite_x4_int8``.

    :raises ModelError: where it is neither; tells what there is
    """
    shipped = shipped_models()
    if str(name_or_path) in shipped:
        return shipped[str(name_or_path)]
    base, _, precision = str(name_or_path).rpartition('_')
    if base in shipped and precision in precisions_of(base):
        return precisions_of(base)[precision]
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return path
    names = ', '.join(shipped) or 'none'
    raise ModelError(
        f'{name_or_path} is neither a shipped model ({names}) nor a file: '
        'give one of these names or the path of an .onnx file'
    )


def _weights() -> Path:
    return Path(str(resources.files('cdst_ros.superres'))) / 'weights'
