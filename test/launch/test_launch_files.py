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
"""The launch files are whole; where launch_ros is there, they start the real nodes."""

from __future__ import annotations

import ast
import json
import os
import runpy
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.nodes.recipes import load_recipe, recipe_names
from cdst_ros.recordings.writer import Picture, RecordingWriter

LAUNCH = Path(__file__).parents[2] / 'launch'
FILES = sorted(LAUNCH.glob('*.launch.py'))

#: What a launch file may not call or import.
FORBIDDEN = {'eval', 'exec', 'subprocess', 'system', 'popen', 'Popen'}


def names_in(tree: ast.AST) -> set[str]:
    """Return every name that a file uses: variables, attributes, modules."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
    return found


def test_launch_files_are_those_that_the_readme_names():
    names = ('demo', 'evaluate', 'learn', 'rviz', 'superres', 'trainer', 'transform')
    assert [file.name for file in FILES] == [f'{name}.launch.py' for name in names]


@pytest.mark.parametrize('file', FILES, ids=lambda file: file.name)
def test_launch_file_compiles_and_does_no_work_at_import(file):
    tree = ast.parse(file.read_text())
    compile(tree, str(file), 'exec')
    assert not names_in(tree) & FORBIDDEN
    for statement in tree.body:
        assert isinstance(
            statement, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.Assign | ast.Expr
        )
        if isinstance(statement, ast.Assign):
            assert not any(isinstance(n, ast.Call) for n in ast.walk(statement.value))
        if isinstance(statement, ast.Expr):
            assert isinstance(statement.value, ast.Constant), 'the docstring'


@pytest.mark.parametrize('file', FILES, ids=lambda file: file.name)
def test_every_argument_says_what_it_is_for(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'DeclareLaunchArgument':
            assert {'default_value', 'description'} <= {k.arg for k in node.keywords}


@pytest.fixture
def launch() -> Any:
    pytest.importorskip('launch_ros.actions', reason='launch_ros has no wheels')
    return pytest.importorskip('launch')


def arguments(launch: Any, file: Path) -> dict[str, Any]:
    """Return the arguments that a launch file declares, by name."""
    described = runpy.run_path(str(file))['generate_launch_description']()
    return {argument.name: argument for argument in described.get_launch_arguments()}


@pytest.mark.launch
def test_arguments_have_choices_where_there_are_some(launch):
    found = arguments(launch, LAUNCH / 'superres.launch.py')
    assert set(found) >= {'camera', 'depth', 'camera_info', 'model', 'engine', 'params_file'}
    assert set(found) >= {'color', 'color_info', 'guided_model'}
    assert set(found) >= {'namespace', 'use_sim_time', 'rviz', 'log_level'}
    assert found['camera'].choices == ['none', *recipe_names()]
    for name in ('use_sim_time', 'rviz', 'start_driver', 'log_level'):
        assert found[name].choices
    assert all(argument.description for argument in found.values())


def described(launch: Any, **given: str) -> tuple[list[Any], Any]:
    """Return what superres.launch.py starts for these arguments, and their context."""
    context = launch.LaunchContext()
    module = runpy.run_path(str(LAUNCH / 'superres.launch.py'))
    for argument in module['declare_arguments']():
        argument.execute(context)
    context.launch_configurations.update(given)
    return module['describe'](context), context


def rviz_of(entities: list[Any]) -> Any:
    """Return the action that includes rviz.launch.py."""
    included = (e for e in entities if type(e).__name__ == 'IncludeLaunchDescription')
    return next(e for e in included if 'fixed_frame' in dict(e.launch_arguments))


def node_named(launch: Any, entities: list[Any], name: str) -> Any:
    from launch_ros.actions import Node

    return next(e for e in entities if isinstance(e, Node) and e.node_executable == name)


@pytest.mark.launch
@pytest.mark.parametrize('camera', recipe_names())
def test_known_camera_brings_its_driver_and_topics(launch, camera):
    entities, context = described(launch, camera=camera)
    kinds = [type(entity).__name__ for entity in entities]
    assert 'IncludeLaunchDescription' in kinds
    assert node_named(launch, entities, 'superres') is not None
    rviz = rviz_of(entities)
    assert not rviz.condition.evaluate(context)


@pytest.mark.launch
def test_colour_and_its_model_reach_the_node(launch):
    module = runpy.run_path(str(LAUNCH / 'superres.launch.py'))
    given = dict.fromkeys(module['INPUTS'].values(), '')
    recipe = load_recipe('femto')
    topics = module['input_topics'](recipe, {**given, 'color': '/front/rgb'})
    assert topics['rgb/image_raw'] == '/front/rgb'
    assert topics['rgb/camera_info'] == recipe.topics['rgb/camera_info']
    entities, _ = described(launch, guided_model='guided_x4', color='/front/rgb')
    node = node_named(launch, entities, 'superres')
    told = repr(
        [[[part.text for part in words] for words in rule] for rule in node._Node__remappings]
    )
    assert '/front/rgb' in told


@pytest.mark.launch
def test_parameters_that_are_not_there_are_refused(launch):
    with pytest.raises(FileNotFoundError, match=r'/none\.yaml does not exist'):
        described(launch, params_file='/none.yaml')


@pytest.mark.launch
def test_profile_is_set_only_where_the_user_has_set_none(launch, monkeypatch):
    for name in ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv('RMW_IMPLEMENTATION', raising=False)
    kinds = [type(entity).__name__ for entity in described(launch)[0]]
    assert 'SetEnvironmentVariable' in kinds
    monkeypatch.setenv('FASTDDS_DEFAULT_PROFILES_FILE', '/mine.xml')
    kinds = [type(entity).__name__ for entity in described(launch)[0]]
    assert 'SetEnvironmentVariable' not in kinds


@pytest.mark.launch
def test_rviz_is_shown_the_topics_of_the_camera_and_of_the_namespace(launch):
    remappings = runpy.run_path(str(LAUNCH / 'rviz.launch.py'))['remappings']
    given = {'namespace': '/front/', 'depth': '/tof/depth', 'camera_info': ''}
    shown = remappings(given)
    assert shown['/depth/image_raw'] == '/tof/depth'
    assert shown['/depth/camera_info'] == '/front/depth/camera_info'
    assert shown['/evaluator/error_picture'] == '/front/evaluator/error_picture'
    configured = (LAUNCH.parent / 'cdst_ros/config/superres.rviz').read_text()
    for topic in shown:
        if not topic.endswith('camera_info'):
            assert topic in configured


@pytest.mark.launch
def test_evaluation_needs_something_to_play(launch):
    evaluation_of = runpy.run_path(str(LAUNCH / 'evaluate.launch.py'))['evaluation_of']
    with pytest.raises(ValueError, match='say what to play'):
        evaluation_of({'bag': ''})


@pytest.mark.launch
def test_evaluate_launch_plays_scores_and_ends_by_itself(launch, tmp_path):
    pytest.importorskip('ros2launch', reason='needs ros2 launch and an installed package')
    camera = CameraModel.from_intrinsics(30, 30, 15.5, 11.5, 32, 24)
    with RecordingWriter(tmp_path / 'walk', rate_hz=10.0) as writer:
        for k in range(3):
            depth = np.full((24, 32), 2.0, np.float32)
            depth[:, 10 + k :] = 1.0
            writer.append(10**9 * (k + 1), Picture(depth, 'optical', camera))
    report = tmp_path / 'report.json'
    command = ['ros2', 'launch', 'cdst_ros', 'evaluate.launch.py', f'bag:={tmp_path / "walk"}']
    done = subprocess.run(
        [*command, 'engine:=bicubic', f'json:={report}'],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(json.loads(report.read_text())['frames']) == 3


@pytest.mark.launch
def test_demo_launch_plays_and_enlarges_until_it_is_interrupted(launch):
    pytest.importorskip('ros2launch', reason='needs ros2 launch and an installed package')
    process = subprocess.Popen(
        ['ros2', 'launch', 'cdst_ros', 'demo.launch.py', 'engine:=bicubic', 'width:=48'],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(os.environ),
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if 'frames at 30 Hz' in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert 'published' in output, 'the camera ended in good order'
