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
Collect pairs on the robot, and learn from them.

    ros2 launch cdst_ros trainer.launch.py recording:=~/kitchen camera:=d435
    ros2 service call /trainer/start_collecting std_srvs/srv/Trigger
"""

import os

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from cdst_ros.nodes.recipes import config_path, load_recipe, recipe_names

#: Arguments that name a topic, and ours that they stand for.
TOPICS = {
    'depth': 'depth/image_raw',
    'camera_info': 'depth/camera_info',
    'color': 'rgb/image_raw',
    'color_info': 'rgb/camera_info',
    'reference': 'reference/image_raw',
    'reference_info': 'reference/camera_info',
}
#: Arguments that are parameters of the node, where they are given.
PARAMETERS = ('recording', 'learning', 'superres')


def generate_launch_description():
    return LaunchDescription([*declare_arguments(), OpaqueFunction(function=describe)])


def declare_arguments():
    """Return the arguments, as ``ros2 launch --show-args`` lists them."""
    return [
        DeclareLaunchArgument(
            'camera',
            default_value='none',
            choices=['none', *recipe_names()],
            description='A camera whose topics are known; none: give topics.',
        ),
        *(
            DeclareLaunchArgument(
                name,
                default_value='',
                description=f"Topic for {ours}; empty: the camera's, else {ours}.",
            )
            for name, ours in TOPICS.items()
        ),
        DeclareLaunchArgument(
            'recording', default_value='', description='Folder of the recording.'
        ),
        DeclareLaunchArgument(
            'learning',
            default_value='',
            description='Folder of trainings, offers and accepted models.',
        ),
        DeclareLaunchArgument(
            'superres', default_value='', description='Name of the superres node.'
        ),
        DeclareLaunchArgument(
            'params_file',
            default_value='',
            description='Parameters of the node, as config/trainer.yaml documents them.',
        ),
        DeclareLaunchArgument('namespace', default_value='', description='Namespace of the node.'),
        DeclareLaunchArgument(
            'use_sim_time',
            default_value='false',
            choices=['true', 'false'],
            description='Take the time from /clock: with bags and simulations.',
        ),
        DeclareLaunchArgument(
            'log_level',
            default_value='info',
            choices=['debug', 'info', 'warn', 'error', 'fatal'],
            description='What the node logs.',
        ),
    ]


def describe(context):
    """Return the node for the values that the arguments have."""
    given = {
        name: LaunchConfiguration(name).perform(context)
        for name in ('camera', 'params_file', *TOPICS, *PARAMETERS)
    }
    check_file(given['params_file'])
    return [
        Node(
            package='cdst_ros',
            executable='trainer',
            name='trainer',
            namespace=LaunchConfiguration('namespace'),
            output='screen',
            remappings=list(remappings(given).items()),
            parameters=[
                *([given['params_file']] if given['params_file'] else []),
                {name: given[name] for name in PARAMETERS if given[name]},
                {
                    'use_sim_time': ParameterValue(
                        LaunchConfiguration('use_sim_time'), value_type=bool
                    )
                },
            ],
            arguments=['--ros-args', '--log-level', LaunchConfiguration('log_level')],
        )
    ]


def check_file(params_file):
    """Refuse parameters that are not there: launch itself would warn, and start with defaults."""
    if params_file and not os.path.isfile(params_file):
        raise FileNotFoundError(
            f'params_file {params_file} does not exist: give a file such as '
            f'{config_path("trainer.yaml")}'
        )


def remappings(given):
    """Return the topic that stands behind each of ours: the user's choice, else the camera's."""
    topics = {} if given['camera'] == 'none' else dict(load_recipe(given['camera']).topics)
    topics.update({ours: given[name] for name, ours in TOPICS.items() if given[name]})
    return topics
