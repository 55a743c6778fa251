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
Super-resolve a synthetic camera: no hardware needed.

    ros2 launch cdst_ros demo.launch.py rviz:=true
    ros2 launch cdst_ros demo.launch.py source:=/path/to/recording model:=lite_x2
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from cdst_ros.nodes.transforms import frame_of_source

#: Arguments that the camera node takes: name, default, type, what it is for.
CAMERA = (
    ('source', 'synthetic', str, 'synthetic, or the path of a recording or a bag.'),
    ('degrade', 'none', str, 'How input and truth come of recorded depth.'),
    ('seed', '10', int, 'Number of the synthetic scene.'),
    ('profile', 'generic', str, 'Synthetic sensor: generic, ideal, tof, stereo, ..., or a file.'),
    ('width', '160', int, 'Width of the synthetic depth image [px].'),
    ('height', '120', int, 'Height of the synthetic depth image [px].'),
    ('rate', '30.0', float, 'Frames a second.'),
)
FRAME = ('fixed_frame', '', 'Frame that rviz2 shows things in; empty: that of the depth images.')
#: Arguments that superres.launch.py takes.
SUPERRES = (
    ('model', 'lite_x4', 'Shipped model or path of a .onnx file.'),
    ('guided_model', '', 'Model that is shown colour as well; empty: none.'),
    ('engine', 'auto', 'auto, openvino, onnxruntime, tensorrt, or a classical method.'),
    ('namespace', 'demo', 'Namespace of everything.'),
    ('rviz', 'false', 'Show input, output, error, confidence and clouds in rviz2.'),
    ('log_level', 'info', 'What the superres node logs.'),
)


def generate_launch_description():
    return LaunchDescription([*declare_arguments(), OpaqueFunction(function=describe)])


def describe(context):
    """Return what to start for the values that the arguments have."""
    given = {
        name: LaunchConfiguration(name).perform(context) for name in ('source', 'fixed_frame')
    }
    frame = frame_of_source(given['source'])
    return [
        superres(given['fixed_frame'] or frame),
        camera(),
        evaluator(),
        IncludeLaunchDescription(
            PathJoinSubstitution([ThisLaunchFileDir(), 'transform.launch.py']),
            launch_arguments=[('frame', frame)],
        ),
    ]


def declare_arguments():
    """Return the arguments, as ``ros2 launch --show-args`` lists them."""
    described = [(name, default, text) for name, default, _, text in CAMERA]
    described += [*SUPERRES, FRAME]
    return [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, default, text in described
    ]


def superres(frame):
    """Return the superres node with rviz2, and the transport profile for all."""
    arguments = [(name, LaunchConfiguration(name)) for name, _, _ in SUPERRES]
    return IncludeLaunchDescription(
        PathJoinSubstitution([ThisLaunchFileDir(), 'superres.launch.py']),
        launch_arguments=[*arguments, ('fixed_frame', frame)],
    )


def camera():
    """Return the camera node."""
    return Node(
        package='cdst_ros',
        executable='camera',
        name='camera',
        namespace=LaunchConfiguration('namespace'),
        output='screen',
        parameters=[
            {
                name: ParameterValue(LaunchConfiguration(name), value_type=kind)
                for name, _, kind, _ in CAMERA
            },
            # The truth is as large as the output: a few a second are enough to see the error.
            {'truth_every': 5},
        ],
    )


def evaluator():
    """Return the evaluator, for the error and figures of the moment; it keeps nothing to score."""
    return Node(
        package='cdst_ros',
        executable='evaluator',
        name='evaluator',
        namespace=LaunchConfiguration('namespace'),
        output='screen',
        parameters=[{'score_frames': 1, 'model': LaunchConfiguration('model')}],
    )
