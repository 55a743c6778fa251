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
"""Colour for guided engines."""

from __future__ import annotations

import numpy as np
import pytest
from graph import camera, set_header
from sensor_msgs.msg import Image

from cdst_ros.nodes.color import registered_color
from cdst_ros.nodes.frame import FrameRefusedError


@pytest.mark.parametrize('change', [{'encoding': 'bayer_rggb8'}, {'step': 3}, {'width': 0}])
def test_colour_that_cannot_be_read_costs_the_frame(change):
    msg = Image(height=24, width=32, encoding='bgr8', step=96)
    msg.data.frombytes(np.full((24, 32, 3), (30, 20, 10), np.uint8).tobytes())
    set_header(msg, 1.0)
    found = registered_color(msg, camera(), camera(), 'depth_optical')
    assert np.unique(found.reshape(-1, 3), axis=0).tolist() == [[10, 20, 30]]
    for name, value in change.items():
        setattr(msg, name, value)
    with pytest.raises(FrameRefusedError) as refused:
        registered_color(msg, camera(), camera(), 'depth_optical')
    assert refused.value.reason == 'colour'
