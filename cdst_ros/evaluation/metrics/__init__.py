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
What is measured, a noun a file, each with its formula and source.

Grey levels are those of 8-bit disparity (Middlebury); metric errors are of depth along Z. Every
metric of a frame is a few sums (``sums.py``): they are added over frames, and resampled for
intervals (``bootstrap.py``). ``catalogue.py`` lists the figures that come of them.
"""

from cdst_ros.evaluation.metrics.edges import (
    EDGE_RADIUS_PX,
    JUMP_M,
    JUMP_SHARE,
    is_jump,
    near_discontinuity,
)
from cdst_ros.evaluation.metrics.errors import DepthErrors, add_compared
from cdst_ros.evaluation.metrics.grey import mad, rmse

__all__ = [
    'DepthErrors',
    'EDGE_RADIUS_PX',
    'JUMP_M',
    'JUMP_SHARE',
    'add_compared',
    'is_jump',
    'mad',
    'near_discontinuity',
    'rmse',
]
