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
Procedural scenes, a camera that moves in them, and sensor models.

``SyntheticCamera`` plays a depth camera, ``training_view`` gives single small ones, ``render`` a
view of a scene, ``degrade`` what a sensor makes of it.
"""

from cdst_ros.synthetic.camera import SyntheticCamera, SyntheticFrame
from cdst_ros.synthetic.crops import KINDS, TrainingView, training_view
from cdst_ros.synthetic.effects.sampling import Sampling
from cdst_ros.synthetic.indoor import indoor_scene
from cdst_ros.synthetic.motion import CameraPath
from cdst_ros.synthetic.poses import look
from cdst_ros.synthetic.profiles import (
    degrading_profile,
    lasting_name,
    load_profile,
    profile_names,
)
from cdst_ros.synthetic.rendering import Render, render
from cdst_ros.synthetic.scenes import Scene
from cdst_ros.synthetic.sensor import GENERIC, IDEAL, SensorProfile, degrade

__all__ = [
    'CameraPath',
    'GENERIC',
    'IDEAL',
    'KINDS',
    'Render',
    'Sampling',
    'Scene',
    'SensorProfile',
    'SyntheticCamera',
    'SyntheticFrame',
    'TrainingView',
    'degrade',
    'degrading_profile',
    'indoor_scene',
    'lasting_name',
    'load_profile',
    'look',
    'profile_names',
    'render',
    'training_view',
]
