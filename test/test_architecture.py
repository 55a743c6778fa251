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
"""The arrows between the rooms run down only, and each library stays in its rooms."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / 'cdst_ros'

#: What a room may import of this package: whole rooms, or single modules of one.
ARROWS = {
    'depth': set(),
    'synthetic': {'depth'},
    'recordings': {'depth'},
    'superres': {'depth', 'environment'},
    'evaluation': {'depth', 'recordings', 'superres', 'synthetic'},
    'models': set(),
    'training': {
        'depth',
        'evaluation.degrade',
        'evaluation.lowering',
        'evaluation.metrics',
        'evaluation.references',
        'evaluation.resampling',
        'evaluation.seen_color',
        'evaluation.sources',
        'evaluation.spread',
        'models',
        'recordings',
        'superres.contract',
        'superres.engine',
        'superres.graph',
        'superres.store',
        'synthetic',
    },
    'learning': {'depth', 'evaluation', 'recordings', 'superres', 'synthetic'},
    'nodes': {
        'depth',
        'environment',
        'evaluation',
        'learning',
        'recordings',
        'superres',
        'synthetic',
    },
    'environment': set(),
}

MESSAGES = {
    'builtin_interfaces',
    'diagnostic_msgs',
    'geometry_msgs',
    'lifecycle_msgs',
    'rcl_interfaces',
    'rosgraph_msgs',
    'sensor_msgs',
    'std_msgs',
    'std_srvs',
    'tf2_msgs',
}

#: What a room may import from outside.
LIBRARIES = {
    'depth': {'cv2', 'numpy'},
    'synthetic': {'cv2', 'numpy', 'yaml'},
    'recordings': {'cv2', 'mcap', 'numpy', 'rosbags', 'yaml', 'zstandard'},
    'superres': {'cv2', 'numpy', 'onnxruntime', 'openvino'},
    'evaluation': {'cv2', 'numpy', 'rosbags'},
    'models': {'torch'},
    'training': {'cv2', 'lightning', 'numpy', 'onnx', 'onnxruntime', 'rich', 'torch', 'yaml'},
    'learning': {'numpy'},
    'nodes': {'cv2', 'numpy', 'rclpy', 'yaml', *MESSAGES},
    'environment': set(),
    'cli': {'cv2', 'numpy', 'rich', 'typer', 'yaml'},
}

#: What one folder of a room may import besides.
FOLDERS = {
    'evaluation/cards': {'jinja2', 'matplotlib'},
    'evaluation/html': {'jinja2', 'matplotlib'},
    'recordings/datasets': {'h5py'},
    'superres/engines/tensorrt': {'cuda', 'tensorrt'},
    'superres/graph': {'onnx'},
}


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).with_suffix('').parts[0]


def imports_of(file: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{file}: imports are absolute'
            yield from (f'{node.module}.{name.name}' for name in node.names)


def rooms_imported(file: Path) -> set[str]:
    """What a file imports of this package, without the package's name: ``superres.contract``."""
    names = (name.split('.') for name in imports_of(file))
    return {'.'.join(parts[1:]) for parts in names if parts[0] == 'cdst_ros' and parts[1:]}


def libraries_imported(file: Path) -> set[str]:
    found = {name.split('.')[0] for name in imports_of(file)}
    return found - set(sys.stdlib_module_names) - {'cdst_ros'}


def is_allowed(module: str, room: str) -> bool:
    parts = module.split('.')
    prefixes = {'.'.join(parts[:length]) for length in range(1, len(parts) + 1)}
    return bool(prefixes & {'__version__', room, *ARROWS[room]})


def files_of(rooms: dict[str, set[str]]) -> list[Path]:
    files = (file for file in sorted(PACKAGE.rglob('*.py')) if file.parent != PACKAGE)
    return [file for file in [*files, PACKAGE / 'environment.py'] if room_of(file) in rooms]


def name_of(file: Path) -> str:
    return str(file.relative_to(PACKAGE))


def test_every_room_has_its_rules():
    rooms = {path.parent.name for path in PACKAGE.glob('*/__init__.py')}
    assert rooms - {'cli'} <= ARROWS.keys()
    assert rooms <= LIBRARIES.keys()


@pytest.mark.parametrize('file', files_of(ARROWS), ids=name_of)
def test_a_room_imports_only_rooms_below_it(file: Path):
    room = room_of(file)
    assert {module for module in rooms_imported(file) if not is_allowed(module, room)} == set()


@pytest.mark.parametrize('file', files_of(LIBRARIES), ids=name_of)
def test_a_library_stays_in_its_rooms(file: Path):
    folder = file.parent.relative_to(PACKAGE).as_posix()
    allowed = LIBRARIES[room_of(file)] | FOLDERS.get(folder, set())
    assert libraries_imported(file) - allowed == set()


def test_a_folder_with_libraries_of_its_own_loads_them_only_when_used():
    rooms = [folder.replace('/', '.') for folder in FOLDERS]
    told = f'import sys, {", ".join(f"cdst_ros.{room}" for room in rooms)}; print(*sys.modules)'
    command = [sys.executable, '-c', told]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert not set().union(*FOLDERS.values()) & set(loaded)


def test_an_arrow_that_runs_up_is_seen(tmp_path: Path):
    file = tmp_path / 'file.py'
    file.write_text('def f():\n    from cdst_ros.superres import engines\n    import torch.nn\n')
    assert rooms_imported(file) == {'superres.engines'}
    assert libraries_imported(file) == {'torch'}
    assert not is_allowed('superres.engines', 'training')
    assert is_allowed('superres.contract.ModelMetadata', 'training')
