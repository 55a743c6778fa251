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
Try the whole loop on a synthetic camera: collect, train, accept; no hardware needed.

    ros2 launch cdst_ros learn.launch.py
    ros2 launch cdst_ros learn.launch.py operator:=false    and call the services yourself
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

ARGUMENTS = (
    ('profile', 'stereo', 'Synthetic sensor: generic, tof, stereo, ..., or a file.'),
    ('seed', '21', 'Number of the synthetic room.'),
    ('model', 'lite_x4', 'Model that runs at first.'),
    ('frames', '120', 'Frames to collect.'),
    ('steps', '300', 'Steps of training.'),
    ('folder', '~/cdst_ros/demo', 'Folder for all that is recorded and learned.'),
    ('operator', 'true', 'Collect, train and accept without being asked.'),
    ('namespace', 'demo', 'Namespace of everything.'),
    ('rviz', 'false', 'Show input, output and error in rviz2.'),
)


def generate_launch_description():
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, default, text in ARGUMENTS
    ]
    return LaunchDescription([*arguments, superres(), camera(), trainer(), evaluator(), person()])


def superres():
    """Return the superres node, and the transport profile for all."""
    names = ('model', 'namespace', 'rviz')
    return IncludeLaunchDescription(
        PathJoinSubstitution([ThisLaunchFileDir(), 'superres.launch.py']),
        launch_arguments=[(name, LaunchConfiguration(name)) for name in names],
    )


def camera():
    """Return the camera; it walks a long way before it turns back."""
    return node(
        'camera',
        {
            'profile': LaunchConfiguration('profile'),
            'seed': of_type('seed', int),
            'loop_frames': 300,
            'rate': 10.0,
            'publish_colour': False,
        },
    )


def trainer():
    """Return the trainer node; the truth is its reference."""
    remappings = {
        'reference/image_raw': 'truth/image_raw',
        'reference/camera_info': 'truth/camera_info',
    }
    return node(
        'trainer',
        {
            'recording': inside('room'),
            'learning': inside('learning'),
            'color': 'none',
            'reference': 'required',
            # A walk of seconds: neighbours are to be kept, too, and the disk is the machine's.
            'min_change': 0.02,
            'min_valid': 0.1,
            'min_disk_gigabytes': 0.2,
            'steps': of_type('steps', int),
            'priority': 'low',
            'gap': 1.0,
            'judge_frames': 20,
            'sensor': LaunchConfiguration('profile'),
        },
        remappings=list(remappings.items()),
    )


def evaluator():
    """Return the evaluator, for the error of the moment on /diagnostics."""
    return node('evaluator', {'score_frames': 1, 'model': LaunchConfiguration('model')})


def person():
    """Return the operator, which calls the trainer's services."""
    return node(
        'operator',
        {'frames': of_type('frames', int)},
        condition=IfCondition(LaunchConfiguration('operator')),
    )


def node(name, parameters, **arguments):
    """Return one of our nodes."""
    return Node(
        package='cdst_ros',
        executable=name,
        name=name,
        namespace=LaunchConfiguration('namespace'),
        output='screen',
        parameters=[parameters],
        **arguments,
    )


def of_type(name, kind):
    """Return an argument as a parameter of this type."""
    return ParameterValue(LaunchConfiguration(name), value_type=kind)


def inside(name):
    """Return a folder within that of the argument."""
    path = PathJoinSubstitution([LaunchConfiguration('folder'), name])
    return ParameterValue(path, value_type=str)
