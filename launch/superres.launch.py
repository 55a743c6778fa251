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
Super-resolve the depth of a camera.

    ros2 launch cdst_ros superres.launch.py camera:=d435 rviz:=true
    ros2 launch cdst_ros superres.launch.py depth:=/tof/depth/image camera_info:=/tof/camera_info
"""

import os

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.conditions import IfCondition, UnlessCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from cdst_ros.nodes.recipes import config_path, load_recipe, recipe_names
from cdst_ros.nodes.transport import profile_environment

#: The argument for each topic of ours.
INPUTS = {
    'depth/image_raw': 'depth',
    'depth/camera_info': 'camera_info',
    'rgb/image_raw': 'color',
    'rgb/camera_info': 'color_info',
}
#: Parameters that are arguments, too.
CHOICES = ('model', 'guided_model', 'engine')
BOOLEANS = ['true', 'false']
LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal']


def generate_launch_description():
    return LaunchDescription([*declare_arguments(), OpaqueFunction(function=describe)])


def declare_arguments():
    """Return the arguments, as ``ros2 launch --show-args`` lists them."""
    return [
        DeclareLaunchArgument(
            'camera',
            default_value='none',
            choices=['none', *recipe_names()],
            description='A camera whose topics, frame and profile are known; none: give topics.',
        ),
        DeclareLaunchArgument(
            'start_driver',
            default_value='false',
            choices=BOOLEANS,
            description="Start the camera's own driver, too, with settings that suit this.",
        ),
        DeclareLaunchArgument(
            'depth',
            default_value='',
            description="Topic of the depth image; empty: the camera's, else depth/image_raw.",
        ),
        DeclareLaunchArgument(
            'camera_info',
            default_value='',
            description="Topic of its camera_info; empty: the camera's, else depth/camera_info.",
        ),
        DeclareLaunchArgument(
            'color',
            default_value='',
            description="Topic of the colour image, of any camera; empty: the camera's, else "
            'rgb/image_raw.',
        ),
        DeclareLaunchArgument(
            'color_info',
            default_value='',
            description="Topic of its camera_info; empty: the camera's, else rgb/camera_info.",
        ),
        DeclareLaunchArgument(
            'model',
            default_value='',
            description='Shipped model or .onnx file; empty: what suits the camera, else lite_x4.',
        ),
        DeclareLaunchArgument(
            'guided_model',
            default_value='',
            description='Model for frames that have colour, of the scale of model; empty: none.',
        ),
        DeclareLaunchArgument(
            'engine',
            default_value='',
            description='auto, openvino, onnxruntime, tensorrt, or a classical method.',
        ),
        DeclareLaunchArgument(
            'params_file',
            default_value='',
            description='Parameters of the node, as config/superres.yaml documents them.',
        ),
        DeclareLaunchArgument(
            'namespace', default_value='', description='Namespace of the node and its output.'
        ),
        DeclareLaunchArgument(
            'use_sim_time',
            default_value='false',
            choices=BOOLEANS,
            description='Take the time from /clock: with bags and simulations.',
        ),
        DeclareLaunchArgument(
            'rviz',
            default_value='false',
            choices=BOOLEANS,
            description='Show input, output, confidence and clouds in rviz2 (rviz.launch.py).',
        ),
        DeclareLaunchArgument(
            'fixed_frame',
            default_value='',
            description="Frame that rviz2 shows things in; empty: the camera's optical frame.",
        ),
        DeclareLaunchArgument(
            'log_level',
            default_value='info',
            choices=LOG_LEVELS,
            description='What the node logs.',
        ),
    ]


def describe(context):
    """Return what to start for the values that the arguments have."""
    given = {
        name: LaunchConfiguration(name).perform(context)
        for name in ('camera', *INPUTS.values(), *CHOICES, 'params_file')
    }
    check_file(given['params_file'])
    recipe = None if given['camera'] == 'none' else load_recipe(given['camera'])
    topics = input_topics(recipe, given)
    return [
        *set_transport_profile(),
        *start_driver(recipe),
        # First what may be missing: launch would not end a node that it has started before.
        rviz(topics, LaunchConfiguration('fixed_frame').perform(context) or frame_of(recipe)),
        superres(recipe, given, topics),
    ]


def check_file(params_file):
    """Refuse parameters that are not there: launch itself would warn, and start with defaults."""
    if params_file and not os.path.isfile(params_file):
        raise FileNotFoundError(
            f'params_file {params_file} does not exist: give a file such as '
            f'{config_path("superres.yaml")}'
        )


def input_topics(recipe, given):
    """Return the topic that stands behind each of ours: the user's choice, else the camera's."""
    topics = dict(recipe.topics) if recipe else {}
    for ours, argument in INPUTS.items():
        if given[argument]:
            topics[ours] = given[argument]
    return topics


def set_transport_profile():
    """Let large images through, unless the user has chosen a profile."""
    rmw = os.environ.get('RMW_IMPLEMENTATION', 'rmw_fastrtps_cpp')
    added = profile_environment(os.environ, rmw)
    return [SetEnvironmentVariable(name, value) for name, value in added.items()]


def start_driver(recipe):
    """Start the driver of the camera where asked, else say how it is best started."""
    if recipe is None:
        return []
    driver, asked = recipe.driver, LaunchConfiguration('start_driver')
    return [
        IncludeLaunchDescription(
            PathJoinSubstitution([FindPackageShare(driver.package), 'launch', driver.launch]),
            launch_arguments=list(driver.arguments.items()),
            condition=IfCondition(asked),
        ),
        LogInfo(
            msg=f'{recipe.description}: best started by: {driver.command()}',
            condition=UnlessCondition(asked),
        ),
    ]


def superres(recipe, given, topics):
    """Return the node; what is more explicit wins: arguments, params_file, then the recipe."""
    explicit = {name: given[name] for name in CHOICES if given[name]}
    return Node(
        package='cdst_ros',
        executable='superres',
        name='superres',
        namespace=LaunchConfiguration('namespace'),
        output='screen',
        remappings=list(topics.items()),
        parameters=[
            *([recipe.parameters] if recipe else []),
            *([given['params_file']] if given['params_file'] else []),
            explicit,
            {'use_sim_time': ParameterValue(LaunchConfiguration('use_sim_time'), value_type=bool)},
        ],
        arguments=['--ros-args', '--log-level', LaunchConfiguration('log_level')],
    )


def frame_of(recipe):
    """Return the optical frame of a camera, or that of most cameras."""
    return recipe.frame if recipe else 'camera_depth_optical_frame'


def rviz(topics, frame):
    """Return rviz2, shown the topics that the node really has."""
    arguments = {
        'namespace': LaunchConfiguration('namespace'),
        'depth': topics.get('depth/image_raw', ''),
        'camera_info': topics.get('depth/camera_info', ''),
        'fixed_frame': frame,
        'use_sim_time': LaunchConfiguration('use_sim_time'),
    }
    return IncludeLaunchDescription(
        PathJoinSubstitution([ThisLaunchFileDir(), 'rviz.launch.py']),
        launch_arguments=list(arguments.items()),
        condition=IfCondition(LaunchConfiguration('rviz')),
    )
