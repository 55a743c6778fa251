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
"""A recording that is played on its own gets a place to stand in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cdst_ros.nodes.transforms import frame_of_source, static_transform
from cdst_ros.recordings.bag_writer import BagWriter
from cdst_ros.synthetic.camera import OPTICAL_FRAME


def rotation(roll: float, pitch: float, yaw: float) -> np.ndarray:
    """Return the rotation of fixed-axis angles, as tf2 takes them."""
    (cr, cp, cy), (sr, sp, sy) = np.cos([roll, pitch, yaw]), np.sin([roll, pitch, yaw])
    about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def test_the_camera_looks_ahead_and_stands_upright():
    arguments = static_transform('map', '/optical')
    values = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert (values['--frame-id'], values['--child-frame-id']) == ('map', 'optical')
    turned = rotation(*(float(values[f'--{name}']) for name in ('roll', 'pitch', 'yaw')))
    np.testing.assert_allclose(turned @ [0, 0, 1], [1, 0, 0], atol=1e-8)
    np.testing.assert_allclose(turned @ [0, 1, 0], [0, 0, -1], atol=1e-8)


def test_the_frame_is_that_of_the_images(tmp_path: Path):
    with BagWriter(tmp_path / 'bag') as bag:
        bag.write_depth('/d/image', np.ones((4, 6), np.float32), 10**9, 'tof_optical')
    assert frame_of_source(str(tmp_path / 'bag')) == 'tof_optical'
    assert frame_of_source('synthetic') == OPTICAL_FRAME
    with pytest.raises(ValueError, match='does not exist'):
        frame_of_source(str(tmp_path / 'nothing'))
