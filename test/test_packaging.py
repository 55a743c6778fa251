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
"""What colcon, rosdep and pip read of this package says the same, and is complete."""

import ast
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

import cdst_ros

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / 'cdst_ros'

#: The apt key of a library that is imported under another name than the key's.
APT_KEYS = {'cv2': 'python3-opencv', 'yaml': 'python3-yaml'}

#: No apt key exists for these: they come by pip, on a robot into an environment of its own.
PIP_ONLY = {'cuda', 'mcap', 'onnxruntime', 'openvino', 'rosbags', 'tensorrt', 'zstandard'}

#: pip's name of a library that is imported under another name.
PIP_NAMES = {'cv2': 'opencv-python-headless', 'yaml': 'pyyaml'}

#: Libraries of an extra that the core imports where it needs them, and says so where they lack.
EXTRAS = {'h5py': 'datasets', 'jinja2': 'report', 'matplotlib': 'report', 'onnx': 'convert'}

#: By hand: from JetPack or NVIDIA, and CUDA's of the major version that is there.
UNDECLARED = {'cuda', 'tensorrt'}


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What setup.py tells setuptools."""
    setuptools = pytest.importorskip('setuptools')
    told: dict[str, Any] = {}
    monkeypatch.setattr(setuptools, 'setup', told.update)
    runpy.run_path(str(ROOT / 'setup.py'))
    return told


@pytest.fixture(scope='module')
def manifest() -> Any:
    parser = pytest.importorskip('catkin_pkg.package', reason='needs catkin_pkg')
    return parser.parse_package(ROOT)


def imported(files: list[Path]) -> set[str]:
    """The modules that files import, by their first names."""
    names = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module)
    return {name.split('.')[0] for name in names}


def names(requirements: list[str]) -> set[str]:
    """Names of requirements such as ``ros-rclpy[fastrtps]>=9; marker``."""
    stops = str.maketrans(dict.fromkeys('[;<>=!~ ', '\n'))
    return {requirement.translate(stops).split('\n')[0] for requirement in requirements}


def test_the_manifest_is_valid_and_says_ament_python(manifest):
    manifest.validate()
    assert manifest.name == 'cdst_ros'
    assert manifest.get_build_type() == 'ament_python'


def test_versions_agree(manifest, setup):
    assert manifest.version == setup['version'] == cdst_ros.__version__


def test_what_a_robot_runs_is_declared_with_apt_keys(manifest):
    rooms = ('cli', 'depth', 'evaluation', 'nodes', 'recordings', 'superres', 'synthetic')
    files = [file for room in rooms for file in (PACKAGE / room).rglob('*.py')]
    files += (ROOT / 'launch').rglob('*.py')
    declared = {depend.name for depend in manifest.exec_depends}
    wanted = imported(files) - set(sys.stdlib_module_names) - {'cdst_ros', 'torch'} - PIP_ONLY
    wanted -= EXTRAS.keys()
    keys = {'numpy', 'rich', 'typer'}
    wanted = {APT_KEYS.get(name, f'python3-{name}' if name in keys else name) for name in wanted}
    assert wanted <= declared
    assert not {name for name in declared if name.endswith('-pip')}


def test_what_the_core_imports_is_declared_to_pip(setup):
    rooms = ('cli', 'depth', 'evaluation', 'recordings', 'superres', 'synthetic')
    files = [file for room in rooms for file in (PACKAGE / room).rglob('*.py')]
    wanted = imported(files) - set(sys.stdlib_module_names) - {'cdst_ros'} - UNDECLARED
    wanted = {PIP_NAMES.get(name, name) for name in wanted - EXTRAS.keys()}
    assert wanted <= names(setup['install_requires'])


def test_what_only_some_runs_need_is_an_extra(setup):
    extras = {
        extra: names(requirements) for extra, requirements in setup['extras_require'].items()
    }
    assert all(name in extras[extra] for name, extra in EXTRAS.items())
    assert not EXTRAS.keys() & names(setup['install_requires'])


def test_every_script_names_a_function_that_exists(setup):
    scripts = setup['entry_points']['console_scripts']
    assert len(scripts) >= 4
    for script in scripts:
        module, function = script.split(' = ')[1].split(':')
        path = ROOT.joinpath(*module.split('.'))
        file = path / '__init__.py' if path.is_dir() else path.with_suffix('.py')
        body = ast.parse(file.read_text()).body
        assert function in {node.name for node in body if isinstance(node, ast.FunctionDef)}


def test_pip_takes_every_data_file_along(setup):
    below = {str(file.relative_to(PACKAGE)) for file in PACKAGE.rglob('*') if is_data(file)}
    assert below == set(setup['package_data']['cdst_ros'])
    assert {'config/fastdds.xml', 'py.typed'} <= below


def test_ros_gets_its_index_entry_manifest_launch_files_and_configuration(setup):
    installed = {
        f'{folder}/{Path(file).name}' for folder, files in setup['data_files'] for file in files
    }
    launch = {file.name for file in (ROOT / 'launch').iterdir() if file.suffix != '.pyc'}
    assert 'share/ament_index/resource_index/packages/cdst_ros' in installed
    assert 'share/cdst_ros/package.xml' in installed
    assert 'share/cdst_ros/config/cameras/d435.yaml' in installed
    assert {f'share/cdst_ros/launch/{name}' for name in launch if '.' in name} <= installed


def is_data(file: Path) -> bool:
    return file.is_file() and file.suffix != '.py' and '__pycache__' not in file.parts
