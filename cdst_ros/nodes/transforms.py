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
"""The transform that a recording played on its own lacks: where its camera is."""

from __future__ import annotations

import math
from pathlib import Path

from cdst_ros.evaluation.sources import open_source
from cdst_ros.synthetic.camera import OPTICAL_FRAME

#: What the camera node plays where no recording is named.
SYNTHETIC = 'synthetic'


def frame_of_source(source: str, depth_topic: str = '') -> str:
    """
    Return the optical frame of the depth images that a source holds.

    :param source: ``synthetic``, or the path of a bag or a recording
    :param depth_topic: of a bag, where it has several
    :raises ValueError: when nothing can be read from it
    """
    if source == SYNTHETIC:
        return OPTICAL_FRAME
    with open_source(Path(source).expanduser(), depth_topic=depth_topic or None) as opened:
        first = next(iter(opened), None)
    if first is None:
        raise ValueError(f'{source} has no frame that can be played')
    return first.frame_id or OPTICAL_FRAME


def static_transform(parent: str, optical: str) -> list[str]:
    """
    Return the arguments of tf2_ros' static_transform_publisher for a camera that looks ahead.

    The parent has x ahead and z up; an optical frame z ahead and y down (REP 103).
    """
    right_angle = f'{-math.pi / 2:.9f}'
    return [
        *('--roll', right_angle, '--pitch', '0', '--yaw', right_angle),
        *('--frame-id', parent, '--child-frame-id', optical.lstrip('/')),
    ]
