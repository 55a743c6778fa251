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
Tell where a camera is that nobody else knows of: in recordings that are played on their own.

    ros2 launch cdst_ros transform.launch.py frame:=camera_depth_optical_frame
"""

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from cdst_ros.nodes.transforms import static_transform


def generate_launch_description():
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'frame', default_value='', description='Optical frame of the camera.'
            ),
            DeclareLaunchArgument(
                'parent',
                default_value='map',
                description='Frame that it is put into, looking ahead.',
            ),
            OpaqueFunction(function=describe),
        ]
    )


def describe(context):
    """Return what publishes the transform; without tf2_ros, what to do about that."""
    frame, parent = (LaunchConfiguration(name).perform(context) for name in ('frame', 'parent'))
    try:
        get_package_prefix('tf2_ros')
    except PackageNotFoundError:
        return [LogInfo(msg='tf2_ros is not installed: rviz2 will not know the frame ' + frame)]
    return [
        Node(
            package='tf2_ros',
            executable='static_transform_publisher',
            name='camera_transform',
            arguments=static_transform(parent, frame),
        )
    ]
