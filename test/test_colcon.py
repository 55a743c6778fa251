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
"""colcon takes this for the ament_python package that it is, builds it, and tests it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COLCON = shutil.which('colcon')

pytestmark = pytest.mark.skipif(COLCON is None, reason='needs colcon on the PATH')


@pytest.fixture(scope='module')
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a copy of this package, as git would check it out, built."""
    folder = tmp_path_factory.mktemp('workspace')
    target = folder / 'src/cdst_ros'
    for name in filter(is_source, os.listdir(ROOT)):
        target.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            # Other tests fill and empty these folders meanwhile.
            unneeded = shutil.ignore_patterns('__pycache__')
            shutil.copytree(ROOT / name, target / name, ignore=unneeded)
        else:
            shutil.copy(ROOT / name, target / name)
    colcon(folder, 'build')
    return folder


def is_source(name: str) -> bool:
    """Whether a name at the top is of the package, not of an environment or a build."""
    known = {'LICENSE', 'README.md', 'cdst_ros', 'launch', 'package.xml', 'pyproject.toml'}
    return name in {*known, 'resource', 'setup.cfg', 'setup.py', 'test'}


def colcon(folder: Path, *arguments: str) -> str:
    """Run colcon in a workspace and return what it printed; its failure is the test's."""
    done = subprocess.run(
        [str(COLCON), '--log-base', 'log', *arguments],
        cwd=folder,
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def plain_environment() -> dict[str, str]:
    """This process's variables, less those with which wheels of rclpy re-executed it."""
    dropped = {'_ROS_WHEELS_BOOTSTRAP_COMPLETE', 'LD_LIBRARY_PATH'}
    return {name: value for name, value in os.environ.items() if name not in dropped}


def sourced(workspace: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a shell that has sourced the workspace, with this Python first."""
    python = Path(sys.executable).parent
    script = f'. install/local_setup.sh && export PATH="{python}:$PATH" && {command}'
    return subprocess.run(
        ['bash', '-c', script],
        cwd=workspace,
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_known_as_ament_python_not_as_plain_python(workspace: Path):
    assert colcon(workspace, 'list').split() == ['cdst_ros', 'src/cdst_ros', '(ros.ament_python)']


def test_the_build_installs_launch_files_configuration_models_and_index(workspace: Path):
    share = workspace / 'install/cdst_ros/share'
    assert (share / 'ament_index/resource_index/packages/cdst_ros').is_file()
    assert (share / 'cdst_ros/package.xml').is_file()
    assert names(share / 'cdst_ros/launch') == names(ROOT / 'launch') != []
    assert names(share / 'cdst_ros/config') == names(ROOT / 'cdst_ros/config') != []
    (module,) = (workspace / 'install/cdst_ros/lib').glob('python*/site-packages/cdst_ros')
    weights = 'superres/weights'
    assert names(module / weights) == names(ROOT / 'cdst_ros' / weights) != []


def names(folder: Path) -> list[str]:
    """Files below a folder, caches aside."""
    files = (file for file in folder.rglob('*') if file.is_file() and file.suffix != '.pyc')
    return sorted(str(file.relative_to(folder)) for file in files)


def test_the_scripts_are_where_ros2_run_looks_and_run_under_the_python_on_the_path(
    workspace: Path,
):
    scripts = workspace / 'install/cdst_ros/lib/cdst_ros'
    assert {'camera', 'cdst-ros', 'evaluator', 'superres'} <= {
        file.name for file in scripts.iterdir()
    }
    for script in scripts.iterdir():
        assert script.read_text().startswith('#!/usr/bin/env python3\n')


def test_a_shell_that_sourced_the_workspace_runs_what_was_built(workspace: Path):
    code = 'import cdst_ros; print(cdst_ros.__file__)'
    module = sourced(workspace, f'cd / && python3 -c "{code}"')
    assert module.stdout.startswith(str(workspace / 'install')), module.stderr
    version = sourced(workspace, 'install/cdst_ros/lib/cdst_ros/cdst-ros --version')
    assert version.stdout.startswith('cdst-ros '), version.stderr


def test_colcon_test_runs_the_tests(workspace: Path):
    colcon(workspace, 'test', '--pytest-args', 'test/depth')
    result = colcon(workspace, 'test-result')
    assert ' 0 errors, 0 failures' in result
    assert not result.startswith('Summary: 0 tests')
