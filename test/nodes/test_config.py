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
"""What ships in config/ fits the node that reads it."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import rclpy
import yaml
from rclpy.parameter import Parameter

from cdst_ros.nodes.collecting.parameters import CollectorParameters
from cdst_ros.nodes.learning.parameters import DeskParameters
from cdst_ros.nodes.parameters import Parameters
from cdst_ros.nodes.recipes import (
    TOPICS,
    RecipeError,
    config_path,
    load_recipe,
    recipe_names,
)
from cdst_ros.nodes.superres_node import SuperresNode
from cdst_ros.nodes.trainer_node import TrainerNode
from cdst_ros.nodes.trainer_parameters import TrainerParameters


def declared(values: dict[str, Any]) -> SuperresNode:
    """Return a node that was given these parameters, as a params_file would."""
    return SuperresNode(
        parameter_overrides=[Parameter(name, value=value) for name, value in values.items()]
    )


def test_there_is_a_recipe_for_each_kind_of_camera():
    assert set(recipe_names()) >= {'d435', 'femto', 'oak_tof', 'azure_kinect'}


@pytest.mark.parametrize('name', recipe_names())
def test_recipe_names_absolute_topics_of_ours(name):
    recipe = load_recipe(name)
    assert {'depth/image_raw', 'depth/camera_info'} <= set(recipe.topics) <= set(TOPICS)
    for topic in recipe.topics.values():
        assert re.fullmatch(r'(/[a-zA-Z][a-zA-Z0-9_]*)+', topic), topic
    assert recipe.description
    assert re.fullmatch(r'[a-z][a-z0-9_]*', recipe.frame)


@pytest.mark.parametrize('name', recipe_names())
def test_recipe_sets_parameters_that_the_node_takes(name):
    parameters = load_recipe(name).parameters
    assert set(parameters) <= set(Parameters.names())
    node = declared(parameters)
    try:
        values = Parameters.read(node)
        values.check()
        assert {n: getattr(values, n) for n in parameters} == parameters
    finally:
        node.destroy_node()


@pytest.mark.parametrize('name', recipe_names())
def test_recipe_cites_its_source_and_starts_the_driver(name):
    text = config_path('cameras', f'{name}.yaml').read_text()
    assert re.search(r'# From \S+/\S+ at [0-9a-f]{7,}', text), 'repository and commit'
    driver = load_recipe(name).driver
    assert driver.command().startswith(f'ros2 launch {driver.package} {driver.launch}')
    assert all(isinstance(value, str) for value in driver.arguments.values()), 'as launch takes'
    if 'params_file' in driver.arguments:
        given = yaml.safe_load(Path(driver.arguments['params_file']).read_text())
        assert all('ros__parameters' in node for node in given.values())


def test_unknown_camera_is_refused_with_those_there_are():
    with pytest.raises(RecipeError, match='d435'):
        load_recipe('webcam')


def test_recipe_with_a_fault_names_the_file(tmp_path, monkeypatch):
    (tmp_path / 'cameras').mkdir()
    (tmp_path / 'cameras' / 'mine.yaml').write_text('description: mine\nframe: f\n')
    monkeypatch.setattr('cdst_ros.nodes.recipes._CONFIG', tmp_path)
    with pytest.raises(RecipeError, match=r'mine\.yaml.*topics'):
        load_recipe('mine')


#: The parameter files, the nodes that read them, and what declares their parameters.
FILES = {
    'superres.yaml': (SuperresNode, (Parameters,)),
    'trainer.yaml': (TrainerNode, (TrainerParameters, CollectorParameters, DeskParameters)),
}


@pytest.mark.parametrize('name', FILES)
def test_parameter_file_documents_every_parameter_and_its_default(name):
    text = config_path(name).read_text()
    values = yaml.safe_load(text)['/**']['ros__parameters']
    declared_fields = [f for kind in FILES[name][1] for f in fields(kind)]
    assert values == {f.name: f.default for f in declared_fields}
    for f in declared_fields:
        comment = re.search(rf'((?:    #.*\n)+)    {f.name}:', text)
        assert comment, f.name
        said = ' '.join(line.strip(' #') for line in comment.group(1).splitlines())
        assert f.metadata['description'] in said, f.name
        assert all(choice in said for choice in f.metadata['choices']), f.name


@pytest.mark.parametrize('name', FILES)
def test_parameter_file_is_read_as_ros_reads_it(name):
    context = rclpy.Context()
    rclpy.init(
        context=context,
        args=['--ros-args', '--params-file', str(config_path(name))],
    )
    make, kinds = FILES[name]
    node = make(context=context)
    try:
        for kind in kinds:
            assert kind.read(node) == kind()
    finally:
        node.destroy_node()
        context.try_shutdown()


def test_rviz_shows_what_the_nodes_publish():
    shown = yaml.safe_load(config_path('superres.rviz').read_text())['Visualization Manager']
    images, clouds = set(), []
    for display in shown['Displays']:
        kind = display['Class']
        if kind == 'rviz_default_plugins/Image':
            images.add(display['Topic']['Value'])
            continue
        assert display['Autocompute Value Bounds'] == {
            'Max Value': 6,
            'Min Value': 0,
            'Value': False,
        }, 'one scale for all clouds'
        if kind == 'rviz_default_plugins/PointCloud2':
            assert display['Color Transformer'] == 'RGB8'
            clouds.append(display['Topic']['Value'])
        else:
            assert kind == 'rviz_default_plugins/DepthCloud'
            clouds.append(display['Depth Map Topic'])
    ours = {'/depth_hr/image_raw', '/superres/confidence', '/evaluator/error_picture'}
    assert images == {'/depth/image_raw', *ours}
    assert clouds == ['/depth/image_raw', '/depth_hr/image_raw', '/depth_hr/points']


def test_rviz_asks_for_what_is_offered():
    shown = yaml.safe_load(config_path('superres.rviz').read_text())['Visualization Manager']
    for display in shown['Displays']:
        topic = display.get('Depth Map Topic') or display['Topic']['Value']
        asked = display.get('Reliability Policy') or display['Topic']['Reliability Policy']
        # Cameras may offer best effort alone; ours are reliable, and large.
        assert asked.lower() == ('best effort' if topic == '/depth/image_raw' else 'reliable')
    assert shown['Global Options']['Fixed Frame'] == 'camera_depth_optical_frame'
