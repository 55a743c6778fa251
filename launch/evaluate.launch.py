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
Play a bag or a recording through the live node, and score it as cdst-ros evaluate does.

    ros2 launch cdst_ros evaluate.launch.py bag:=walk.mcap model:=lite_x4 html:=report.html
    ros2 launch cdst_ros evaluate.launch.py bag:=walk.mcap reference_topic:=/truth rviz:=true

Time is simulated: the player publishes each recorded stamp on /clock, and waits until a frame has
been scored before it plays the next, so that none is lost; realtime:=true plays at the rate
instead. It ends when the report is written.
"""

import os
from pathlib import Path

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.actions import Node

from cdst_ros.nodes.live_evaluation import LiveEvaluation, Look, node_parameters
from cdst_ros.nodes.transport import profile_environment

BOOLEANS = ['true', 'false']
ARGUMENTS = (
    ('bag', '', 'Bag (.mcap, .db3, rosbag2 folder) or recording to play.', None),
    ('model', 'lite_x4', 'Shipped model or path of a .onnx file.', None),
    ('engine', 'auto', 'auto, openvino, onnxruntime, tensorrt, or a classical method.', None),
    ('precision', 'f32', 'Arithmetic of the model.', None),
    ('depth_topic', '', 'Of a bag, where it has several.', None),
    ('reference_topic', '', 'Of a bag: depth of higher resolution to compare with.', None),
    (
        'degrade',
        '',
        'How input and reference come of recorded depth: valid_median, area, pick, cubic, or a '
        'sensor profile; empty: the reference where there is one, else valid_median.',
        None,
    ),
    ('encoding', '32FC1', 'Of all depth images; 16UC1 rounds to millimetres.', ['32FC1', '16UC1']),
    ('realtime', 'false', 'Play at the rate, and count what comes too late.', BOOLEANS),
    ('rate', '30.0', 'Frames a second, with realtime.', None),
    ('frames', '0', 'At most so many frames; 0: all.', None),
    ('json', '', 'File for the report in JSON; empty for none.', None),
    ('html', '', 'File for the report as a page; empty for none.', None),
    ('namespace', 'evaluate', 'Namespace of everything.', None),
    ('rviz', 'false', 'Show input, output, error, confidence and clouds in rviz2.', BOOLEANS),
)


def generate_launch_description():
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=text, choices=choices)
        for name, default, text, choices in ARGUMENTS
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=describe)])


def describe(context):
    """Return what to start for the values that the arguments have."""
    given = {name: LaunchConfiguration(name).perform(context) for name, *_ in ARGUMENTS}
    evaluation = evaluation_of(given)
    look = Look(evaluation)
    rmw = os.environ.get('RMW_IMPLEMENTATION', 'rmw_fastrtps_cpp')
    profile = profile_environment(os.environ, rmw)
    return [
        *(SetEnvironmentVariable(name, value) for name, value in profile.items()),
        # First what may be missing: launch would not end a node that it has started before.
        IncludeLaunchDescription(
            PathJoinSubstitution([ThisLaunchFileDir(), 'rviz.launch.py']),
            launch_arguments=[
                ('namespace', given['namespace']),
                ('fixed_frame', look.frame_id),
                ('use_sim_time', 'true'),
            ],
            condition=IfCondition(given['rviz']),
        ),
        IncludeLaunchDescription(
            PathJoinSubstitution([ThisLaunchFileDir(), 'transform.launch.py']),
            launch_arguments=[('frame', look.frame_id)],
        ),
        *(
            node(name, parameters, given['namespace'])
            for name, parameters in node_parameters(evaluation, look).items()
        ),
    ]


def evaluation_of(given):
    """Return what is to be evaluated, and refuse what cannot be."""
    if not given['bag']:
        raise ValueError('say what to play: bag:=/path/of/a.mcap')

    def file(name):
        return Path(given[name]).expanduser() if given[name] else None

    return LiveEvaluation(
        source=file('bag'),
        model=given['model'],
        engine=given['engine'],
        precision=given['precision'],
        depth_topic=given['depth_topic'],
        reference_topic=given['reference_topic'],
        degrade=given['degrade'] or None,
        encoding=given['encoding'],
        realtime=given['realtime'] == 'true',
        rate_hz=float(given['rate']),
        frames=int(given['frames']) or None,
        json=file('json'),
        html=file('html'),
    )


def node(name, parameters, namespace):
    """Return a node; the evaluator ends all when it has written its report."""
    return Node(
        package='cdst_ros',
        executable=name,
        name=name,
        namespace=namespace,
        output='screen',
        parameters=[parameters],
        on_exit=Shutdown() if name == 'evaluator' else None,
    )
