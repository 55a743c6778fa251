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
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from cdst_ros import __version__


def info(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``cdst-ros info`` in a process of its own, as a shell with these variables would."""
    code = 'from cdst_ros.cli import main; main()'
    command = [sys.executable, '-c', code, 'info', *arguments]
    environ = {**os.environ, 'COLUMNS': '200', **variables}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def has_wheels() -> bool:
    try:
        return bool(metadata.version('ros-rclpy'))
    except metadata.PackageNotFoundError:
        return False


def test_it_names_what_is_here_and_writes_the_same_as_json(tmp_path: Path):
    file = tmp_path / 'info.json'
    done = info('--json', str(file))
    written = json.loads(file.read_text())
    assert done.returncode == (0 if written['ok'] else 1)
    assert written['version'] == __version__
    for finding in written['findings']:
        assert f'{finding["name"]}: {finding["value"]}' in done.stdout
    found = {(finding['topic'], finding['name']): finding for finding in written['findings']}
    assert found['Libraries', 'NumPy']['value'] == metadata.version('numpy')
    assert found['Engines', 'bicubic']['status'] == 'ok'
    assert found['Models', 'guided_x4']['value'].endswith('sees colour as well')
    assert 'colour' not in found['Models', 'lite_x4']['value']


@pytest.mark.skipif(not has_wheels(), reason='needs the wheels of rclpy')
def test_wheels_in_a_shell_with_a_sourced_ros_end_in_exit_code_1(tmp_path: Path):
    marker = tmp_path / 'share/ament_index/resource_index/packages/rclpy'
    marker.parent.mkdir(parents=True)
    marker.touch()
    done = info(AMENT_PREFIX_PATH=str(tmp_path), ROS_DISTRO='jazzy')
    assert done.returncode == 1
    assert f'mixed: jazzy sourced from {tmp_path}' in done.stdout


def test_a_library_that_breaks_when_imported_is_reported_with_its_error(tmp_path: Path):
    (tmp_path / 'cv2.py').write_text('raise ImportError("built for NumPy 1")\n')
    done = info(PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert 'OpenCV: cannot be imported: ImportError: built for NumPy 1' in done.stdout
    assert 'constraints/robot.txt' in done.stdout


def test_a_typer_too_old_for_the_verbs_is_named_with_what_to_do(tmp_path: Path):
    (tmp_path / 'typer.py').write_text("__version__ = '0.4.0'\nTyper = Option = object\n")
    done = info(PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith('cdst-ros: typer is 0.4.0, older than 0.9: install typer')
