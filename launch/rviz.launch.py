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
Show input, output, error, confidence and clouds in rviz2.

    ros2 launch cdst_ros rviz.launch.py fixed_frame:=camera_depth_optical_frame
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from cdst_ros.nodes.recipes import config_path

ARGUMENTS = (
    ('namespace', '', 'Namespace of the superres node and its output.'),
    ('depth', '', 'Topic of the depth image; empty: depth/image_raw in the namespace.'),
    ('camera_info', '', 'Topic of its camera_info; empty: depth/camera_info in the namespace.'),
    ('fixed_frame', 'camera_depth_optical_frame', 'Frame to show things in.'),
    ('use_sim_time', 'false', 'Take the time from /clock: with bags and simulations.'),
)


def generate_launch_description():
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, default, text in ARGUMENTS
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=describe)])


def describe(context):
    """Return rviz2, shown the topics that the nodes really have."""
    given = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    config = str(config_path('superres.rviz'))
    return [
        Node(
            package='rviz2',
            executable='rviz2',
            name='rviz2',
            arguments=['--display-config', config, '--fixed-frame', given['fixed_frame']],
            remappings=list(remappings(given).items()),
            parameters=[{'use_sim_time': ParameterValue(given['use_sim_time'], value_type=bool)}],
        )
    ]


def remappings(given):
    """Return the real topic for each that the configuration of rviz2 names."""
    namespace = given['namespace'].strip('/')
    prefix = f'/{namespace}' if namespace else ''
    ours = (
        '/depth/image_raw',
        '/depth/camera_info',
        '/depth_hr/image_raw',
        '/depth_hr/camera_info',
        '/depth_hr/points',
        '/superres/confidence',
        '/evaluator/error_picture',
    )
    shown = {topic: prefix + topic for topic in ours}
    for topic, argument in zip(ours, ('depth', 'camera_info'), strict=False):
        shown[topic] = given[argument] or shown[topic]
    return shown
